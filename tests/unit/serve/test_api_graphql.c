/* Unit tests of api_graphql and its schema: what dashboards ask, and who may do what. */
#include "api_scene.h"

#include <time.h>

#include "base/json.h"
#include "ledger/enabled.h"
#include "serve/api_graphql.h"
#include "serve/api_graphql_schema.h"
#include "serve/graphql.h"

/* ---- requests ---- */

/* Headers: name, value, name, value, NULL. */
static const char *header_value(const void *context, const char *name)
{
    for (const char *const *at = context; at != NULL && *at != NULL; at += 2)
        if (strcmp(at[0], name) == 0)
            return at[1];
    return NULL;
}

static const char *post(const char *body, const char *const *headers, enum role role)
{
    const struct request request = { .method = "POST", .path = "/graphql", .body = body,
                                     .length = body != NULL ? strlen(body) : 0, .role = role,
                                     .header = header_value, .context = headers };
    struct serve serve = { .api = api };
    reply_free(&reply);
    api_graphql(&serve, &request, &reply);
    return reply.text;
}

static const char *const json_headers[] = { "Content-Type", "application/json", NULL };

/* ---- queries, with what the mutations do noted ---- */

static char done[1000];
static bool refuses;
static struct serve served; /* with the journal, where a test opens one */

static int note(void *context, const char *profile, const char *action, const struct json *given, int64_t *ret_id,
                struct err *error)
{
    char *text = context, *printed = json_print(given);
    (void)snprintf(text + strlen(text), sizeof done - strlen(text), "%s %s %s; ", profile, action, printed);
    free(printed);
    *ret_id = 7;
    return refuses ? err_set(error, EX_IOERR, "it did not work") : 0;
}

static const char *ask_as(enum role role, bool has_actor, const char *text, const char *variables)
{
    static char answer[20000];
    const struct request request = { .role = role, .user = "ann" };
    struct api_graphql context = { .api = &api, .serve = &served, .request = &request, .act = has_actor ? note : NULL,
                                   .act_context = done };
    struct json *json = variables != NULL ? json_parse(variables) : NULL;
    const struct graphql_query query = { .text = text, .variables = json, .context = &context };
    bool is_refused = false;
    *done = '\0';
    char *made = graphql_answer(&api_graphql_schema, &query, &is_refused);
    (void)snprintf(answer, sizeof answer, "%s", made);
    free(made);
    json_free(json);
    return answer;
}

static const char *ask_query(const char *text)
{
    return ask_as(ROLE_ADMIN, true, text, NULL);
}

/* ---- HTTP ---- */

