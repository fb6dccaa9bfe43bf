/* view: queries of view.db, for the live page. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/store.h"
#include "base/str.h"
#include "serve/view.h"
#include "serve/view_counts.h"
#include "serve/view_file.h"
#include "serve/view_sql.h"
#include "serve/view_where.h"

struct view {
    char *path;
    struct store *store; /* NULL: not open */
    dev_t device;        /* of the open file ... */
    ino_t file;
    bool is_ready;
    struct view_counts counts;
};

/* ---- names ---- */

const char *view_state_name(int64_t state)
{
    static const char *const names[] = { "unknown", "accepted", "pending", "waiting", "rejected", "discarded" };
    return names[state >= CALL_ACCEPTED && state <= CALL_DISCARDED ? state : 0];
}

const char *view_recording_name(int64_t recording)
{
    static const char *const names[] = { "none", "pending", "stored", "rejected" };
    return names[recording >= 1 && recording <= 3 ? recording : 0];
}

/* In the order of enum view_sort. column NULL: call_ended sorts. */
static const struct {
    const char *name, *column, *index;
    bool is_word;
} sorts[] = {
    [VIEW_BY_ENDED] = { "ended", NULL, "call_ended", false },
    [VIEW_BY_LENGTH] = { "length", "length", "call_length", false },
    [VIEW_BY_STATUS] = { "status", "status", "call_status", true },
    [VIEW_BY_RESULT] = { "result", "result", "call_result", true },
    [VIEW_BY_CAMPAIGN] = { "campaign", "campaign", "call_campaign", true },
    [VIEW_BY_AGENT] = { "agent", "agent", "call_agent", true },
    [VIEW_BY_NUMBER] = { "number", "number", "call_number", false },
};
enum { SORTS = sizeof sorts / sizeof sorts[0] };

bool view_sort_of(const char *name, enum view_sort *ret_sort)
{
    for (int i = 0; i < SORTS; i++)
        if (strcmp(sorts[i].name, name) == 0) {
            *ret_sort = (enum view_sort)i;
            return true;
        }
    return false;
}

/* ---- opening ---- */

struct view *view_open(const char *path)
{
    struct view *view = mem_zero(1, sizeof *view);
    view->path = mem_copy(path);
    return view;
}

static void close_file(struct view *view)
{
    store_close(view->store);
    view_counts_forget(&view->counts);
    view->store = NULL;
    view->is_ready = false;
}

void view_close(struct view *view)
{
    if (view == NULL)
        return;
    close_file(view);
    free(view->path);
    free(view);
}

/* The feed may have replaced the file. */
static int use_file(struct view *view, struct err *err)
{
    struct stat info = { .st_ino = 0 };
    bool exists = stat(view->path, &info) == 0;
    bool is_replaced = !exists || info.st_dev != view->device || info.st_ino != view->file;
    bool is_damaged = store_is_damaged(view->store);
    if (view->store != NULL && (is_replaced || is_damaged))
        close_file(view);
    if (is_damaged && !is_replaced && view_file_delete(view->path, err) != 0) /* the feed makes it again */
        return -1;
    if (view->store != NULL)
        return 0;
    view->device = info.st_dev;
    view->file = info.st_ino;
    if (view_file_open_to_read(view->path, &view->store, err) != 0)
        return -1;
    return view->store != NULL ? 0 : err_set(err, EX_TEMPFAIL, "the list of calls is not made yet; ask again soon");
}

static int use_indexes(struct view *view, struct err *err)
{
    if (use_file(view, err) != 0)
        return -1;
    if (!view->is_ready && view_file_is_ready(view->store, &view->is_ready, err) != 0)
        return -1;
    return view->is_ready ? 0 : err_set(err, EX_TEMPFAIL, "the list of calls is being made; ask again soon");
}

/* ---- rows ---- */

#define TEXT(column) "nullif((SELECT text FROM word WHERE word.id = c." column "), '')"
#define COLUMNS                                                                                                        \
    "(SELECT name FROM profile WHERE profile.id = c.profile), c.uniqueid, " TEXT("status") ", " TEXT("result") ", "    \
    TEXT("campaign") ", " TEXT("agent") ", c.number, c.reason, c.ended, c.length, c.answer, c.took_ms, c.tries, "      \
    "c.tried, c.due, c.updated, c.seen, c.direction, c.state, c.recording, c.id"

