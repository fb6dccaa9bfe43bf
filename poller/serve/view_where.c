/* view_where: the conditions of a query of view.db, and the index that finds its calls fast. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ledger/recordings.h"
#include "serve/view_where.h"
#include "serve/view_words.h"

/* So many calls are read and sorted in some 20 ms. */
enum { FEW = 20000 };

/* ---- the filter ---- */

static void add_equal(struct view_where *where, const char *column, int64_t value, const char *index, const char *only)
{
    where->equals[where->count].column = column;
    where->equals[where->count].value = value;
    where->equals[where->count].index = index;
    where->equals[where->count++].only = only;
}

static int add_word(struct store *store, struct view_where *where, const char *text, const char *column,
                    const char *index, struct err *err)
{
    int64_t word = 0;
    if (*str_or_empty(text) == '\0')
        return 0;
    if (view_words_find(store, text, &word, err) != 0)
        return -1;
    where->matches_nothing = where->matches_nothing || word < 0;
    add_equal(where, column, word, index, NULL);
    return 0;
}

static int add_profile(struct store *store, struct view_where *where, const char *name, struct err *err)
{
    static const char sql[] = "SELECT id FROM profile WHERE name = ?1";
    if (*str_or_empty(name) == '\0')
        return 0;
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, name);
    int row = store_next(store, statement, err);
    if (row < 0)
        return -1;
    where->matches_nothing = where->matches_nothing || row == 0;
    add_equal(where, "profile", row > 0 ? store_int(statement, 0) : -1, "call_profile", NULL);
    if (row > 0)
        store_reset(statement);
    return 0;
}

static int add_direction(struct view_where *where, const char *name, struct err *err)
{
    if (*str_or_empty(name) == '\0')
        return 0;
    for (int direction = CALL_OUTBOUND; direction <= CALL_INTERNAL; direction++)
        if (strcmp(name, call_direction_name((enum call_direction)direction)) == 0) {
            bool is_indexed = direction != CALL_OUTBOUND;
            add_equal(where, "direction", direction, is_indexed ? "call_direction" : NULL,
                      is_indexed ? "direction <> 0" : NULL);
            return 0;
        }
    return err_set(err, EX_USAGE, "direction is outbound, inbound or internal");
}

static int add_state(struct view_where *where, const char *name, struct err *err)
{
    if (*str_or_empty(name) == '\0')
        return 0;
    for (int state = CALL_ACCEPTED; state <= CALL_DISCARDED; state++)
        if (strcmp(name, view_state_name(state)) == 0) {
            bool is_open = state != CALL_ACCEPTED;
            add_equal(where, "state", state, is_open ? "call_state" : NULL, is_open ? "state <> 1" : NULL);
            return 0;
        }
    return err_set(err, EX_USAGE, "state is accepted, pending, waiting, rejected or discarded");
}

static int add_recording(struct view_where *where, const char *name, struct err *err)
{
    if (*str_or_empty(name) == '\0')
        return 0;
    for (int state = 0; state <= RECORDINGS_REJECTED; state++)
        if (strcmp(name, view_recording_name(state)) == 0) {
            bool has_one = state != 0;
            add_equal(where, "recording", state, has_one ? "call_recording" : NULL, has_one ? "recording <> 0" : NULL);
            return 0;
        }
    return err_set(err, EX_USAGE, "recording is stored, pending, rejected or none");
}

/* Every text that begins with prefix is from range[0] up to range[1]. */
static void set_range(char range[2][VIEW_WHERE_NUMBER_SIZE], const char *prefix)
{
    (void)snprintf(range[0], VIEW_WHERE_NUMBER_SIZE, "%s", prefix);
    (void)snprintf(range[1], VIEW_WHERE_NUMBER_SIZE, "%s\xFF", prefix); /* no UTF-8 has this byte */
}

