/* Tests of view: what each filter, order and page of the calls shows. */
#include "view_scene.h"

#include <sqlite3.h>

/* The same calls in every test; the letters are in the order of their ends. */
static const struct scene_call calls[] = {
    { "a", "CAMP1", "+84912345678", "6001", "SALE", "answered", 1000, 10, CALL_ACCEPTED, CALL_OUTBOUND, NULL },
    { "b", "CAMP2", "84912340000", "6002", "NA", "no_answer", 2000, 0, CALL_REJECTED, CALL_OUTBOUND, "bad number" },
    { "c", "CAMP1", "0912345678", "6001", "NA", "no_answer", 3000, 5, CALL_PENDING, CALL_INBOUND, "HTTP 500" },
    { "d", "CAMP1", "7712345678", "6003", "BUSY", "busy", 4000, 7, CALL_WAITING, CALL_OUTBOUND, NULL },
    { "e", NULL, NULL, NULL, NULL, NULL, 4000, 9, CALL_ACCEPTED, CALL_INTERNAL, NULL },
    { "f", "O'Neill %_\"; DROP TABLE call; --", "1234", "6001", "SALE", "answered", 5000, 70, CALL_DISCARDED,
      CALL_OUTBOUND, "bad number" },
};

static int fill(void **state)
{
    if (enter(state) != 0)
        return -1;
    bool changed = false;
    for (size_t i = 0; i < UNIT_COUNT(calls); i++)
        put_call(0, &calls[i]);
    const struct scene_call other = { "a", "CAMP1", "5550000", "6001", "SALE", "answered", 2500, 30, CALL_REJECTED,
                                      CALL_OUTBOUND, "bad number" };
    put_call(1, &other);
    assert_int_equal(recordings_expect(ledgers[0], "d", "/d.wav", 1, &changed, &err), 0);
    commit(0);
    commit(1);
    step_until_done();
    return 0;
}

#define with_calls(test) cmocka_unit_test_setup_teardown(test, fill, leave)

/* ids of the first profile only: the other one's call is also named a. */
static const struct {
    const char *name;
    struct view_filter filter;
    const char *ids;
} filters[] = {
    { "none", { .profile = NULL }, "f e d c a b a " },
    { "empty texts are none", { .profile = "", .status = "", .number = "" }, "f e d c a b a " },
    { "profile", { .profile = "default" }, "f e d c b a " },
    { "other profile", { .profile = "tenant" }, "a " },
    { "no such profile", { .profile = "nobody" }, "" },
    { "status", { .status = "SALE" }, "f a a " },
    { "status is exact", { .status = "sale" }, "" },
    { "status and profile", { .status = "SALE", .profile = "default" }, "f a " },
    { "result", { .result = "no_answer" }, "c b " },
    { "campaign", { .campaign = "CAMP1" }, "d c a a " },
    { "hostile campaign", { .campaign = "O'Neill %_\"; DROP TABLE call; --" }, "f " },
    { "agent", { .agent = "6001" }, "f c a a " },
    { "agent and campaign", { .agent = "6001", .campaign = "CAMP1" }, "c a a " },
    { "outbound", { .direction = "outbound" }, "f d a b a " },
    { "inbound", { .direction = "inbound" }, "c " },
    { "internal", { .direction = "internal" }, "e " },
    { "accepted", { .state = "accepted" }, "e a " },
    { "pending", { .state = "pending" }, "c " },
    { "waiting", { .state = "waiting" }, "d " },
    { "rejected", { .state = "rejected" }, "a b " },
    { "discarded", { .state = "discarded" }, "f " },
    { "state and profile", { .state = "rejected", .profile = "default" }, "b " },
    { "recording", { .recording = "pending" }, "d " },
    { "stored", { .recording = "stored" }, "" },
    { "no recording", { .recording = "none" }, "f e c a b a " },
    { "from, included", { .from = 3000 }, "f e d c " },
    { "to, not included", { .to = 3000 }, "a b a " },
    { "from and to", { .from = 2000, .to = 4000 }, "c a b " },
    { "status from", { .status = "NA", .from = 2500 }, "c " },
    { "state from", { .state = "rejected", .from = 2500 }, "a " },
    { "last digits", { .number = "5678" }, "d c a " },
    { "first digits, with and without +", { .number = "8491" }, "b a " },
    { "signs do not count", { .number = "+84 (91) 234-5678" }, "a " },
    { "whole number", { .number = "1234" }, "f " },
    { "no such number", { .number = "999" }, "" },
    { "number and status", { .number = "5678", .status = "NA" }, "c " },
    { "number from", { .number = "5678", .from = 3500 }, "d " },
    { "masked", { .number = "5678", .masked = true }, "d c a " },
    { "masked, no first digits", { .number = "8491", .masked = true }, "" },
    { "hostile profile", { .profile = "' OR 1=1 --" }, "" },
    { "all", { .profile = "default", .direction = "outbound", .state = "accepted", .recording = "none",
               .status = "SALE", .result = "answered", .campaign = "CAMP1", .agent = "6001", .number = "5678",
               .from = 1, .to = 9999 }, "a " },
};

