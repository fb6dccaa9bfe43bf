/* view_where: the conditions of a query of view.db, and the index that finds its calls fast. */
#ifndef VIEW_WHERE_H
#define VIEW_WHERE_H

#include "base/store.h"
#include "serve/view.h"
#include "serve/view_sql.h"

enum { VIEW_WHERE_COLUMNS = 8, VIEW_WHERE_NUMBER_SIZE = 48 };

struct view_where {
    bool matches_nothing; /* a text that no call has */
    struct {
        const char *column;
        int64_t value;
        const char *index; /* with the end behind it; NULL: none of its own */
        const char *only;  /* what the index leaves out, as a condition; NULL: nothing */
    } equals[VIEW_WHERE_COLUMNS];
    int count;
    int64_t from, to;      /* epochs; 0: no condition */
    bool has_number, is_tail_only;
    /* From the first text up to, and without, the second. */
    char number[2][VIEW_WHERE_NUMBER_SIZE], with_plus[2][VIEW_WHERE_NUMBER_SIZE], tail[2][VIEW_WHERE_NUMBER_SIZE];
};

/* view_where_resolve: turns the filter into conditions. Errors: EX_IOERR, EX_USAGE. */
int view_where_resolve(struct store *store, const struct view_filter *filter, struct view_where *ret_where,
                       struct err *err) MUST_CHECK;

/* What finds the calls. */
enum view_way {
    VIEW_BY_TIME,    /* the index of all calls by time, which has each filter but the number */
    VIEW_BY_COLUMN,  /* the index of equals[at] */
    VIEW_BY_NUMBERS, /* the indexes of numbers */
};
struct view_plan {
    enum view_way way;
    int at;
    bool is_selective; /* few calls: they may be sorted */
};

/* view_where_plan: chooses the way. It counts some entries of each index that could serve. Errors: EX_IOERR. */
int view_where_plan(struct store *store, const struct view_where *where, struct view_plan *ret_plan,
                    struct err *err) MUST_CHECK;

/* view_where_add_from: adds "call INDEXED BY ..." for the plan. view_where_add: adds " WHERE ..." with all
 * conditions. */
void view_where_add_from(const struct view_where *where, const struct view_plan *plan, struct view_sql *sql);
void view_where_add(const struct view_where *where, const struct view_plan *plan, struct view_sql *sql);

/* view_where_is_number_alone: whether the number is the only condition. view_where_add_number_count: the number of such
 * calls as an SQL expression that reads only indexes, "SELECT ...". */
bool view_where_is_number_alone(const struct view_where *where);
void view_where_add_number_count(const struct view_where *where, struct view_sql *sql);

#endif