static int64_t number(struct statement *statement, int column)
{
    return store_is_null(statement, column) ? VIEW_UNKNOWN : store_int(statement, column);
}

/* The columns must be those of COLUMNS. *ret_id: the row's number. */
static struct view_row read_row(struct statement *statement, int64_t *ret_id)
{
    struct view_row row = { .profile = NULL };
    const char **const texts[] = { &row.profile, &row.id, &row.status, &row.result,
                                   &row.campaign, &row.agent, &row.number, &row.reason };
    int64_t *const numbers[] = { &row.ended, &row.length, &row.answer, &row.took_ms, &row.tries,
                                 &row.tried, &row.due, &row.updated, &row.seen, &row.direction };
    enum { TEXTS = sizeof texts / sizeof texts[0], NUMBERS = sizeof numbers / sizeof numbers[0] };
    for (int i = 0; i < TEXTS; i++)
        *texts[i] = store_text(statement, i);
    for (int i = 0; i < NUMBERS; i++)
        *numbers[i] = number(statement, TEXTS + i);
    row.state = (enum call_state)store_int(statement, TEXTS + NUMBERS);
    row.recording = store_int(statement, TEXTS + NUMBERS + 1);
    *ret_id = store_int(statement, TEXTS + NUMBERS + 2);
    return row;
}

/* ---- the list ---- */

struct cursor {
    int64_t ended, id;
    bool is_set;
};

static int read_cursor(const struct view_query *query, struct cursor *ret_cursor, struct err *err)
{
    char ended[VIEW_CURSOR_SIZE];
    const char *dot = query->after != NULL ? strchr(query->after, '.') : NULL;
    *ret_cursor = (struct cursor){ .is_set = false };
    if (*str_or_empty(query->after) == '\0')
        return 0;
    ret_cursor->is_set = true;
    if (query->sort != VIEW_BY_ENDED)
        return err_set(err, EX_USAGE, "after works with sort=ended only; use page");
    if (dot != NULL && (size_t)(dot - query->after) < sizeof ended) {
        (void)snprintf(ended, sizeof ended, "%.*s", (int)(dot - query->after), query->after);
        if (str_to_int(ended, &ret_cursor->ended) && str_to_int(dot + 1, &ret_cursor->id))
            return 0;
    }
    return err_set(err, EX_USAGE, "after must be the next of an earlier answer");
}

static int check_query(const struct view_query *query, struct cursor *ret_cursor, struct err *err)
{
    if (query->size < 1 || query->size > VIEW_MOST_ROWS)
        return err_set(err, EX_USAGE, "size must be from 1 to %d", VIEW_MOST_ROWS);
    if (query->page < 0 || query->page > INT32_MAX)
        return err_set(err, EX_USAGE, "page must be 1 or more");
    if (query->sort == VIEW_BY_NUMBER && query->filter.masked)
        return err_set(err, EX_USAGE, "numbers are masked: sort by something else");
    return read_cursor(query, ret_cursor, err);
}

/* " ORDER BY KEY DIRECTION, TABLEended DIRECTION, TABLEid DIRECTION". table: "c." or "". */
static void add_order(struct view_sql *sql, const struct view_query *query, const char *key, const char *table)
{
    const char *const terms[] = { key, "ended", "id" };
    const char *separator = " ORDER BY ";
    for (int i = 0; i < 3; i++) {
        if (terms[i] == NULL)
            continue;
        view_sql_add(sql, separator);
        if (i > 0)
            view_sql_add(sql, table);
        view_sql_add(sql, terms[i]);
        view_sql_add(sql, query->ascending ? " ASC" : " DESC");
        separator = ", ";
    }
}

/* The text by which the rows of table `name` are sorted; NULL: only by their end. */
static const char *key_of(const struct view_query *query, const char *table, char out[120])
{
    const char *column = sorts[query->sort].column;
    if (column == NULL)
        return NULL;
    if (sorts[query->sort].is_word)
        (void)snprintf(out, 120, "(SELECT text FROM word WHERE word.id = %s%s)", table, column);
    else
        (void)snprintf(out, 120, "%s%s", table, column);
    return out;
}