static int add_number(struct view_where *where, const char *number, bool masked, struct err *err)
{
    enum { MOST = VIEW_WHERE_NUMBER_SIZE - 8, SHOWN = 4 };
    char plain[MOST + 1] = "", tail[MOST + 1] = "", with_plus[MOST + 2];
    size_t length = 0;
    if (*str_or_empty(number) == '\0')
        return 0;
    for (const char *at = number; *at != '\0'; at++) {
        if (strchr(" -().+", *at) != NULL)
            continue;
        if (strchr("0123456789*#", *at) == NULL)
            return err_set(err, EX_USAGE, "number takes digits, * and #: the first or the last ones of a number");
        if (length == MOST)
            return err_set(err, EX_USAGE, "number is too long: give at most %d digits", MOST);
        plain[length++] = *at;
    }
    if (length == 0)
        return err_set(err, EX_USAGE, "number has no digits");
    if (masked && length > SHOWN)
        return err_set(err, EX_USAGE, "numbers are masked: search for their last %d digits", SHOWN);
    for (size_t i = 0; i < length; i++)
        tail[i] = plain[length - 1 - i];
    (void)snprintf(with_plus, sizeof with_plus, "+%s", plain);
    where->has_number = true;
    where->is_tail_only = masked;
    set_range(where->number, plain);
    set_range(where->with_plus, with_plus);
    set_range(where->tail, tail);
    return 0;
}

int view_where_resolve(struct store *store, const struct view_filter *filter, struct view_where *ret_where,
                       struct err *err)
{
    struct view_where *where = ret_where;
    if (filter->from != 0 && filter->to != 0 && filter->from > filter->to)
        return err_set(err, EX_USAGE, "from must not be later than to: exchange them");
    *where = (struct view_where){ .from = filter->from, .to = filter->to };
    if (add_profile(store, where, filter->profile, err) != 0 || add_direction(where, filter->direction, err) != 0 ||
        add_state(where, filter->state, err) != 0 || add_recording(where, filter->recording, err) != 0 ||
        add_word(store, where, filter->status, "status", "call_status", err) != 0 ||
        add_word(store, where, filter->result, "result", "call_result", err) != 0 ||
        add_word(store, where, filter->campaign, "campaign", "call_campaign", err) != 0 ||
        add_word(store, where, filter->agent, "agent", "call_agent", err) != 0)
        return -1;
    return add_number(where, filter->number, filter->masked, err);
}

/* ---- the plan ---- */

static void add_time(const struct view_where *where, struct view_sql *sql, const char **separator)
{
    if (where->from != 0) {
        view_sql_add(sql, *separator);
        view_sql_add(sql, "ended >= ?");
        view_sql_number(sql, where->from);
        *separator = " AND ";
    }
    if (where->to != 0) {
        view_sql_add(sql, *separator);
        view_sql_add(sql, "ended < ?");
        view_sql_number(sql, where->to);
        *separator = " AND ";
    }
}

static void add_equal_to(const struct view_where *where, int at, struct view_sql *sql, const char **separator)
{
    view_sql_add(sql, *separator);
    if (where->equals[at].only != NULL) {
        view_sql_add(sql, where->equals[at].only);
        view_sql_add(sql, " AND ");
    }
    view_sql_add(sql, where->equals[at].column);
    view_sql_add(sql, " = ?");
    view_sql_number(sql, where->equals[at].value);
    *separator = " AND ";
}

static void add_range(struct view_sql *sql, const char *piece, const char range[2][VIEW_WHERE_NUMBER_SIZE])
{
    view_sql_add(sql, piece);
    view_sql_text(sql, range[0]);
    view_sql_text(sql, range[1]);
}

/* The ids of the calls with that number. */
static void add_numbers(const struct view_where *where, struct view_sql *sql)
{
    add_range(sql, "SELECT id FROM call INDEXED BY call_tail WHERE tail >= ? AND tail < ?", where->tail);
    if (where->is_tail_only)
        return;
    add_range(sql, " UNION ALL SELECT id FROM call INDEXED BY call_number WHERE number >= ? AND number < ?",
              where->number);
    add_range(sql, " UNION ALL SELECT id FROM call INDEXED BY call_number WHERE number >= ? AND number < ?",
              where->with_plus);
}

/* The same as a condition of each row. */
static void add_number_condition(const struct view_where *where, struct view_sql *sql)
{
    add_range(sql, "((tail >= ? AND tail < ?)", where->tail);
    if (!where->is_tail_only) {
        add_range(sql, " OR (number >= ? AND number < ?)", where->number);
        add_range(sql, " OR (number >= ? AND number < ?)", where->with_plus);
    }
    view_sql_add(sql, ")");
}

