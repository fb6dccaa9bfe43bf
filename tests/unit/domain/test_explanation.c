/* Tests of explanation: one sentence on the status of a call. */
#include "../unit.h"

#include "domain/explanation.h"

#define NOW INT64_C(1729771200)

static struct settings_sync settings(void)
{
    static char none[] = "";
    return (struct settings_sync){
        .resend_changed = true,
        .overlap = 600,
        .sweep_interval = 600,
        .sweep_window = 21600,
        .retention_days = 7,
        .campaigns = none,
        .exclude_campaigns = none,
    };
}

/* How the row of a call differs from the accepted version. */
enum table { SAME, CHANGED, CHANGED_TO_DISPO, DISPO, RUNNING };

struct row {
    const char *name;
    enum call_state state;
    enum explanation_row where;
    enum table table;
    int64_t ended_ago, due_in;
    const char *reason;
    bool outage, sent_before;
    const char *want;
};

static const char *explain_behind(int64_t checkpoint, const struct row *row, const struct settings_sync *used,
                                  char *out, size_t size)
{
    struct call call = { .id = "1.1", .status = "SALE", .ended = NOW - row->ended_ago, .age = row->ended_ago + 60 };
    struct explanation_facts facts = { .record = { .state = row->state,
                                                   .sent_before = row->state == CALL_ACCEPTED || row->sent_before,
                                                   .fingerprint = call_fingerprint(&call) },
                                       .accepted = NOW - 30,
                                       .due = NOW + row->due_in,
                                       .reason = row->reason,
                                       .row = row->where,
                                       .started = true,
                                       .floor = position_at(NOW - 864000, "1.1"),
                                       .checkpoint = position_at(checkpoint, ""),
                                       .outage = row->outage,
                                       .settings = used,
                                       .now = NOW };
    if (row->table == CHANGED)
        call.status = "DNC";
    if (row->table == DISPO || row->table == CHANGED_TO_DISPO) {
        call.status = "DISPO";
        call.finality = CALL_NOT_FINAL;
        call.wait_until = NOW + 15000 - call.age;
    }
    if (row->table == RUNNING) {
        call.status = "INCALL";
        call.ended = 0;
        call.finality = CALL_NOT_ENDED;
    }
    facts.call = row->where == EXPLANATION_LIVE || row->where == EXPLANATION_ARCHIVED ? &call : NULL;
    return explanation_of(&facts, out, size);
}

static const char *explain(const struct row *row, const struct settings_sync *used, char *out, size_t size)
{
    return explain_behind(NOW - 10, row, used, out, size);
}