static void test_a_request_is_a_json_object_with_a_query(void **state)
{
    static const char *const no_headers[] = { NULL }, *const form[] = { "Content-Type", "text/plain", NULL };
    static const char *const charset[] = { "Content-Type", "Application/JSON; charset=utf-8", NULL };
    static const char *const other[] = { "Content-Type", "application/graphql+json", NULL };
    static const char *const longer[] = { "Content-Type", "application/json5", NULL };
    static const struct {
        const char *body;
        const char *const *headers;
        int status;
        const char *part;
    } rows[] = {
        { "{\"query\":\"{__typename}\"}", json_headers, 200, "{\"data\":{\"__typename\":\"Query\"}}" },
        { "{\"query\":\"{__typename}\"}", charset, 200, "{\"data\":" },
        { "{\"query\":\"{__typename}\",\"variables\":null,\"operationName\":null}", other, 200, "{\"data\":" },
        { "{\"query\":\"query a{__typename} query b{b:__typename}\",\"operationName\":\"b\"}", json_headers, 200,
          "{\"b\":\"Query\"}" },
        { "{\"query\":\"query($a:Boolean!){__typename @include(if:$a)}\",\"variables\":{\"a\":false}}", json_headers,
          200, "{\"data\":{}}" },
        { "{\"query\":\"{what}\"}", json_headers, 200, "\"errors\":[{\"message\":\"there is no field what in Query\"" },
        { "{\"query\":\"{\"}", json_headers, 200, "\"errors\":[{" },
        { "{\"query\":\"{__typename}\"}", no_headers, 415, "application/json" },
        { "{\"query\":\"{__typename}\"}", form, 415, "application/json" },
        { "{\"query\":\"{__typename}\"}", longer, 415, "application/json" },
        { NULL, json_headers, 400, "one JSON object" },
        { "", json_headers, 400, "one JSON object" },
        { "[{\"query\":\"{__typename}\"}]", json_headers, 400, "one JSON object" },
        { "{__typename}", json_headers, 400, "one JSON object" },
        { "{\"query\":\"{__typename}\\u0000{\"}", json_headers, 400, "one JSON object" },
        { "{\"query\":\"{__typename}\\\\u0000\"}", json_headers, 200, "\"errors\":[{" },
        { "{}", json_headers, 400, "a text `query`" },
        { "{\"query\":1}", json_headers, 400, "a text `query`" },
        { "{\"query\":\"{__typename}\",\"variables\":[]}", json_headers, 400, "`variables` must be an object" },
        { "{\"extensions\":{\"persistedQuery\":{}}}", json_headers, 200,
          "{\"errors\":[{\"message\":\"PersistedQueryNotSupported\"}]}" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_has(rows[i].body, post(rows[i].body, rows[i].headers, ROLE_VIEWER), rows[i].part);
        unit_same_int(rows[i].body, reply.status, rows[i].status);
        assert_string_equal(reply.type, "application/json");
    }
}

static void test_a_new_client_learns_by_the_status_that_its_query_is_wrong(void **state)
{
    static const char *const headers[] = { "Content-Type", "application/json", "Accept",
                                           "application/graphql-response+json, application/json;q=0.9", NULL };
    (void)state;
    (void)post("{\"query\":\"{what}\"}", headers, ROLE_VIEWER);
    assert_int_equal(reply.status, 400);
    assert_string_equal(reply.type, "application/graphql-response+json");
    (void)post("{\"query\":\"{__typename}\"}", headers, ROLE_VIEWER);
    assert_int_equal(reply.status, 200);
    (void)post("{\"query\":\"{getCallCenterConfig(profile:\\\"none\\\"){id}}\"}", headers, ROLE_VIEWER);
    assert_int_equal(reply.status, 200); /* the field failed, not the query */
}

/* ---- calls ---- */

static void test_records_are_pages_of_calls_newest_first(void **state)
{
    (void)state;
    assert_string_equal(
        ask_query("{getCallCenterRecords(pagination:{page:1,limit:2}){items{id externalUuid direction "
                  "callerIdNumber destinationNumber startEpoch endEpoch duration callStatus disposition "
                  "state} pagination{currentPage totalPages totalItems hasNextPage hasPreviousPage}}}"),
        "{\"data\":{\"getCallCenterRecords\":{\"items\":["
        "{\"id\":\"tenant/c\",\"externalUuid\":\"c\",\"direction\":\"INBOUND\",\"callerIdNumber\":\"" NUMBER
        "\",\"destinationNumber\":\"6001\",\"startEpoch\":\"2955\",\"endEpoch\":\"3000\",\"duration\":\"45\","
        "\"callStatus\":\"answered\",\"disposition\":\"SALE\",\"state\":\"rejected\"},"
        "{\"id\":\"default/b\",\"externalUuid\":\"b\",\"direction\":\"INBOUND\",\"callerIdNumber\":\"" NUMBER
        "\",\"destinationNumber\":\"6001\",\"startEpoch\":\"1955\",\"endEpoch\":\"2000\",\"duration\":\"45\","
        "\"callStatus\":\"answered\",\"disposition\":\"SALE\",\"state\":\"rejected\"}],"
        "\"pagination\":{\"currentPage\":1,\"totalPages\":2,\"totalItems\":3,\"hasNextPage\":true,"
        "\"hasPreviousPage\":false}}}}");
    assert_string_equal(ask_query("{getCallCenterRecords(pagination:{page:2,pageSize:2}){items{uuid} total pages "
                                  "pagination{pageSize hasNextPage hasPreviousPage}}}"),
                        "{\"data\":{\"getCallCenterRecords\":{\"items\":[{\"uuid\":\"a\"}],\"total\":3,\"pages\":2,"
                        "\"pagination\":{\"pageSize\":2,\"hasNextPage\":false,\"hasPreviousPage\":true}}}}");
    assert_string_equal(ask_query("{getCallCenterRecords{total}}"),
                        "{\"data\":{\"getCallCenterRecords\":{\"total\":3}}}");
}

static void test_records_can_be_filtered_and_sorted(void **state)
{
    static const struct {
        const char *arguments, *ids;
    } rows[] = {
        { "filters:{}", "c b a" },
        { "filters:null pagination:null", "c b a" },
        { "filters:{profile:\"tenant\"}", "c" },
        { "filters:{direction:INBOUND}", "c b a" },
        { "filters:{direction:OUTBOUND}", "" },
        { "filters:{direction:LOCAL}", "" },
        { "filters:{disposition:SALE}", "c b a" },
        { "filters:{callStatus:SALE}", "" },
        { "filters:{status:\"NO ANSWER\"}", "" },
        { "filters:{callStatus:answered}", "c b a" },
        { "filters:{result:busy}", "" },
        { "filters:{campaign:\"CAMP\"}", "c a" },
        { "filters:{agent:\"6001\"}", "c b a" },
        { "filters:{agent:\"6002\"}", "" },
        { "filters:{state:rejected}", "c b" },
        { "filters:{recording:none}", "c b a" },
        { "filters:{search:\"345678\"}", "c b a" },
        { "filters:{destinationNumber:\"849\" callerIdNumber:\"\"}", "c b a" },
        { "filters:{callerIdNumber:\"777\"}", "" },
        { "filters:{domain:\"pbx\"}", "" },
        { "pagination:{sortOrder:ASC}", "a b c" },
        { "pagination:{sortBy:\"endTime\" sortOrder:\"desc\"}", "c b a" },
        { "pagination:{sortBy:\"campaign\" sortOrder:asc}", "b a c" },
        { "pagination:{page:9}", "" },
        { "pagination:{page:null limit:null sortBy:null}", "c b a" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = mem_format("{getCallCenterRecords(%s){items{uuid}}}", rows[i].arguments), ids[100] = "";
        struct json *json = json_parse(ask_query(query));
        const struct json *page = json_member(json_member(json, "data"), "getCallCenterRecords");
        const struct json *at = json_first(json_member(page, "items"));
        for (; at != NULL; at = json_next(at))
            (void)snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", *ids != '\0' ? " " : "",
                           json_text(at, "uuid"));
        unit_same_text(rows[i].arguments, ids, rows[i].ids);
        json_free(json);
        free(query);
    }
}

static void test_what_no_profile_or_run_has_is_an_error(void **state)
{
    (void)state;
    unit_has("profile", ask_query("{getCallCenterRecords(filters:{profile:\"x\"}){total}}"), "no such profile");
    unit_has("kind", ask_query("{getCallCenterSyncLogs(kind:\"sweep\"){id}}"), "kind must be poll, backfill,");
    unit_has("number", ask_query("{getCallCenterRecords(filters:{search:\"x\"}){total}}"), "number takes");
    unit_has("times", ask_query("{getCallCenterRecords(filters:{from:\"2026-01-04\" to:\"2026-01-02\"}){total}}"),
             "from must not be later");
}

static void test_a_domain_stands_for_its_profile(void **state)
{
    (void)state;
    params_add(&profiles.list[1].config.source_params, "domain", "pbx", "here");
    unit_has("its calls", ask_query("{getCallCenterRecords(filters:{domain:\"PBX\"}){items{uuid domain} total}}"),
             "{\"items\":[{\"uuid\":\"c\",\"domain\":\"pbx\"}],\"total\":1}");
    unit_has("the same profile",
             ask_query("{getCallCenterRecords(filters:{domain:\"pbx\" profile:\"tenant\"}){total}}"), "{\"total\":1}");
    unit_has("another profile",
             ask_query("{getCallCenterRecords(filters:{domain:\"pbx\" profile:\"default\"}){total items{uuid}}}"),
             "{\"total\":0,\"items\":[]}");
    unit_has("another domain", ask_query("{getCallCenterRecords(filters:{domain:\"x\"}){total pages}}"),
             "{\"total\":0,\"pages\":0}");
    unit_has("no domain", ask_query("{getCallCenterRecordById(id:\"a\"){domain}}"), "{\"domain\":null}");
}

/* The calls of the scene ended in 1970, which no time that people write can be. */
static void test_records_of_a_stretch_of_time(void **state)
{
    static const struct {
        const char *filters, *ids;
    } rows[] = {
        { "from:\"2026-01-02\"", "[{\"uuid\":\"e\"},{\"uuid\":\"d\"}]" },
        { "to:\"2026-01-02\" from:\"2026-01-02\"", "[{\"uuid\":\"d\"}]" },
        { "to:\"2026-01-02T10:00:00Z\" from:\"2026-01-02T10:00:00.000Z\"", "[{\"uuid\":\"d\"}]" },
        { "to:\"2026-01-02T09:59:59Z\" from:\"2026-01-01\"", "[]" },
        { "startDateFrom:\"2026-01-02T10:00:01Z\"", "[{\"uuid\":\"e\"}]" },
        { "startDateFrom:\"1767348000\" startDateTo:\"1767348000\"", "[{\"uuid\":\"d\"}]" },
    };
    (void)state;
    put_call(0, "d", 1767348000, CALL_ACCEPTED, "CAMP"); /* 2026-01-02 10:00 UTC */
    put_call(0, "e", 1767434400, CALL_ACCEPTED, "CAMP");
    feed_all();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = mem_format("{getCallCenterRecords(filters:{%s}){items{uuid}}}", rows[i].filters);
        unit_has(rows[i].filters, ask_query(query), rows[i].ids);
        free(query);
    }
    unit_has("times", ask_query("{getCallCenterRecordById(id:\"default/d\"){startTime endTime}}"),
             "{\"startTime\":\"2026-01-02T09:59:15+00:00\",\"endTime\":\"2026-01-02T10:00:00+00:00\"}");
}