/* Calls of one second come in the order in which the ledger had them. */
static void test_view_lists_and_counts_the_calls_of_each_filter(void **state)
{
    (void)state;
    char next[VIEW_CURSOR_SIZE];
    for (size_t i = 0; i < UNIT_COUNT(filters); i++) {
        const struct view_query query = { .filter = filters[i].filter, .size = 100 };
        int64_t count = -1;
        unit_same_text(filters[i].name, list(&query, next), filters[i].ids);
        unit_same_text(filters[i].name, next, "");
        assert_int_equal(view_count(view, &filters[i].filter, &count, &err), 0);
        unit_same_int(filters[i].name, count, strlen(filters[i].ids) / 2);
    }
}

/* The filter must not depend on the order: each index leads to the same calls. */
static void test_view_finds_the_same_calls_in_each_order(void **state)
{
    (void)state;
    char next[VIEW_CURSOR_SIZE];
    for (size_t i = 0; i < UNIT_COUNT(filters); i++)
        for (int sort = VIEW_BY_ENDED; sort <= VIEW_BY_NUMBER; sort++)
            for (int ascending = 0; ascending < 2; ascending++) {
                const struct view_query query = { .filter = filters[i].filter, .size = 100, .ascending = ascending == 1,
                                                  .sort = (enum view_sort)sort };
                if (query.filter.masked && sort == VIEW_BY_NUMBER)
                    continue;
                unit_same_int(filters[i].name, strlen(list(&query, next)), strlen(filters[i].ids));
            }
}

static void test_view_sorts_by_each_column(void **state)
{
    static const struct {
        const char *name, *descending, *ascending;
    } rows[] = {
        { "ended", "f e d c a b a ", "a b a c d e f " },
        { "length", "f a a e d c b ", "b c d e a a f " },
        { "status", "f a a c b d e ", "e d b c a a f " },
        { "result", "c b d f a a e ", "e a a f d b c " },
        { "campaign", "f b d c a a e ", "e a a c d b f " },
        { "agent", "d b f c a a e ", "e a a c f b d " },
        { "number", "b d a f c a e ", "e a c f a d b " },
    };
    (void)state;
    char next[VIEW_CURSOR_SIZE];
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct view_query query = { .size = 100 };
        assert_true(view_sort_of(rows[i].name, &query.sort));
        unit_same_text(rows[i].name, list(&query, next), rows[i].descending);
        query.ascending = true;
        unit_same_text(rows[i].name, list(&query, next), rows[i].ascending);
        query.ascending = false;
        query.size = 2;
        query.page = 2;
        char want[8] = "";
        (void)snprintf(want, sizeof want, "%.4s", rows[i].descending + 4);
        unit_same_text(rows[i].name, list(&query, next), want);
    }
    enum view_sort ignored;
    assert_false(view_sort_of("ended; DROP TABLE call", &ignored));
}

static void test_view_goes_on_where_the_last_page_ended(void **state)
{
    (void)state;
    for (int ascending = 0; ascending < 2; ascending++)
        for (int64_t size = 1; size < 9; size++) {
            char next[VIEW_CURSOR_SIZE] = "", after[VIEW_CURSOR_SIZE] = "", all[200] = "";
            struct view_query query = { .size = size, .ascending = ascending == 1, .after = after };
            do {
                (void)snprintf(all + strlen(all), sizeof all - strlen(all), "%.100s", list(&query, next));
                (void)snprintf(after, sizeof after, "%s", next);
            } while (*next != '\0');
            unit_same_text("all pages", all, ascending == 1 ? "a b a c d e f " : "f e d c a b a ");
        }
}