static void test_explanation_exists_for_every_status(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "accepted", CALL_ACCEPTED, EXPLANATION_LIVE, SAME, 60, 0, NULL, false, false, "; nothing is left to do" },
        { "accepted, table not asked", CALL_ACCEPTED, EXPLANATION_ROW_UNKNOWN, SAME, 60, 0, NULL, false, false,
          "accepted at 20" },
        { "accepted and archived", CALL_ACCEPTED, EXPLANATION_ARCHIVED, SAME, 60, 0, NULL, false, false,
          "nothing is left to do" },
        { "accepted and gone", CALL_ACCEPTED, EXPLANATION_NO_ROW, SAME, 60, 0, NULL, false, false,
          "its row was deleted, and nothing is left to do" },
        { "changed", CALL_ACCEPTED, EXPLANATION_LIVE, CHANGED, 60, 0, NULL, false, false,
          "the table has changed since: the sweep will send the call again" },
        { "changed long ago", CALL_ACCEPTED, EXPLANATION_LIVE, CHANGED, 30000, 0, NULL, false, false,
          "the sweep does not look back that far" },
        { "changed in the archive", CALL_ACCEPTED, EXPLANATION_ARCHIVED, CHANGED, 60, 0, NULL, false, false,
          "the sweep does not look back that far" },
        { "changed, not final", CALL_ACCEPTED, EXPLANATION_LIVE, CHANGED_TO_DISPO, 60, 0, NULL, false, false,
          "sent again when its disposition is final" },
        { "changed to running", CALL_ACCEPTED, EXPLANATION_LIVE, RUNNING, 60, 0, NULL, false, false,
          "says that the call has not ended" },
        { "pending", CALL_PENDING, EXPLANATION_LIVE, SAME, 60, 0, NULL, false, false,
          "not sent yet: the call will be sent with the next run" },
        { "pending, later", CALL_PENDING, EXPLANATION_LIVE, SAME, 60, 90, "HTTP 500", false, false,
          "not accepted yet (HTTP 500): the call will be sent with the first run after 20" },
        { "pending, outage", CALL_PENDING, EXPLANATION_ROW_UNKNOWN, SAME, 60, 90, NULL, true, false,
          "the call will be sent when the API works again" },
        { "pending, changed", CALL_PENDING, EXPLANATION_LIVE, CHANGED, 60, 0, NULL, false, true,
          "accepted before, and changed since: the call will be sent" },
        { "pending, changed back", CALL_PENDING, EXPLANATION_LIVE, SAME, 60, 0, NULL, false, true,
          "again as the API has it, so nothing will be sent" },
        { "pending, in disposition", CALL_PENDING, EXPLANATION_LIVE, DISPO, 60, 0, NULL, false, false,
          "the call waits for the agent's disposition, at most until 20" },
        { "pending and gone", CALL_PENDING, EXPLANATION_NO_ROW, SAME, 60, 0, NULL, false, false, "will be forgotten" },
        { "waiting", CALL_WAITING, EXPLANATION_LIVE, DISPO, 60, 500, NULL, false, false,
          "waiting for the agent's disposition, at most until 20" },
        { "waiting, table not asked", CALL_WAITING, EXPLANATION_ROW_UNKNOWN, DISPO, 60, 500, NULL, false, false,
          "waiting for the agent's disposition, at most until 20" },
        { "waiting, final now", CALL_WAITING, EXPLANATION_LIVE, SAME, 60, 500, NULL, false, false,
          "the call will be sent with the next run" },
        { "waiting and gone", CALL_WAITING, EXPLANATION_NO_ROW, SAME, 60, 500, NULL, false, false,
          "the call will be forgotten" },
        { "rejected", CALL_REJECTED, EXPLANATION_LIVE, SAME, 60, 0, "HTTP 422: no", false, false,
          "rejected (HTTP 422: no): the call will not be retried by itself; to send it: did-optimizer-sync failed "
          "retry" },
        { "dropped", CALL_DISCARDED, EXPLANATION_LIVE, SAME, 60, 0, NULL, false, false, "discarded by an operator" },
        { "new", CALL_UNKNOWN, EXPLANATION_LIVE, SAME, 5, 0, NULL, false, false,
          "not sent yet: the call will be sent with one of the next runs" },
        { "new, in an outage", CALL_UNKNOWN, EXPLANATION_LIVE, SAME, 5, 0, NULL, true, false,
          "with the others, when the API works again" },
        { "new, in disposition", CALL_UNKNOWN, EXPLANATION_LIVE, DISPO, 5, 0, NULL, false, false,
          "not seen yet: the call will wait for the agent's disposition" },
        { "still long ago", CALL_UNKNOWN, EXPLANATION_LIVE, SAME, 2000, 0, NULL, false, false, "one of the next runs" },
        { "missed", CALL_UNKNOWN, EXPLANATION_LIVE, SAME, 30000, 0, NULL, false, false,
          "after our scan had passed its time. Run `did-optimizer-sync reconcile`" },
        { "pruned", CALL_UNKNOWN, EXPLANATION_LIVE, SAME, 700000, 0, NULL, false, false,
          "keeps accepted calls for 7 days only" },
        { "before the floor", CALL_UNKNOWN, EXPLANATION_LIVE, SAME, 864001, 0, NULL, false, false,
          "ended before the floor, 20" },
        { "new in the archive", CALL_UNKNOWN, EXPLANATION_ARCHIVED, SAME, 60, 0, NULL, false, false,
          "in the archive, which no run reads. Run `did-optimizer-sync reconcile`" },
        { "running", CALL_UNKNOWN, EXPLANATION_LIVE, RUNNING, 60, 0, NULL, false, false, "not ended yet" },
        { "nowhere", CALL_UNKNOWN, EXPLANATION_NO_ROW, SAME, 60, 0, NULL, false, false,
          "this call is neither in the ledger nor" },
        { "not asked", CALL_UNKNOWN, EXPLANATION_ROW_UNKNOWN, SAME, 60, 0, NULL, false, false,
          "the call is not in the ledger" },
    };
    const struct settings_sync used = settings();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[1200];
        unit_has(rows[i].name, explain(&rows[i], &used, text, sizeof text), rows[i].want);
    }
}

/* This state can occur if resend_changed was off for a time. */
static void test_explanation_names_an_accepted_call_whose_version_is_unknown(void **state)
{
    (void)state;
    char text[1200];
    const struct settings_sync used = settings();
    const struct call call = { .id = "1.1", .status = "SALE", .ended = NOW - 60, .age = 120 };
    const struct explanation_facts facts = { .record = { .state = CALL_ACCEPTED, .sent_before = true,
                                                         .fingerprint = call_fingerprint(&call), .version_unknown = 1 },
                                             .accepted = NOW - 30, .row = EXPLANATION_LIVE, .call = &call,
                                             .started = true, .settings = &used, .now = NOW };
    unit_has("unknown", explanation_of(&facts, text, sizeof text), "the sweep will send the call again");
}

