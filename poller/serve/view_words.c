/* view_words: the numbers of the texts in view.db. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "serve/view_words.h"

/* A site has some hundred agents. A text whose place another one took is read from the file again. */
enum { PLACES = 4096 };

struct view_words {
    struct {
        char *text;
        int64_t number;
    } known[PLACES];
};

struct view_words *view_words_new(void)
{
    return mem_zero(1, sizeof(struct view_words));
}

void view_words_undo(struct view_words *words)
{
    for (size_t i = 0; i < PLACES; i++) {
        free(words->known[i].text);
        words->known[i].text = NULL;
    }
}

void view_words_free(struct view_words *words)
{
    if (words != NULL)
        view_words_undo(words);
    free(words);
}

int view_words_find(struct store *store, const char *text, int64_t *ret_number, struct err *err)
{
    static const char sql[] = "SELECT id FROM word WHERE text = ?1";
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, text);
    int row = store_next(store, statement, err);
    *ret_number = row > 0 ? store_int(statement, 0) : -1;
    if (row > 0)
        store_reset(statement);
    return row < 0 ? -1 : 0;
}

static int find_or_add(struct store *store, const char *text, int64_t *ret_number, struct err *err)
{
    static const char sql[] = "INSERT INTO word (text) VALUES (?1)";
    if (view_words_find(store, text, ret_number, err) != 0)
        return -1;
    if (*ret_number >= 0)
        return 0;
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, text);
    if (store_change(store, statement, err) != 0)
        return -1;
    *ret_number = store_last_id(store);
    return 0;
}

int view_words_prune(struct view_words *words, struct store *store, struct err *err)
{
    static const char sql[] =
        "DELETE FROM half WHERE calls = 0;"
        "DELETE FROM word WHERE id <> 0 AND id NOT IN (SELECT result FROM half)"
        "  AND NOT EXISTS (SELECT 1 FROM call INDEXED BY call_status WHERE status = word.id)"
        "  AND NOT EXISTS (SELECT 1 FROM call INDEXED BY call_result WHERE result = word.id)"
        "  AND NOT EXISTS (SELECT 1 FROM call INDEXED BY call_campaign WHERE campaign = word.id)"
        "  AND NOT EXISTS (SELECT 1 FROM call INDEXED BY call_agent WHERE agent = word.id)";
    view_words_undo(words);
    return store_execute(store, sql, err);
}

int view_words_number(struct view_words *words, struct store *store, const char *text, int64_t *ret_number,
                      struct err *err)
{
    *ret_number = 0;
    if (text == NULL || *text == '\0')
        return 0;
    size_t place = str_hash(STR_HASH_START, text, strlen(text)) % PLACES;
    if (words->known[place].text != NULL && strcmp(words->known[place].text, text) == 0) {
        *ret_number = words->known[place].number;
        return 0;
    }
    if (find_or_add(store, text, ret_number, err) != 0)
        return -1;
    free(words->known[place].text);
    words->known[place].text = mem_copy(text);
    words->known[place].number = *ret_number;
    return 0;
}