static void test_view_refuses_what_it_does_not_understand(void **state)
{
    static const struct {
        const char *say;
        struct view_query query;
    } rows[] = {
        { "size", { .size = 0 } },
        { "size", { .size = VIEW_MOST_ROWS + 1 } },
        { "page", { .size = 1, .page = -1 } },
        { "page", { .size = 1, .page = INT64_MAX } },
        { "after", { .size = 1, .after = "1" } },
        { "after", { .size = 1, .after = "1.x" } },
        { "after", { .size = 1, .after = "99999999999999999999999999999999999999999999999999999999999.1" } },
        { "after", { .size = 1, .after = "1.1", .sort = VIEW_BY_AGENT } },
        { "direction", { .size = 1, .filter.direction = "sideways" } },
        { "state", { .size = 1, .filter.state = "unknown" } },
        { "recording", { .size = 1, .filter.recording = "lost" } },
        { "digits", { .size = 1, .filter.number = "+-()" } },
        { "digits, * and #", { .size = 1, .filter.number = "12a" } },
        { "digits, * and #", { .size = 1, .filter.number = "1' OR '1'='1" } },
        { "digits, * and #", { .size = 1, .filter.number = "%" } },
        { "from must", { .size = 1, .filter.from = 2, .filter.to = 1 } },
        { "too long", { .size = 1, .filter.number = "123456789012345678901234567890123456789012345" } },
        { "last 4", { .size = 1, .filter.number = "12345", .filter.masked = true } },
        { "masked", { .size = 1, .sort = VIEW_BY_NUMBER, .filter.masked = true } },
    };
    (void)state;
    char next[VIEW_CURSOR_SIZE];
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_int(rows[i].say, view_list(view, &rows[i].query, show_id, NULL, next, &err), -1);
        unit_same_int(rows[i].say, err.code, EX_USAGE);
        unit_has(rows[i].say, err.message, rows[i].say);
    }
}

static void show_row(void *context, const struct view_row *row)
{
    (void)context;
    (void)snprintf(shown, sizeof shown, "%s %s %s %s %s %s %s %s %d %d %d %d %d %d %d %s %s", row->profile, row->id,
                   row->status, row->result, row->campaign, row->agent, row->number, row->reason, (int)row->ended,
                   (int)row->length, (int)row->answer, (int)row->took_ms, (int)row->tries, (int)row->due,
                   (int)row->direction, view_state_name((int64_t)row->state), view_recording_name(row->recording));
}

static void test_view_finds_one_call_of_one_profile(void **state)
{
    (void)state;
    *shown = '\0';
    assert_int_equal(view_find(view, "default", "c", show_row, NULL, &err), 0);
    assert_string_equal(shown,
                        "default c NA no_answer CAMP1 6001 0912345678 HTTP 500 3000 5 200 80 1 3060 1 pending none");
    *shown = '\0';
    assert_int_equal(view_find(view, "default", "d", show_row, NULL, &err), 0);
    unit_has("recording", shown, " waiting pending");
    *shown = '\0';
    assert_int_equal(view_find(view, "tenant", "c", show_row, NULL, &err), 0);
    assert_int_equal(view_find(view, "default", "c' --", show_row, NULL, &err), 0);
    assert_string_equal(shown, "");
}

static void show_bar(void *context, const struct view_bar *bar)
{
    (void)context;
    size_t used = strlen(shown);
    (void)snprintf(shown + used, sizeof shown - used, "%d %s %d, ", (int)bar->at, bar->result, (int)bar->calls);
}

static void test_view_counts_calls_by_time(void **state)
{
    struct view_chart chart = { .profile = "default", .from = 0, .to = 10000, .seconds = 3600 };
    (void)state;
    *shown = '\0';
    assert_int_equal(view_chart(view, &chart, show_bar, NULL, &err), 0);
    unit_has("first hour", shown, "0 answered 1, ");
    unit_has("first hour", shown, "0 no_answer 1, ");
    unit_has("second hour", shown, "3600 busy 1, ");
    unit_has("second hour", shown, "3600 answered 1, ");
    assert_int_equal(strlen(shown), strlen("0 answered 1, 0 no_answer 1, 0 no_answer 1, 3600 busy 1, 3600 (null) 1, "
                                           "3600 answered 1, "));
    *shown = '\0';
    chart.profile = NULL;
    chart.seconds = 86400;
    chart.offset = 25200; /* the day begins at 17:00 UTC of the day before */
    assert_int_equal(view_chart(view, &chart, show_bar, NULL, &err), 0);
    unit_has("day in the zone", shown, "-25200 answered 1, ");
    chart.seconds = 1799;
    assert_int_equal(view_chart(view, &chart, show_bar, NULL, &err), -1);
    assert_int_equal(err.code, EX_USAGE);
}

static void show_reason(void *context, const struct view_reason *reason)
{
    (void)context;
    size_t used = strlen(shown);
    (void)snprintf(shown + used, sizeof shown - used, "%s: %s (%s) %d, ", reason->profile, reason->reason,
                   reason->number, (int)reason->calls);
}

static void test_view_counts_rejected_calls_by_reason(void **state)
{
    (void)state;
    const struct scene_call again = { "g", "CAMP1", "5551111", "6001", "SALE", "answered", 2600, 3, CALL_REJECTED,
                                      CALL_OUTBOUND, "bad number" };
    put_call(1, &again);
    commit(1);
    step_until_done();
    *shown = '\0';
    assert_int_equal(view_reasons(view, NULL, 10, show_reason, NULL, &err), 0);
    assert_string_equal(shown, "tenant: bad number (5551111) 2, default: bad number (84912340000) 1, ");
    *shown = '\0';
    assert_int_equal(view_reasons(view, "default", 10, show_reason, NULL, &err), 0);
    assert_string_equal(shown, "default: bad number (84912340000) 1, ");
    *shown = '\0';
    assert_int_equal(view_reasons(view, NULL, 1, show_reason, NULL, &err), 0);
    assert_string_equal(shown, "tenant: bad number (5551111) 2, ");
}

