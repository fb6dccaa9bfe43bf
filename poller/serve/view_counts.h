/* view_counts: the last counts of view.db. A count of a frequent status reads 100,000 rows and more, and visitors ask
 * for the same count again and again: each page that they turn shows it. Pure data. */
#ifndef VIEW_COUNTS_H
#define VIEW_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/view_sql.h"

/* Begin with all zero. */
enum { VIEW_COUNTS_MOST = 32 };
struct view_counts {
    int64_t version; /* of the file that these counts are of */
    struct {
        char *question; /* the statement with its parameters; NULL: the place is free */
        int64_t count;
    } kept[VIEW_COUNTS_MOST];
    int next; /* the place of the next one, in turn */
};

/* view_counts_find: whether the count of this statement is known, for this version of the file. Forgets all counts of
 * another version. */
bool view_counts_find(struct view_counts *counts, int64_t version, const struct view_sql *sql, int64_t *ret_count);

/* view_counts_keep: after view_counts_find has not found it. */
void view_counts_keep(struct view_counts *counts, const struct view_sql *sql, int64_t count);

/* view_counts_forget: forgets all; the file may be another one. */
void view_counts_forget(struct view_counts *counts);

#endif