static void add_cursor(struct view_sql *sql, const struct view_query *query, const struct cursor *cursor,
                       bool has_where)
{
    if (!cursor->is_set)
        return;
    view_sql_add(sql, has_where ? " AND " : " WHERE ");
    view_sql_add(sql, query->ascending ? "(ended, id) > (?, ?)" : "(ended, id) < (?, ?)");
    view_sql_number(sql, cursor->ended);
    view_sql_number(sql, cursor->id);
}

static bool has_condition(const struct view_where *where)
{
    return where->count > 0 || where->has_number || where->from != 0 || where->to != 0;
}

/* The page's calls, by the index that finds them; what the index does not order is sorted. */
static void add_found(struct view_sql *sql, const struct view_query *query, const struct view_where *where,
                      const struct view_plan *plan, const struct cursor *cursor)
{
    char key[120];
    view_sql_add(sql, "SELECT id FROM ");
    view_where_add_from(where, plan, sql);
    view_where_add(where, plan, sql);
    add_cursor(sql, query, cursor, has_condition(where));
    add_order(sql, query, key_of(query, "", key), "");
}

/* The page's calls, by the index that orders them. Words come in the order of their texts, and the calls of each
 * word in that of their ends. */
static void add_ordered(struct view_sql *sql, const struct view_query *query, const struct view_where *where)
{
    static const struct view_plan by_time = { .way = VIEW_BY_TIME };
    const char *column = sorts[query->sort].column;
    view_sql_add(sql, "SELECT call.id AS id FROM ");
    if (sorts[query->sort].is_word)
        view_sql_add(sql, "word CROSS JOIN ");
    view_sql_add(sql, "call INDEXED BY ");
    view_sql_add(sql, sorts[query->sort].index);
    view_where_add(where, &by_time, sql);
    if (sorts[query->sort].is_word) {
        view_sql_add(sql, has_condition(where) ? " AND call." : " WHERE call.");
        view_sql_add(sql, column);
        view_sql_add(sql, " = word.id");
    }
    add_order(sql, query, sorts[query->sort].is_word ? "word.text" : column, "call.");
}

static void write_list(struct view_sql *sql, const struct view_query *query, const struct view_where *where,
                       const struct view_plan *plan, const struct cursor *cursor)
{
    char key[120];
    bool is_found = query->sort == VIEW_BY_ENDED || plan->is_selective;
    view_sql_add(sql, "SELECT " COLUMNS " FROM call AS c WHERE c.id IN (SELECT id FROM (");
    if (is_found)
        add_found(sql, query, where, plan, cursor);
    else
        add_ordered(sql, query, where);
    view_sql_add(sql, " LIMIT ? OFFSET ?))");
    view_sql_number(sql, query->size + 1); /* whether there are more */
    view_sql_number(sql, cursor->is_set || query->page < 2 ? 0 : (query->page - 1) * query->size);
    add_order(sql, query, key_of(query, "c.", key), "c.");
}

static int hand_out(struct view *view, const struct view_query *query, const struct view_sql *sql, view_on_row *on_row,
                    void *context, char next[VIEW_CURSOR_SIZE], struct err *err)
{
    struct statement *statement = view_sql_prepare(sql, view->store);
    int64_t ended = 0, id = 0, rows = 0;
    int found = 0;
    while ((found = store_next(view->store, statement, err)) > 0) {
        if (rows++ == query->size) {
            if (query->sort == VIEW_BY_ENDED)
                (void)snprintf(next, VIEW_CURSOR_SIZE, "%" PRId64 ".%" PRId64, ended, id);
            break;
        }
        const struct view_row row = read_row(statement, &id);
        ended = row.ended;
        on_row(context, &row);
    }
    store_discard(statement);
    return found < 0 ? -1 : 0;
}

int view_list(struct view *view, const struct view_query *query, view_on_row *on_row, void *context,
              char next[VIEW_CURSOR_SIZE], struct err *err)
{
    struct view_where where;
    struct view_plan plan;
    struct cursor cursor = { .is_set = false };
    struct view_sql sql = { .length = 0 };
    *next = '\0';
    if (check_query(query, &cursor, err) != 0 || use_indexes(view, err) != 0 ||
        view_where_resolve(view->store, &query->filter, &where, err) != 0)
        return -1;
    if (where.matches_nothing)
        return 0;
    if (view_where_plan(view->store, &where, &plan, err) != 0)
        return -1;
    write_list(&sql, query, &where, &plan, &cursor);
    return hand_out(view, query, &sql, on_row, context, next, err);
}