static void show_choice(void *context, const char *text)
{
    (void)context;
    size_t used = strlen(shown);
    (void)snprintf(shown + used, sizeof shown - used, "%s ", text);
}

static void test_view_knows_the_choices_of_a_filter(void **state)
{
    static const struct {
        enum view_sort which;
        const char *texts;
    } rows[] = { { VIEW_BY_STATUS, "BUSY NA SALE " },
                 { VIEW_BY_RESULT, "answered busy no_answer " },
                 { VIEW_BY_AGENT, "6001 6002 6003 " },
                 { VIEW_BY_CAMPAIGN, "CAMP1 CAMP2 O'Neill %_\"; DROP TABLE call; -- " } };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        *shown = '\0';
        assert_int_equal(view_choices(view, rows[i].which, 10, show_choice, NULL, &err), 0);
        unit_same_text("choices", shown, rows[i].texts);
    }
    assert_int_equal(view_choices(view, VIEW_BY_LENGTH, 10, show_choice, NULL, &err), -1);
}

/* ---- plans ---- */

static char *texts[2000];
static size_t text_count;

static int on_statement(unsigned kind, void *context, void *statement, void *text)
{
    (void)kind;
    (void)context;
    (void)text;
    const char *sql = sqlite3_sql(statement);
    if (text_count < UNIT_COUNT(texts) && sql != NULL)
        texts[text_count++] = strdup(sql);
    return 0;
}

static int begin_trace(sqlite3 *database, char **message, const sqlite3_api_routines *routines)
{
    (void)message;
    (void)routines;
    return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, on_statement, NULL);
}

/* Each step reads an index, or the rows that an index found. The page itself may be sorted. */
static void check_plan(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *plan = NULL;
    char *explain = mem_format("EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(database, explain, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        bool scans = strncmp(step, "SCAN c", 6) == 0; /* call, or c */
        if (scans && strstr(step, "INDEX") == NULL)
            fail_msg("%s\n%s", sql, step);
    }
    (void)sqlite3_finalize(plan);
    free(explain);
}

static void test_view_reads_calls_only_by_an_index(void **state)
{
    /* A filter that fits a few of a million calls must not read them all. */
    static const char *const indexes[] = { "INDEXED BY call_profile", "INDEXED BY call_direction",
                                           "INDEXED BY call_state", "INDEXED BY call_recording",
                                           "INDEXED BY call_status", "INDEXED BY call_result",
                                           "INDEXED BY call_campaign", "INDEXED BY call_agent" };
    (void)state;
    char next[VIEW_CURSOR_SIZE];
    int64_t count = 0;
    view_close(view);
    view = view_open(view_path);
    (void)sqlite3_auto_extension((void (*)(void))begin_trace);
    for (size_t i = 0; i < UNIT_COUNT(filters); i++)
        for (int sort = VIEW_BY_ENDED; sort <= VIEW_BY_NUMBER; sort++) {
            struct view_query query = { .filter = filters[i].filter, .size = 50, .sort = (enum view_sort)sort };
            query.filter.masked = false;
            (void)list(&query, next);
            assert_int_equal(view_count(view, &query.filter, &count, &err), 0);
        }
    (void)sqlite3_cancel_auto_extension((void (*)(void))begin_trace);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(view_path, &database), SQLITE_OK);
    assert_true(text_count > 100);
    for (size_t k = 0; k < UNIT_COUNT(indexes); k++) {
        size_t users = 0;
        for (size_t i = 0; i < text_count; i++)
            users += strstr(texts[i], indexes[k]) != NULL;
        if (users == 0)
            fail_msg("no query uses %s", indexes[k]);
    }
    for (size_t i = 0; i < text_count; i++) {
        if (strncmp(texts[i], "PRAGMA", 6) != 0)
            check_plan(database, texts[i]);
        free(texts[i]);
    }
    (void)sqlite3_close(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_calls(test_view_lists_and_counts_the_calls_of_each_filter),
        with_calls(test_view_finds_the_same_calls_in_each_order),
        with_calls(test_view_sorts_by_each_column),
        with_calls(test_view_goes_on_where_the_last_page_ended),
        with_calls(test_view_refuses_what_it_does_not_understand),
        with_calls(test_view_finds_one_call_of_one_profile),
        with_calls(test_view_counts_calls_by_time),
        with_calls(test_view_counts_rejected_calls_by_reason),
        with_calls(test_view_knows_the_choices_of_a_filter),
        with_calls(test_view_reads_calls_only_by_an_index),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