static void test_explanation_names_the_profile_s_command(void **state)
{
    (void)state;
    char text[1200];
    const struct settings_sync used = settings();
    const struct call old = { .id = "1.1", .status = "SALE", .ended = NOW - 900, .age = 960 };
    struct explanation_facts facts = { .record = { .state = CALL_REJECTED }, .profile_option = " --profile acme",
                                       .settings = &used, .now = NOW };
    unit_has("rejected", explanation_of(&facts, text, sizeof text), ": did-optimizer-sync --profile acme failed retry");
    facts.record.state = CALL_UNKNOWN;
    facts.row = EXPLANATION_LIVE;
    facts.call = &old;
    facts.started = true;
    facts.floor = position_at(NOW, "");
    unit_has("before", explanation_of(&facts, text, sizeof text), "did-optimizer-sync --profile acme backfill --from");
    facts.floor = position_at(1, "");
    facts.row = EXPLANATION_ARCHIVED;
    unit_has("archived", explanation_of(&facts, text, sizeof text), "`did-optimizer-sync --profile acme reconcile`");
}

/* Each limit, and one second beyond the limit. A row is one minute older than the end of its call. */
static void test_explanation_is_exact_to_the_second(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum call_state state;
        int64_t checkpoint_ago, ended_ago;
        const char *want;
    } rows[] = {
        { "changed, at the sweep's end", CALL_ACCEPTED, 10, 21540, "the sweep will send the call again" },
        { "changed, beyond the sweep's end", CALL_ACCEPTED, 10, 21541, "the sweep does not look back that far" },
        { "new, at the sweep's end", CALL_UNKNOWN, 10, 21540, "one of the next runs" },
        { "new, beyond the sweep's end", CALL_UNKNOWN, 10, 21541,
          "after our scan had passed its time. Run `did-optimizer-sync reconcile`" },
        { "new, at the overlap's end", CALL_UNKNOWN, 30000, 30600, "one of the next runs" },
        { "new, beyond the overlap's end", CALL_UNKNOWN, 30000, 30601,
          "after our scan had passed its time. Run `did-optimizer-sync reconcile`" },
        { "new, as old as what is remembered", CALL_UNKNOWN, 10, 604800,
          "after our scan had passed its time. Run `did-optimizer-sync reconcile`" },
        { "new, older than what is remembered", CALL_UNKNOWN, 10, 604801, "keeps accepted calls for 7 days only" },
        { "new, the first above the floor", CALL_UNKNOWN, 10, 863999, "keeps accepted calls for 7 days only" },
        { "new, the floor itself", CALL_UNKNOWN, 10, 864000, "ended before the floor, 20" },
    };
    const struct settings_sync used = settings();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct row row = { .state = rows[i].state, .where = EXPLANATION_LIVE, .ended_ago = rows[i].ended_ago,
                                 .table = rows[i].state == CALL_ACCEPTED ? CHANGED : SAME };
        char text[1200];
        unit_has(rows[i].name, explain_behind(NOW - rows[i].checkpoint_ago, &row, &used, text, sizeof text),
                 rows[i].want);
    }
}

static void test_explanation_depends_on_the_settings(void **state)
{
    (void)state;
    struct settings_sync used = settings();
    struct row changed = { .name = "changed", .state = CALL_ACCEPTED, .where = EXPLANATION_LIVE, .table = CHANGED };
    char text[1200];
    used.resend_changed = false;
    unit_has("resend_changed", explain(&changed, &used, text, sizeof text), "resend_changed is off");
    used = settings();
    used.sweep_interval = 0;
    unit_has("no sweep", explain(&changed, &used, text, sizeof text), "the call is not sent again by itself");
}

static void test_explanation_names_the_sink_and_the_source(void **state)
{
    (void)state;
    char text[1200];
    struct explanation_facts facts = { .record = { .state = CALL_PENDING }, .outage = true, .sink = "record store",
                                       .source = "PBX's API" };
    unit_has("sink", explanation_of(&facts, text, sizeof text), "sent when the record store works again");
    facts.record.state = CALL_UNKNOWN;
    facts.row = EXPLANATION_NO_ROW;
    unit_has("source", explanation_of(&facts, text, sizeof text), "neither in the ledger nor in the PBX's API");
}

static void test_explanation_is_cut_to_the_size(void **state)
{
    (void)state;
    const struct settings_sync used = settings();
    const struct row changed = { .state = CALL_ACCEPTED, .where = EXPLANATION_LIVE, .table = CHANGED };
    for (size_t size = 1; size < 120; size++) {
        char *small = malloc(size);
        assert_non_null(small);
        assert_true(strlen(explain(&changed, &used, small, size)) < size);
        free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explanation_exists_for_every_status),
        cmocka_unit_test(test_explanation_names_an_accepted_call_whose_version_is_unknown),
        cmocka_unit_test(test_explanation_names_the_profile_s_command),
        cmocka_unit_test(test_explanation_is_exact_to_the_second),
        cmocka_unit_test(test_explanation_depends_on_the_settings),
        cmocka_unit_test(test_explanation_names_the_sink_and_the_source),
        cmocka_unit_test(test_explanation_is_cut_to_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
