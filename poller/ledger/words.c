/* words: texts that many calls share, such as the campaign. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/words.h"

/* A site has about ten results and ten campaigns. With more words than this, sharing saves nothing. */
#define MOST_WORDS 1000

/* The words that this process has used. The search tries the last word first, because calls come in groups. */
struct words {
    struct word {
        char *text;
        int64_t number;
    } *list;
    size_t count, last;
};

struct words *words_new(void)
{
    return mem_zero(1, sizeof(struct words));
}

void words_free(struct words *words)
{
    for (size_t i = 0; words != NULL && i < words->count; i++)
        free(words->list[i].text);
    if (words != NULL)
        free(words->list);
    free(words);
}

static int64_t find(struct words *words, const char *text)
{
    if (words->last < words->count && strcmp(words->list[words->last].text, text) == 0)
        return words->list[words->last].number;
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->list[i].text, text) == 0) {
            words->last = i;
            return words->list[i].number;
        }
    return 0;
}

/* *ret_number is 0 if the ledger does not have the text. */
static int read_number(struct store *store, const char *text, int64_t *ret_number, struct err *err)
{
    static const char sql[] = "SELECT id FROM word WHERE text = ?1";
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, text);
    int row = store_next(store, statement, err);
    *ret_number = row > 0 ? store_int(statement, 0) : 0;
    if (row > 0)
        store_reset(statement);
    return row < 0 ? -1 : 0;
}

static int add(struct store *store, const char *text, int64_t *ret_number, struct err *err)
{
    static const char sql[] = "INSERT INTO word (text) SELECT ?1 WHERE (SELECT count(*) FROM word) < ?2";
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, text);
    store_bind_int(statement, 2, MOST_WORDS);
    if (store_change(store, statement, err) != 0)
        return -1;
    return read_number(store, text, ret_number, err);
}

int words_number(struct words *words, struct store *store, const char *text, int64_t *ret_number, struct err *err)
{
    *ret_number = text != NULL ? find(words, text) : 0;
    if (text == NULL || *ret_number != 0)
        return 0;
    if (read_number(store, text, ret_number, err) != 0 || (*ret_number == 0 && add(store, text, ret_number, err) != 0))
        return -1;
    if (*ret_number == 0 || words->count == MOST_WORDS)
        return 0;
    words->list = mem_resize(words->list, words->count + 1, sizeof *words->list);
    words->list[words->count] = (struct word){ .text = mem_copy(text), .number = *ret_number };
    words->last = words->count++;
    return 0;
}