static void test_wrong_arguments_say_what_is_right(void **state)
{
    static const struct {
        const char *arguments, *message;
    } rows[] = {
        { "pagination:{page:0}", "page must be 1 or more" },
        { "pagination:{limit:0}", "pageSize must be from 1 to 1000" },
        { "pagination:{pageSize:1001}", "pageSize must be from 1 to 1000" },
        { "pagination:{sortBy:\"what\"}", "sortBy must be" },
        { "pagination:{sortOrder:up}", "sortOrder must be ASC or DESC" },
        { "filters:{search:\"1\" number:\"2\"}", "give only one of search" },
        { "filters:{state:what}", "state is" },
        { "filters:{from:\"soon\"}", "expected a value of type DateTime, found \\\"soon\\\"" },
        { "filters:{direction:UP}", "expected a value of type CallDirection, found UP" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = mem_format("{getCallCenterRecords(%s){items{uuid}}}", rows[i].arguments);
        unit_has(rows[i].arguments, ask_query(query), rows[i].message);
        free(query);
    }
}

static void test_one_record_is_found_by_its_id(void **state)
{
    (void)state;
    put_recording(1, "c", RECORDINGS_STORED, "x");
    feed_all();
    unit_has("with profile",
             ask_query("{getCallCenterRecordById(id:\"tenant/c\"){uuid reason answerCode recording "
                       "recordPath rawData}}"),
             "{\"uuid\":\"c\",\"reason\":\"the number " NUMBER
             " is unknown\",\"answerCode\":422,\"recording\":\"stored\","
             "\"recordPath\":\"/api/v1/recordings/tenant/c/audio\",\"rawData\":null}");
    unit_has("without", ask_query("{getCallCenterRecordById(id:\"c\"){id recordPath}}"), "{\"id\":\"tenant/c\"");
    unit_has("in the first profile", ask_query("{getCallCenterRecordById(id:\"a\"){id recordPath}}"),
             "{\"id\":\"default/a\",\"recordPath\":null}");
    unit_has("none", ask_query("{getCallCenterRecordById(id:\"x\"){id}}"), "{\"getCallCenterRecordById\":null}");
    unit_has("not there", ask_query("{getCallCenterRecordById(id:\"tenant/a\"){id}}"),
             "{\"getCallCenterRecordById\":null}");
    unit_has("no such profile", ask_query("{getCallCenterRecordById(id:\"x/y\"){id}}"),
             "{\"getCallCenterRecordById\":null}");
}

static void test_a_recording_has_an_address_of_this_server(void **state)
{
    (void)state;
    put_call(1, "a b/\xC3\xA9", 4000, CALL_ACCEPTED, "CAMP");
    put_recording(1, "a b/\xC3\xA9", RECORDINGS_STORED, "x");
    feed_all();
    unit_has("encoded", ask_query("{getCallCenterRecordById(id:\"tenant/a b/\\u00e9\"){recordPath}}"),
             "{\"recordPath\":\"/api/v1/recordings/tenant/a%20b%2F%C3%A9/audio\"}");
}

/* The default profile masks numbers, and tenant does not. */
static void test_a_viewer_sees_masked_numbers(void **state)
{
    static const char query[] =
        "{getCallCenterRecords(filters:{profile:\"default\"}){items{number callerId callerIdNumber reason}}}";
    (void)state;
    unit_has("admin", ask_query(query), NUMBER);
    const char *answer = ask_as(ROLE_VIEWER, true, query, NULL);
    unit_lacks("viewer", answer, NUMBER);
    unit_has("viewer", answer, "\"number\":\"*******5678\"");
    unit_has("viewer", answer, "\"callerIdNumber\":\"*******5678\"");
    unit_has("tenant", ask_as(ROLE_VIEWER, true, "{getCallCenterRecordById(id:\"tenant/c\"){number}}", NULL), NUMBER);
    put_failed_run(0);
    static const char runs[] = "{getCallCenterSyncLogs{errorMessage} getCallCenterConfig{lastSyncError}}";
    unit_has("an admin sees a run's", ask_query(runs), NUMBER);
    answer = ask_as(ROLE_VIEWER, true, runs, NULL);
    unit_lacks("a run wrote it before masking was switched on", answer, NUMBER);
    unit_has("a run", answer, "\"lastSyncError\":\"1700000000.12, call 17.5: no *******5678\"");
    unit_has("a search by more than is shown",
             ask_as(ROLE_VIEWER, true, "{getCallCenterRecords(filters:{search:\"849123\"}){total}}", NULL), "errors");
    unit_has("a search by what is shown",
             ask_as(ROLE_VIEWER, true, "{getCallCenterRecords(filters:{search:\"5678\"}){total}}", NULL),
             "{\"total\":3}");
}

/* ---- runs and profiles ---- */

static void test_sync_logs_are_the_runs_of_a_profile(void **state)
{
    int64_t id = 0;
    (void)state;
    assert_int_equal(ledger_run_start(ledgers[0], "poll", &id, &err), 0);
    assert_int_equal(ledger_commit(ledgers[0], &err), 0);
    const char *answer = ask_query("{getCallCenterSyncLogs(pagination:{page:1,limit:10}){configId kind syncType status "
                                   "recordsFetched errorMessage completedAt fromDate}}");
    assert_string_equal(answer, "{\"data\":{\"getCallCenterSyncLogs\":[{\"configId\":\"default\",\"kind\":\"poll\","
                                "\"syncType\":\"SCHEDULED\",\"status\":\"running\",\"recordsFetched\":null,"
                                "\"errorMessage\":null,\"completedAt\":null,\"fromDate\":null}]}}");
    assert_int_equal(ledger_run_start(ledgers[0], "poll", &id, &err), 0); /* within the same second */
    assert_int_equal(ledger_commit(ledgers[0], &err), 0);
    unit_has("ids", ask_query("{getCallCenterSyncLogs{id}}"), "[{\"id\":\"default/2\"},{\"id\":\"default/1\"}]");
    unit_has("another profile", ask_query("{getCallCenterSyncLogs(profile:\"tenant\"){id}}"), ":[]");
    unit_has("another kind", ask_query("{getCallCenterSyncLogs(kind:\"backfill\"){id}}"), ":[]");
    unit_has("page 2", ask_query("{getCallCenterSyncLogs(pagination:{page:2}){id}}"), ":[]");
    unit_has("no profile", ask_query("{getCallCenterSyncLogs(profile:\"x\"){id}}"), "there is no such profile");
    unit_has("most", ask_query("{getCallCenterSyncLogs(pagination:{limit:500}){kind}}"),
             "[{\"kind\":\"poll\"},{\"kind\":\"poll\"}]");
    unit_has("too many", ask_query("{getCallCenterSyncLogs(pagination:{limit:501}){id}}"), "pageSize from 1 to 500");
    unit_has("none", ask_query("{getCallCenterSyncLogs(pagination:{limit:0}){id}}"), "pageSize from 1 to 500");
    unit_has("page 0", ask_query("{getCallCenterSyncLogs(pagination:{page:0}){id}}"), "page must be 1 or more");
}

static int64_t begin_action(const char *action, const char *given, int64_t began)
{
    const struct action_journal_row row = { .began = began, .user = "ann", .address = "local", .profile = "default",
                                            .action = action, .arguments = given };
    int64_t id = 0;
    assert_int_equal(action_journal_begin(served.journal, &row, &id, &err), 0);
    return id;
}

static void start_run(const char *kind, int64_t action)
{
    int64_t run = 0;
    ledger_set_action(ledgers[0], action);
    assert_int_equal(ledger_run_start(ledgers[0], kind, &run, &err), 0);
    assert_int_equal(ledger_commit(ledgers[0], &err), 0);
}

#define LOG(id) "{getCallCenterSyncLogs(id:\"" id "\"){id kind syncType status fromDate toDate errorMessage}}"

/* Goal: who starts a run over the page finds its log by the id that it got, from the first moment on. */
static void test_the_log_of_an_action_is_found_by_its_id(void **state)
{
    int64_t now = clock_now_epoch();
    (void)state;
    assert_int_equal(action_journal_open(unit_path(base, "journal.db"), &served.journal, &err), 0);
    assert_int_equal(begin_action("sync", "{}", now + 100), 1); /* later than the run: another journal counted that */
    assert_int_equal(begin_action("backfill", "{\"from\":\"1000000000\",\"to\":\"1000003600\"}", now - 1), 2);
    assert_int_equal(begin_action("sync", "{}", now), 3);
    unit_has("not begun yet", ask_query(LOG("default/action-2")),
             "[{\"id\":\"default/action-2\",\"kind\":\"backfill\",\"syncType\":\"MANUAL\",\"status\":\"running\","
             "\"fromDate\":\"2001-09-09T");
    start_run("poll", 1);
    start_run("backfill", 2);
    unit_has("list", ask_query("{getCallCenterSyncLogs{id syncType}}"),
             "[{\"id\":\"default/action-2\",\"syncType\":\"MANUAL\"},"
             "{\"id\":\"default/1\",\"syncType\":\"SCHEDULED\"}]");
    unit_has("by its id", ask_query(LOG("default/action-2")), "\"status\":\"running\",\"fromDate\":\"2001-09-09T");
    unit_has("a run", ask_query(LOG("default/1")), "[{\"id\":\"default/1\",\"kind\":\"poll\"");
    unit_has("of another profile", ask_query(LOG("tenant/action-2")), ":[]");
    unit_has("no action", ask_query(LOG("default/action-9")), ":[]");
    unit_has("no id", ask_query(LOG("7")), "id must be one that");
    unit_has("no profile", ask_query(LOG("x/7")), "there is no such profile");
    assert_int_equal(action_journal_line(served.journal, 3, "first", &err), 0);
    assert_int_equal(action_journal_line(served.journal, 3, "no ledger for " NUMBER, &err), 0);
    assert_int_equal(action_journal_end(served.journal, 3, now, 74, &err), 0);
    unit_has("it ended without a run", ask_query(LOG("default/action-3")),
             "\"status\":\"failed\",\"fromDate\":null,\"toDate\":null,\"errorMessage\":\"no ledger for " NUMBER "\"");
    unit_has("for a viewer", ask_as(ROLE_VIEWER, true, LOG("default/action-3"), NULL), "\"errorMessage\":null");
    action_journal_close(served.journal);
    served.journal = NULL;
}

static void test_a_config_is_a_profile_without_its_secrets(void **state)
{
    (void)state;
    assert_string_equal(ask_query("{getCallCenterConfig{id apiUrl domain apiKey source sink batchSize masksNumbers "
                                  "totalRecordsSynced rejected lastSyncAt createdAt updatedAt problem}}"),
                        "{\"data\":{\"getCallCenterConfig\":{\"id\":\"default\",\"apiUrl\":\"\",\"domain\":\"\","
                        "\"apiKey\":null,\"source\":\"vicidial\",\"sink\":\"did-optimizer\",\"batchSize\":500,"
                        "\"masksNumbers\":true,\"totalRecordsSynced\":1,\"rejected\":1,\"lastSyncAt\":null,"
                        "\"createdAt\":null,\"updatedAt\":null,"
                        "\"problem\":null}}}");
    unit_has("tenant", ask_query("{getCallCenterConfig(profile:\"tenant\"){id masksNumbers}}"),
             "{\"id\":\"tenant\",\"masksNumbers\":false}");
    unit_has("all", ask_query("{getCallCenterConfigs{id}}"), "[{\"id\":\"default\"},{\"id\":\"tenant\"}]");
    unit_has("none", ask_query("{getCallCenterConfig(profile:\"x\"){id}}"),
             "{\"data\":{\"getCallCenterConfig\":null},\"errors\":[{\"message\":\"there is no such profile: getCall");
    assert_int_equal(enabled_set(unit_path(base, "state"), false, &err), 0);
    unit_has("off", ask_query("{getCallCenterConfig{isActive syncMode cronExpression}}"),
             "{\"isActive\":false,\"syncMode\":\"MANUAL\",\"cronExpression\":null}");
    assert_int_equal(enabled_set(unit_path(base, "state"), true, &err), 0);
    unit_has("on", ask_query("{getCallCenterConfig{isActive syncMode cronExpression}}"),
             "{\"isActive\":true,\"syncMode\":\"SCHEDULED\",\"cronExpression\":\"* * * * *\"}");
}

/* ---- mutations ---- */

#define SYNC                                                                                                           \
    "mutation($input:SyncCallCenterInput){syncCallCenterData(input:$input){success syncLogId recordsFetched error}}"
#define UPDATE "mutation($input:UpdateCallCenterConfigInput!){updateCallCenterConfig(id:\"default\" input:$input){id}}"
#define CREATE "mutation($input:CreateCallCenterConfigInput!){createCallCenterConfig(input:$input){id}}"

static void test_mutations_become_actions(void **state)
{
    static const struct {
        const char *query, *variables, *done;
    } rows[] = {
        { SYNC, NULL, "default sync {}; " },
        { SYNC, "{\"input\":null}", "default sync {}; " },
        { SYNC, "{\"input\":{}}", "default sync {}; " },
        { SYNC, "{\"input\":{\"configId\":\"tenant\"}}", "tenant sync {}; " },
        { SYNC, "{\"input\":{\"fromDate\":\"\",\"toDate\":\"\"}}", "default sync {}; " },
        { SYNC, "{\"input\":{\"fromDate\":\"2026-01-01\",\"toDate\":\"2026-01-02\"}}",
          "default backfill {\"from\":\"2026-01-01T00:00:00+00:00\",\"to\":\"2026-01-02T23:59:59+00:00\"}; " },
        { SYNC, "{\"input\":{\"fromDate\":\"2026-01-01\",\"toDate\":\"2026-01-02\",\"fullSync\":true}}",
          "default backfill {\"from\":\"2026-01-01T00:00:00+00:00\",\"to\":\"2026-01-02T23:59:59+00:00\"}; " },
        { UPDATE, "{\"input\":{}}", "" },
        { UPDATE, "{\"input\":{\"batchSize\":500,\"cronExpression\":\"\",\"apiKey\":\"\",\"apiUrl\":\"\"}}", "" },
        { UPDATE, "{\"input\":{\"batchSize\":200}}",
          "default settings_set {\"key\":\"sync.batch_size\",\"value\":\"200\"}; " },
        { UPDATE, "{\"input\":{\"defaultDaysBack\":1}}", "" }, /* an hour is less than a day */
        { UPDATE, "{\"input\":{\"defaultDaysBack\":30}}",
          "default settings_set {\"key\":\"sync.first_run_lookback\",\"value\":\"2592000\"}; " },
        { UPDATE, "{\"input\":{\"isActive\":true,\"syncMode\":\"SCHEDULED\",\"cronExpression\":\"* * * * *\"}}", "" },
        { UPDATE, "{\"input\":{\"isActive\":false}}", "default disable {}; " },
        { UPDATE, "{\"input\":{\"syncMode\":\"MANUAL\",\"isActive\":true}}", "default disable {}; " },
        { "mutation{deleteCallCenterConfig(id:\"tenant\"){id}}", NULL, "tenant disable {}; " },
    };
    (void)state;
    assert_int_equal(enabled_set(unit_path(base, "state"), true, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_lacks(rows[i].variables, ask_as(ROLE_ADMIN, true, rows[i].query, rows[i].variables), "errors");
        unit_same_text(rows[i].variables, done, rows[i].done);
    }
    assert_string_equal(
        ask_as(ROLE_ADMIN, true, SYNC, NULL),
        "{\"data\":{\"syncCallCenterData\":{\"success\":true,\"syncLogId\":\"default/action-7\",\"recordsFetched\":0,"
        "\"error\":null}}}");
    assert_int_equal(enabled_set(unit_path(base, "state"), false, &err), 0);
    (void)ask_as(ROLE_ADMIN, true, UPDATE, "{\"input\":{\"isActive\":true}}");
    assert_string_equal(done, "default enable {}; ");
    (void)ask_as(ROLE_ADMIN, true, CREATE, "{\"input\":{\"batchSize\":200,\"isActive\":true}}");
    assert_string_equal(done, "default settings_set {\"key\":\"sync.batch_size\",\"value\":\"200\"}; "
                              "default enable {}; ");
}

/* The commands have only begun: a dashboard shows what it has just chosen. */
static void test_a_mutation_shows_the_settings_as_they_will_be(void **state)
{
    static const char fields[] = "batchSize defaultDaysBack isActive syncMode";
    static const struct {
        const char *mutation, *shown;
    } rows[] = {
        { "updateCallCenterConfig(id:\"default\" input:{batchSize:200 defaultDaysBack:30 isActive:false})",
          "{\"batchSize\":200,\"defaultDaysBack\":30,\"isActive\":false,\"syncMode\":\"MANUAL\"}" },
        { "updateCallCenterConfig(id:\"default\" input:{batchSize:200})",
          "{\"batchSize\":200,\"defaultDaysBack\":1,\"isActive\":true,\"syncMode\":\"SCHEDULED\"}" },
        { "deleteCallCenterConfig(id:\"default\")",
          "{\"batchSize\":500,\"defaultDaysBack\":1,\"isActive\":false,\"syncMode\":\"MANUAL\"}" },
    };
    (void)state;
    assert_int_equal(enabled_set(unit_path(base, "state"), true, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = mem_format("mutation{%s{%s}}", rows[i].mutation, fields);
        unit_has(rows[i].mutation, ask_query(query), rows[i].shown);
        free(query);
    }
}

static void test_what_is_wrong_changes_nothing(void **state)
{
    static const struct {
        const char *query, *variables, *message;
    } rows[] = {
        { SYNC, "{\"input\":{\"configId\":\"x\"}}", "there is no such profile" },
        { SYNC, "{\"input\":{\"fullSync\":true}}", "give fromDate and toDate" },
        { SYNC, "{\"input\":{\"fromDate\":\"2026-01-01\"}}", "give fromDate and toDate together" },
        { SYNC, "{\"input\":{\"fromDate\":\"2026-01-03\",\"toDate\":\"2026-01-01\"}}", "fromDate must not be after" },
        { SYNC, "{\"input\":{\"fromDate\":\"--help\",\"toDate\":\"2026-01-01\"}}", "errors" },
        { UPDATE, "{\"input\":{\"apiKey\":\"secret\",\"batchSize\":1}}", "a key cannot be set from here" },
        { UPDATE, "{\"input\":{\"batchSize\":1,\"cronExpression\":\"0 2 * * *\"}}", "cron starts a run each minute" },
        { UPDATE, "{\"input\":{\"batchSize\":1,\"apiUrl\":\"https://pbx:8080\"}}", "apiUrl and domain cannot be" },
        { UPDATE, "{\"input\":{\"batchSize\":1,\"domain\":\"d\"}}", "apiUrl and domain cannot be" },
        { UPDATE, "{\"input\":{\"batchSize\":0}}",
          "batchSize, which is batch_size in [sync]: '0' is not a whole number from 1 to 5000" },
        { UPDATE, "{\"input\":{\"batchSize\":100,\"defaultDaysBack\":400}}", "defaultDaysBack, which is" },
        { CREATE, "{\"input\":{\"domain\":\"d\"}}", "has a configuration already" },
        { "mutation{deleteCallCenterConfig(id:\"x\"){id}}", NULL, "there is no such profile" },
        { "mutation{updateCallCenterConfig(id:\"x\" input:{}){id}}", NULL, "there is no such profile" },
    };
    (void)state;
    assert_int_equal(enabled_set(unit_path(base, "state"), true, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *answer = ask_as(ROLE_ADMIN, true, rows[i].query, rows[i].variables);
        unit_has(rows[i].variables, answer, rows[i].message);
        unit_lacks(rows[i].variables, answer, "secret");
        unit_same_text(rows[i].variables, done, "");
    }
    refuses = true;
    unit_has("refused", ask_as(ROLE_ADMIN, true, SYNC, NULL),
             "{\"data\":null,\"errors\":[{\"message\":\"it did not work\"");
    refuses = false;
}

static void test_only_an_administrator_changes_something(void **state)
{
    static const char *const mutations[] = {
        "mutation{syncCallCenterData{success}}", "mutation{deleteCallCenterConfig(id:\"default\"){id}}",
        "mutation{updateCallCenterConfig(id:\"default\" input:{isActive:false}){id}}",
        "mutation{createCallCenterConfig(input:{isActive:false}){id}}",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(mutations); i++) {
        unit_has(mutations[i], ask_as(ROLE_VIEWER, true, mutations[i], NULL), "your user may not do this");
        unit_same_text(mutations[i], done, "");
        unit_has(mutations[i], ask_as(ROLE_NONE, true, mutations[i], NULL), "your user may not do this");
    }
    unit_has("no actor", ask_as(ROLE_ADMIN, false, mutations[0], NULL), "this page only shows");
}

/* ---- the schema itself ---- */

/* Each type that a table names exists, inputs have inputs alone, and names are used once. */
static void test_the_schema_is_whole(void **state)
{
    const struct graphql_schema *schema = &api_graphql_schema;
    (void)state;
    for (const struct graphql_type *type = schema->types; type->name != NULL; type++) {
        unit_true(type->name, graphql_type_of(schema, graphql_ref_of(type->name)) == type);
        for (const struct graphql_field *at = type->fields; at != NULL && at->name != NULL; at++) {
            unit_true(at->name, graphql_type_of(schema, graphql_ref_of(at->type)) != NULL);
            unit_true(at->name, graphql_field_of(schema, type, at->name) == at);
            for (const struct graphql_argument *in = at->arguments; in != NULL && in->name != NULL; in++)
                unit_true(in->name, graphql_type_is_input(graphql_type_of(schema, graphql_ref_of(in->type))));
        }
        for (const struct graphql_argument *at = type->inputs; at != NULL && at->name != NULL; at++) {
            unit_true(at->name, graphql_type_is_input(graphql_type_of(schema, graphql_ref_of(at->type))));
            unit_true(at->name, graphql_argument_of(type->inputs, at->name) == at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_api(test_a_request_is_a_json_object_with_a_query),
        with_api(test_a_new_client_learns_by_the_status_that_its_query_is_wrong),
        with_api(test_records_are_pages_of_calls_newest_first),
        with_api(test_records_can_be_filtered_and_sorted),
        with_api(test_what_no_profile_or_run_has_is_an_error),
        with_api(test_a_domain_stands_for_its_profile),
        with_api(test_records_of_a_stretch_of_time),
        with_api(test_wrong_arguments_say_what_is_right),
        with_api(test_one_record_is_found_by_its_id),
        with_api(test_a_recording_has_an_address_of_this_server),
        with_api(test_a_viewer_sees_masked_numbers),
        with_api(test_sync_logs_are_the_runs_of_a_profile),
        with_api(test_the_log_of_an_action_is_found_by_its_id),
        with_api(test_a_config_is_a_profile_without_its_secrets),
        with_api(test_mutations_become_actions),
        with_api(test_a_mutation_shows_the_settings_as_they_will_be),
        with_api(test_what_is_wrong_changes_nothing),
        with_api(test_only_an_administrator_changes_something),
        cmocka_unit_test(test_the_schema_is_whole),
    };
    (void)setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