static int count_few(struct store *store, struct view_sql *sql, int64_t *ret_count, struct err *err)
{
    view_sql_add(sql, " LIMIT ?)");
    view_sql_number(sql, FEW + 1);
    struct statement *statement = view_sql_prepare(sql, store);
    int row = store_next(store, statement, err);
    *ret_count = row > 0 ? store_int(statement, 0) : 0;
    store_discard(statement);
    return row < 0 ? -1 : 0;
}

int view_where_plan(struct store *store, const struct view_where *where, struct view_plan *ret_plan, struct err *err)
{
    int64_t least = FEW + 1, count = 0;
    *ret_plan = (struct view_plan){ .way = VIEW_BY_TIME };
    for (int i = 0; i < where->count; i++) {
        struct view_sql sql = { .length = 0 };
        const char *separator = " WHERE ";
        if (where->equals[i].index == NULL)
            continue;
        view_sql_add(&sql, "SELECT count(*) FROM (SELECT 1 FROM call INDEXED BY ");
        view_sql_add(&sql, where->equals[i].index);
        add_equal_to(where, i, &sql, &separator);
        add_time(where, &sql, &separator);
        if (count_few(store, &sql, &count, err) != 0)
            return -1;
        if (count < least) {
            least = count;
            *ret_plan = (struct view_plan){ .way = VIEW_BY_COLUMN, .at = i, .is_selective = true };
        }
    }
    if (where->has_number) {
        struct view_sql sql = { .length = 0 };
        view_sql_add(&sql, "SELECT count(*) FROM (");
        add_numbers(where, &sql);
        if (count_few(store, &sql, &count, err) != 0)
            return -1;
        if (count < least)
            *ret_plan = (struct view_plan){ .way = VIEW_BY_NUMBERS, .is_selective = true };
    }
    /* The index of a single condition has the calls in their order, few or many. */
    if (!ret_plan->is_selective && where->count == 1 && !where->has_number && where->equals[0].index != NULL)
        ret_plan->way = VIEW_BY_COLUMN;
    return 0;
}

void view_where_add_from(const struct view_where *where, const struct view_plan *plan, struct view_sql *sql)
{
    if (plan->way == VIEW_BY_NUMBERS) {
        view_sql_add(sql, "call NOT INDEXED");
        return;
    }
    view_sql_add(sql, "call INDEXED BY ");
    view_sql_add(sql, plan->way == VIEW_BY_COLUMN ? where->equals[plan->at].index : "call_ended");
}

void view_where_add(const struct view_where *where, const struct view_plan *plan, struct view_sql *sql)
{
    const char *separator = " WHERE ";
    if (plan->way == VIEW_BY_NUMBERS) {
        view_sql_add(sql, " WHERE id IN (");
        add_numbers(where, sql);
        view_sql_add(sql, ")");
        separator = " AND ";
    }
    for (int i = 0; i < where->count; i++)
        add_equal_to(where, i, sql, &separator);
    add_time(where, sql, &separator);
    if (where->has_number && plan->way != VIEW_BY_NUMBERS) {
        view_sql_add(sql, separator);
        add_number_condition(where, sql);
    }
}

bool view_where_is_number_alone(const struct view_where *where)
{
    return where->has_number && where->count == 0 && where->from == 0 && where->to == 0;
}

/* A number that begins with the digits too has a tail that ends with their tail; it is counted once. */
void view_where_add_number_count(const struct view_where *where, struct view_sql *sql)
{
    add_range(sql, "SELECT (SELECT count(*) FROM call INDEXED BY call_tail WHERE tail >= ? AND tail < ?", where->tail);
    if (where->is_tail_only) {
        view_sql_add(sql, ")");
        return;
    }
    view_sql_add(sql, " AND substr(tail, -?) <> ? AND substr(tail, -?) <> ? || '+')");
    view_sql_number(sql, (int64_t)strlen(where->tail[0]));
    view_sql_text(sql, where->tail[0]);
    view_sql_number(sql, (int64_t)strlen(where->tail[0]) + 1);
    view_sql_text(sql, where->tail[0]);
    add_range(sql, " + (SELECT count(*) FROM call INDEXED BY call_number WHERE number >= ? AND number < ?)",
              where->number);
    add_range(sql, " + (SELECT count(*) FROM call INDEXED BY call_number WHERE number >= ? AND number < ?)",
              where->with_plus);
}