int view_find(struct view *view, const char *profile, const char *id, view_on_row *on_row, void *context,
              struct err *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM call AS c WHERE c.profile = (SELECT id FROM profile WHERE "
                              "name = ?1) "
                              "AND c.uniqueid = ?2";
    int64_t ignored = 0;
    if (use_file(view, err) != 0)
        return -1;
    struct statement *statement = store_prepare(view->store, sql);
    store_bind_text(statement, 1, profile);
    store_bind_text(statement, 2, id);
    int found = store_next(view->store, statement, err);
    if (found <= 0)
        return found;
    const struct view_row row = read_row(statement, &ignored);
    on_row(context, &row);
    store_reset(statement);
    return 0;
}

/* ---- counts ---- */

/* Whether the table half has every condition: it counts calls by half hour. */
static bool is_in_half(const struct view_where *where)
{
    static const char *const columns[] = { "profile", "direction", "state", "result" };
    bool all = where->from == 0 && where->to == 0 && !where->has_number;
    for (int i = 0; i < where->count; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++)
            known = known || strcmp(where->equals[i].column, columns[k]) == 0;
        all = all && known;
    }
    return all;
}

static int count_rows(struct view *view, const struct view_sql *sql, int64_t *ret_count, struct err *err)
{
    int64_t version = 0;
    /* Before the count: the feed may change the file meanwhile. */
    if (store_number(view->store, "PRAGMA data_version", &version, err) != 0)
        return -1;
    if (view_counts_find(&view->counts, version, sql, ret_count))
        return 0;
    struct statement *statement = view_sql_prepare(sql, view->store);
    int row = store_next(view->store, statement, err);
    if (row > 0)
        *ret_count = store_int(statement, 0);
    store_discard(statement);
    if (row > 0)
        view_counts_keep(&view->counts, sql, *ret_count);
    return row < 0 ? -1 : 0;
}

int view_count(struct view *view, const struct view_filter *filter, int64_t *ret_count, struct err *err)
{
    static const struct view_plan by_time = { .way = VIEW_BY_TIME };
    struct view_where where;
    struct view_plan plan;
    struct view_sql sql = { .length = 0 };
    *ret_count = 0;
    if (use_indexes(view, err) != 0 || view_where_resolve(view->store, filter, &where, err) != 0)
        return -1;
    if (where.matches_nothing)
        return 0;
    if (is_in_half(&where)) {
        view_sql_add(&sql, "SELECT sum(calls) FROM half");
        view_where_add(&where, &by_time, &sql);
        return count_rows(view, &sql, ret_count, err);
    }
    if (view_where_is_number_alone(&where)) {
        view_where_add_number_count(&where, &sql);
        return count_rows(view, &sql, ret_count, err);
    }
    if (view_where_plan(view->store, &where, &plan, err) != 0)
        return -1;
    view_sql_add(&sql, "SELECT count(*) FROM ");
    view_where_add_from(&where, &plan, &sql);
    view_where_add(&where, &plan, &sql);
    return count_rows(view, &sql, ret_count, err);
}

/* ---- charts, reasons, choices, profiles ---- */

enum { HALF_HOUR = 1800 };

