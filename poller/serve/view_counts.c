/* view_counts: the last counts of view.db. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/view_counts.h"

/* Each parameter has its kind and its length, so that no two questions have the same text. Ownership: the caller frees
 * it. */
static char *write_question(const struct view_sql *sql)
{
    char *question = mem_copy(sql->text);
    for (int i = 0; i < sql->count; i++) {
        const char *text = sql->parameters[i].text;
        char *longer = text != NULL ? mem_format("%s\nt%zu %s", question, strlen(text), text)
                                    : mem_format("%s\nn%" PRId64, question, sql->parameters[i].number);
        free(question);
        question = longer;
    }
    return question;
}

bool view_counts_find(struct view_counts *counts, int64_t version, const struct view_sql *sql, int64_t *ret_count)
{
    bool found = false;
    if (version != counts->version)
        view_counts_forget(counts);
    counts->version = version;
    char *question = write_question(sql);
    for (int i = 0; i < VIEW_COUNTS_MOST && !found; i++)
        if (counts->kept[i].question != NULL && strcmp(counts->kept[i].question, question) == 0) {
            *ret_count = counts->kept[i].count;
            found = true;
        }
    free(question);
    return found;
}

void view_counts_keep(struct view_counts *counts, const struct view_sql *sql, int64_t count)
{
    int at = counts->next;
    counts->next = (at + 1) % VIEW_COUNTS_MOST;
    free(counts->kept[at].question);
    counts->kept[at].question = write_question(sql);
    counts->kept[at].count = count;
}

void view_counts_forget(struct view_counts *counts)
{
    for (int i = 0; i < VIEW_COUNTS_MOST; i++) {
        free(counts->kept[i].question);
        counts->kept[i].question = NULL;
    }
    counts->next = 0;
}