int view_chart(struct view *view, const struct view_chart *chart, view_on_bar *on_bar, void *context, struct err *err)
{
    static const char sql[] =
        "SELECT (half * 1800 + ?1) / ?2 * ?2 - ?1 AS at, state, nullif(direction, -1), "
        "nullif((SELECT text FROM word WHERE word.id = result), ''), sum(calls) FROM half WHERE half >= ?3 AND half "
        "< ?4 "
        "AND (?5 IS NULL OR profile = (SELECT id FROM profile WHERE name = ?5)) "
        "GROUP BY at, state, direction, result HAVING sum(calls) > 0 ORDER BY at";
    if (chart->seconds < HALF_HOUR || chart->seconds % HALF_HOUR != 0)
        return err_set(err, EX_USAGE, "a chart's bars are multiples of 30 minutes");
    if (use_indexes(view, err) != 0)
        return -1;
    struct statement *statement = store_prepare(view->store, sql);
    int row = 0;
    store_bind_int(statement, 1, chart->offset / HALF_HOUR * HALF_HOUR);
    store_bind_int(statement, 2, chart->seconds);
    store_bind_int(statement, 3, chart->from / HALF_HOUR);
    store_bind_int(statement, 4, (chart->to + HALF_HOUR - 1) / HALF_HOUR);
    store_bind_text(statement, 5, *str_or_empty(chart->profile) != '\0' ? chart->profile : NULL);
    while ((row = store_next(view->store, statement, err)) > 0) {
        const struct view_bar bar = { .at = store_int(statement, 0), .state = store_int(statement, 1),
                                      .direction = number(statement, 2), .result = store_text(statement, 3),
                                      .calls = store_int(statement, 4) };
        on_bar(context, &bar);
    }
    return row;
}

int view_reasons(struct view *view, const char *profile, int64_t limit, view_on_reason *on_reason, void *context,
                 struct err *err)
{
    static const char sql[] =
        "SELECT (SELECT name FROM profile WHERE profile.id = call.profile), reason, max(number), count(*), min(ended), "
        "max(ended) FROM call INDEXED BY call_state WHERE state <> 1 AND state = 4 "
        "AND (?1 IS NULL OR profile = (SELECT id FROM profile WHERE name = ?1)) "
        "GROUP BY profile, reason ORDER BY 4 DESC, 6 DESC LIMIT ?2";
    if (use_indexes(view, err) != 0)
        return -1;
    struct statement *statement = store_prepare(view->store, sql);
    int row = 0;
    store_bind_text(statement, 1, *str_or_empty(profile) != '\0' ? profile : NULL);
    store_bind_int(statement, 2, limit);
    while ((row = store_next(view->store, statement, err)) > 0) {
        const struct view_reason reason = { .profile = store_text(statement, 0), .reason = store_text(statement, 1),
                                            .number = store_text(statement, 2), .calls = store_int(statement, 3),
                                            .first = store_int(statement, 4), .last = store_int(statement, 5) };
        on_reason(context, &reason);
    }
    return row;
}

int view_choices(struct view *view, enum view_sort which, int64_t limit, view_on_choice *on_choice, void *context,
                 struct err *err)
{
    struct view_sql sql = { .length = 0 };
    int row = 0;
    if (!sorts[which].is_word)
        return err_set(err, EX_USAGE, "%s has no choices", sorts[which].name);
    if (use_indexes(view, err) != 0)
        return -1;
    view_sql_add(&sql, "SELECT text FROM word WHERE id <> 0 AND EXISTS (SELECT 1 FROM call INDEXED BY ");
    view_sql_add(&sql, sorts[which].index);
    view_sql_add(&sql, " WHERE ");
    view_sql_add(&sql, sorts[which].column);
    view_sql_add(&sql, " = word.id) ORDER BY text LIMIT ?");
    view_sql_number(&sql, limit);
    struct statement *statement = view_sql_prepare(&sql, view->store);
    while ((row = store_next(view->store, statement, err)) > 0)
        on_choice(context, store_text(statement, 0));
    store_discard(statement);
    return row;
}

int view_list_profiles(struct view *view, const char *name, view_on_profile *on_profile, void *context,
                       struct err *err)
{
#define PROFILES "SELECT name, copied IS NULL, done, total, problem FROM profile "
    if (use_file(view, err) != 0)
        return -1;
    struct statement *statement = store_prepare(view->store, name != NULL ? PROFILES "WHERE name = ?1"
                                                                          : PROFILES "ORDER BY name");
    if (name != NULL)
        store_bind_text(statement, 1, name);
    int row = 0;
    while ((row = store_next(view->store, statement, err)) > 0) {
        const struct view_profile profile = { .name = store_text(statement, 0),
                                              .is_complete = store_int(statement, 1) != 0,
                                              .copied = store_int(statement, 2), .total = store_int(statement, 3),
                                              .problem = store_text(statement, 4) };
        on_profile(context, &profile);
    }
    return row;
}
