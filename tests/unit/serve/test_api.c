/* Tests of the live page's API: what each handler answers, and what a viewer does not see. */
#include "api_scene.h"

#include "ledger/run_progress.h"
#include "ledger/step_failure.h"
#include "serve/api_call.h"
#include "serve/api_calls.h"
#include "serve/api_events.h"
#include "serve/api_recordings.h"
#include "serve/api_runs.h"
#include "serve/api_summary.h"

/* The whole stream, until it ends or has nothing to say. */
static char *drain(size_t size)
{
    char *all = mem_zero(1 << 20, 1);
    ssize_t length = 0;
    for (size_t used = 0; (length = reply.read(reply.context, all + used, size)) > 0;)
        used += (size_t)length;
    return all;
}

static void check_json(const char *what, const char *text)
{
    struct json *json = json_parse(text != NULL ? text : "");
    unit_true(what, json != NULL);
    json_free(json);
}

static void test_api_calls_lists_calls_with_their_number(void **state)
{
    (void)state;
    const char *text = get(api_calls, "size=2");
    check_json("calls", text);
    assert_int_equal(reply.status, 200);
    unit_has("calls", text, "\"total\":3");
    unit_has("calls", text, "\"profile\":\"tenant\",\"id\":\"c\",\"ended\":3000,\"direction\":\"inbound\",\"state\":"
                            "\"rejected\",\"status\":\"SALE\",\"result\":\"answered\",\"campaign\":\"CAMP\"");
    unit_has("calls", text, "\"number\":\"" NUMBER "\"");
    unit_lacks("calls", text, "\"next\":null");
    text = get(api_calls, "state=accepted&count=no");
    unit_has("filtered", text, "\"id\":\"a\"");
    unit_has("filtered", text, "\"total\":null");
    unit_has("filtered", text, "\"next\":null");
}

static void test_api_says_what_is_wrong_with_a_request(void **state)
{
    static const struct {
        api_handler *handler;
        const char *query, *say;
    } rows[] = {
        { api_calls, "size=0", "size must be" },
        { api_calls, "size=x", "size must be" },
        { api_calls, "size=1001", "size must be" },
        { api_calls, "page=0", "page must be" },
        { api_calls, "from=soon", "from must be" },
        { api_calls, "to=-1", "to must be" },
        { api_calls, "sort=id", "sort must be" },
        { api_calls, "order=up", "order must be" },
        { api_calls, "state=x", "state is" },
        { api_calls, "after=x", "after must be" },
        { api_calls, "number=abc", "number takes" },
        { api_calls, "from=2000&to=1000", "from must not be later" },
        { api_calls, "count=perhaps", "count must be" },
        { api_calls_csv, "number=84a", "number takes" },
        { api_calls_csv, "from=2&to=1", "from must not be later" },
        { api_recordings, "recording=x", "recording is" },
        { api_recordings, "from=2&to=1", "from must not be later" },
        { api_runs, "kind=sweep", "kind must be" },
        { api_charts, "from=2&to=1", "from must not be later" },
        { api_calls_csv, "direction=x", "direction is" },
        { api_runs, "page=x", "page must be" },
        { api_charts, "by=year", "by must be" },
        { api_charts, "by=hour&from=0", "too long" },
        { api_rejected, "size=x", "size must be" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *text = get(rows[i].handler, rows[i].query);
        unit_same_int(rows[i].query, reply.status, 400);
        check_json(rows[i].query, text);
        unit_has(rows[i].query, text, "{\"error\":{\"code\":\"bad_request\",\"message\":\"");
        unit_has(rows[i].query, text, rows[i].say);
    }
}

/* The one list of everything that leaves, for a viewer. */
static void test_api_hides_numbers_from_viewers_where_masking_is_on(void **state)
{
    static const struct {
        api_handler *handler;
        const char *query, *profile, *id;
    } rows[] = {
        { api_calls, "profile=default", NULL, NULL },
        { api_rejected, "profile=default", NULL, NULL },
        { api_recordings, "profile=default&state=stored", NULL, NULL },
        { api_call, "", "default", "a" },
        { api_call, "", "default", "b" },
        { api_summary, "", NULL, NULL },
        { api_runs, "profile=default", NULL, NULL }, /* the run wrote it before masking was switched on */
        { api_choices, "", NULL, NULL },
    };
    (void)state;
    put_recording(0, "b", RECORDINGS_STORED, "https://example.com/" NUMBER ".mp3");
    put_failed_run(0);
    const struct err failed_step = { .code = 78, .message = "no " NUMBER };
    assert_int_equal(step_failure_note(ledgers[0], STEP_AFTER, &failed_step, &err), 0);
    assert_int_equal(ledger_commit(ledgers[0], &err), 0);
    feed_all();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *text = ask(rows[i].handler, rows[i].query, true, rows[i].profile, rows[i].id);
        unit_same_int(rows[i].query, reply.status, 200);
        unit_lacks("viewer", text, NUMBER);
        unit_lacks("viewer", text, "84912");
    }
    unit_has("the last digits show", ask(api_calls, "profile=default", true, NULL, NULL), "\"number\":\"*******5678\"");
    unit_has("admins see a run's", ask(api_runs, "profile=default", false, NULL, NULL), NUMBER);
    unit_has("a run", ask(api_runs, "profile=default", true, NULL, NULL), "call 17.5: no *******5678");
    unit_has("a run", ask(api_runs, "profile=default", true, NULL, NULL), "1700000000.12");
    unit_has("admins see it", ask(api_calls, "profile=default", false, NULL, NULL), NUMBER);
    unit_has("this profile does not mask", ask(api_calls, "profile=tenant", true, NULL, NULL), NUMBER);
    (void)ask(api_calls_csv, "profile=default", true, NULL, NULL);
    char *csv = drain(7);
    unit_lacks("csv", csv, "84912");
    unit_has("csv", csv, "*******5678");
    free(csv);
}

/* The administrator edits the file by hand. */
static void test_api_follows_the_file_of_the_settings(void **state)
{
    (void)state;
    profiles_read_changed(&profiles);
    unit_has("not masked", ask(api_calls, "profile=tenant", true, NULL, NULL), NUMBER);
    unit_write(unit_path(base, "profiles.d/tenant.conf"), "[log]\nmask_phone = yes\n");
    profiles_read_changed(&profiles);
    unit_lacks("masked", ask(api_calls, "profile=tenant", true, NULL, NULL), NUMBER);
    unit_write(unit_path(base, "profiles.d/tenant.conf"), "");
    profiles_read_changed(&profiles);
    unit_has("not masked any more", ask(api_calls, "profile=tenant", true, NULL, NULL), NUMBER);
}

static void test_api_lets_viewers_search_only_what_they_see(void **state)
{
    (void)state;
    unit_has("last digits", ask(api_calls, "number=5678", true, NULL, NULL), "\"total\":3");
    unit_has("first digits", ask(api_calls, "number=8491", true, NULL, NULL), "\"total\":0");
    (void)ask(api_calls, "number=45678", true, NULL, NULL);
    assert_int_equal(reply.status, 400);
    (void)ask(api_calls, "sort=number", true, NULL, NULL);
    assert_int_equal(reply.status, 400);
    unit_has("profile that does not mask", ask(api_calls, "number=8491&profile=tenant", true, NULL, NULL),
             "\"total\":1");
    unit_has("admin", ask(api_calls, "number=8491", false, NULL, NULL), "\"total\":3");
}

static void test_api_csv_has_every_call_once_and_no_formula(void **state)
{
    (void)state;
    for (int i = 0; i < 1200; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "x%04d", i);
        put_call(1, id, 5000 + i / 7, CALL_ACCEPTED, "CAMP");
    }
    feed_all();
    (void)get(api_calls_csv, "profile=tenant");
    assert_int_equal(reply.status, 200);
    char *csv = drain(1000), name[24];
    for (int i = 0; i < 1200; i++) {
        (void)snprintf(name, sizeof name, ",\"x%04d\",", i);
        const char *found = strstr(csv, name);
        unit_true(name, found != NULL && strstr(found + 1, name) == NULL);
    }
    unit_lacks("other profile", csv, "\"a\"");
    free(csv);
    (void)get(api_calls_csv, "profile=default&state=rejected");
    csv = drain(1);
    unit_has("formula", csv, ",\"'=1+1\"\"\",");
    unit_has("ends with a line end", csv, ",422\r\n");
    free(csv);
    static const char *const rows[][2] = {
        { "+49301234567", ",\"+49301234567\"," }, /* a telephone number */
        { "+1+cmd|x", ",\"'+1+cmd|x\"," }, { "+", ",\"'+\"," },         { "-1+1", ",\"'-1+1\"," },
        { "@SUM(1)", ",\"'@SUM(1)\"," },   { "\t=1", ",\"'\t=1\"," },   { "\r=1", ",\"'\r=1\"," },
    };
    for (int i = 0; i < (int)UNIT_COUNT(rows); i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "formula%d", i);
        put_call(0, id, 9000 + i, CALL_ACCEPTED, rows[i][0]);
    }
    feed_all();
    (void)get(api_calls_csv, "profile=default&from=9000");
    csv = drain(1000);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_has(rows[i][0], csv, rows[i][1]);
    free(csv);
}

static void test_api_call_tells_the_story_of_one_call(void **state)
{
    (void)state;
    const char *text = ask(api_call, "", false, "default", "b");
    check_json("story", text);
    unit_has("story", text, "\"state\":\"rejected\"");
    unit_has("story", text, "\"story\":{\"uniqueid\":\"b\"");
    unit_has("story", text, "\"attempts\":[{");
    unit_has("story", text, "\"explanation\":\"");
    unit_has("story", text, NUMBER);
    unit_has("no recording", text, "\"file\":null");
    (void)ask(api_call, "", false, "default", "c");
    assert_int_equal(reply.status, 404);
    (void)ask(api_call, "", false, "nobody", "a");
    assert_int_equal(reply.status, 404);
    (void)ask(api_call, "", false, "default", "' OR 1=1 --");
    assert_int_equal(reply.status, 404);
}

static void test_api_summary_has_the_verdict_and_the_counts(void **state)
{
    (void)state;
    const char *text = get(api_summary, "");
    check_json("summary", text);
    unit_has("summary", text, "\"name\":\"default\",\"source\":\"vicidial\",\"sink\":\"did-optimizer\"");
    unit_has("summary", text, "\"name\":\"tenant\"");
    unit_has("summary", text, "\"verdict\":\"");
    unit_has("summary", text, "\"rejected\":1");
    unit_has("summary", text, "\"list\":{\"complete\":true,\"copied\":null,\"total\":null,");
    unit_has("summary", text, "\"calls\":2,\"accepted\":1");
    unit_has("summary", text, "\"list\":{\"complete\":true");
    unit_has("summary", text, "\"masks\":true");
    unit_lacks("one profile", get(api_summary, "profile=tenant"), "\"name\":\"default\"");
    (void)get(api_summary, "profile=nobody");
    assert_int_equal(reply.status, 404);
    unit_has("profiles", get(api_profiles, ""), "\"recordings\":\"directory\"");
}

static void test_api_summary_counts_the_last_hour_and_day(void **state)
{
    (void)state;
    int64_t now = clock_now_epoch();
    unit_has("old calls only", get(api_summary, "profile=default"),
             "\"calls_last_hour\":0,\"last_day\":{\"accepted\":0,\"rejected\":0}");
    put_call(0, "new", now - 60, CALL_ACCEPTED, "CAMP");
    put_call(0, "two hours", now - 7200, CALL_REJECTED, "CAMP");
    put_call(0, "two days", now - 2 * 86400, CALL_REJECTED, "CAMP");
    feed_all();
    unit_has("new calls", get(api_summary, "profile=default"),
             "\"calls_last_hour\":1,\"last_day\":{\"accepted\":1,\"rejected\":1}");
}

static void test_api_summary_shows_a_ledger_that_cannot_be_read(void **state)
{
    (void)state;
    ledger_close(ledgers[0]);
    ledgers[0] = NULL;
    assert_int_equal(unlink(unit_path(base, "state/ledger.db")), 0);
    const char *text = get(api_summary, "profile=default");
    check_json("summary", text);
    unit_has("summary", text, "\"problem\":\"there is no ledger");
    unit_has("a new installation", text, "\"enabled\":false");
    unit_write(unit_path(base, "state/enabled"), "yes\n");
    unit_has("before its first run", get(api_summary, "profile=default"), "\"enabled\":true");
    (void)ask(api_call, "", false, "default", "b");
    assert_int_equal(reply.status, 503);
}

static void test_api_runs_are_in_pages_and_of_a_kind(void **state)
{
    (void)state;
    int64_t run = 0;
    const struct ledger_run counts = { .found = 7, .accepted = 6 };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ledger_run_start(ledgers[0], i == 1 ? "backfill" : "poll", &run, &err), 0);
        if (i == 2)
            break; /* this one is still at work */
        assert_int_equal(ledger_run_finish(ledgers[0], run, &counts, &err), 0);
        assert_int_equal(ledger_commit(ledgers[0], &err), 0);
    }
    const char *text = get(api_runs, "profile=default&kind=backfill");
    check_json("runs", text);
    unit_has("runs", text, "\"runs\":[{\"kind\":\"backfill\",\"started\":");
    unit_has("runs", text, "\"found\":7,\"accepted\":6");
    unit_has("runs", text, "\"outcome\":\"succeeded\"");
    unit_lacks("runs", text, "\"poll\"");
    unit_has("page 2", get(api_runs, "size=1&page=2"), "\"backfill\"");
    unit_has("page 9", get(api_runs, "size=1&page=9"), "\"runs\":[]");
    unit_has("running", get(api_summary, "profile=default"), "\"running\":[{\"kind\":\"poll\"");
}

static void test_api_charts_add_up_the_calls(void **state)
{
    (void)state;
    const char *text = get(api_charts, "by=day&from=0&to=86400&offset=0");
    check_json("chart", text);
    unit_has("chart", text,
             "\"bars\":[{\"at\":0,\"calls\":3,\"states\":{\"accepted\":1,\"pending\":0,\"waiting\":0,"
             "\"rejected\":2,\"discarded\":0},\"directions\":{\"outbound\":0,\"inbound\":3,\"internal\":0},"
             "\"results\":[{\"result\":\"answered\",\"calls\":3}]}]");
    unit_has("profile", get(api_charts, "by=hour&from=0&to=86400&offset=0&profile=tenant"), "\"calls\":1,");
    unit_has("nothing yet", get(api_charts, "from=200000&to=300000"), "\"bars\":[]");
}

static void test_api_counts_reasons_and_offers_choices(void **state)
{
    (void)state;
    const char *text = get(api_rejected, "");
    check_json("reasons", text);
    unit_has("reasons", text, "\"profile\":\"tenant\",\"reason\":\"the number " NUMBER " is unknown\",\"calls\":1");
    text = get(api_choices, "");
    check_json("choices", text);
    unit_has("choices", text, "\"status\":[\"SALE\"],\"result\":[\"answered\"],\"campaign\":[\"=1+1\\\"\",\"CAMP\"],"
                              "\"agent\":[\"6001\"]");
}

static void test_api_range_is_read_as_browsers_write_it(void **state)
{
    static const struct {
        const char *range;
        enum api_range kind;
        int64_t from, length;
    } rows[] = {
        { NULL, API_RANGE_WHOLE, 0, 100 },
        { "bytes=0-", API_RANGE_PART, 0, 100 },
        { "bytes=10-19", API_RANGE_PART, 10, 10 },
        { "bytes=99-99", API_RANGE_PART, 99, 1 },
        { "bytes=90-1000", API_RANGE_PART, 90, 10 },
        { "bytes=-10", API_RANGE_PART, 90, 10 },
        { "bytes=-1000", API_RANGE_PART, 0, 100 },
        { "bytes=100-", API_RANGE_NONE, 0, 100 },
        { "bytes=-0", API_RANGE_NONE, 0, 100 },
        { "bytes=5-4", API_RANGE_WHOLE, 0, 100 },
        { "bytes=-", API_RANGE_WHOLE, 0, 100 },
        { "bytes=", API_RANGE_WHOLE, 0, 100 },
        { "bytes=0-1,5-6", API_RANGE_WHOLE, 0, 100 },
        { "bytes=1 -2", API_RANGE_WHOLE, 0, 100 },
        { "bytes=+1-2", API_RANGE_WHOLE, 0, 100 },
        { "lines=1-2", API_RANGE_WHOLE, 0, 100 },
        { "bytes=99999999999999999999-", API_RANGE_WHOLE, 0, 100 },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int64_t from = 0, length = 0;
        unit_same_int(rows[i].range, api_recordings_range(rows[i].range, 100, &from, &length), rows[i].kind);
        unit_same_int(rows[i].range, from, rows[i].from);
        unit_same_int(rows[i].range, length, rows[i].length);
    }
    int64_t from = 0, length = 0;
    assert_int_equal(api_recordings_range("bytes=0-", 0, &from, &length), API_RANGE_NONE); /* an empty file */
}

static void play(const char *id, const char *range, bool is_viewer)
{
    const struct request request = { .profile = "default", .id = id, .range = range,
                                     .role = is_viewer ? ROLE_VIEWER : ROLE_ADMIN };
    reply_free(&reply);
    api_recordings_audio(&api, &request, &reply);
}

static void test_api_plays_recordings_only_from_their_directory(void **state)
{
    (void)state;
    unit_write(unit_path(base, "sounds/a.mp3"), "0123456789");
    unit_write(unit_path(base, "secret"), "secret");
    assert_int_equal(symlink(unit_path(base, "secret"), unit_path(base, "sounds/link.mp3")), 0);
    put_recording(0, "a", RECORDINGS_STORED, unit_path(base, "sounds/a.mp3"));
    play("a", NULL, true);
    assert_int_equal(reply.status, 200);
    assert_true(reply.file >= 0);
    assert_int_equal(reply.length, 10);
    assert_string_equal(reply.type, "audio/mpeg"); /* not what the PBX said */
    play("a", "bytes=2-4", true);
    assert_int_equal(reply.status, 206);
    assert_int_equal(reply.from, 2);
    assert_int_equal(reply.length, 3);
    assert_string_equal(reply.headers[1].value, "bytes 2-4/10");
    play("a", "bytes=10-", true);
    assert_int_equal(reply.status, 416);
    const char *const outside[] = { "secret", "sounds/../secret", "sounds/link.mp3", "sounds", "sounds/missing" };
    for (size_t i = 0; i < UNIT_COUNT(outside); i++) {
        put_recording(0, "a", RECORDINGS_STORED, unit_path(base, outside[i]));
        play("a", NULL, false);
        unit_same_int(outside[i], reply.status, 404);
        unit_same_int(outside[i], reply.file, -1);
    }
    put_recording(0, "a", RECORDINGS_STORED, "https://example.com/x");
    play("a", NULL, false);
    assert_int_equal(reply.status, 302);
    assert_string_equal(reply.headers[0].value, "https://example.com/x");
    char *longest = mem_format("https://example.com/%01179d", 1);
    put_recording(0, "a", RECORDINGS_STORED, longest);
    play("a", NULL, false);
    assert_string_equal(reply.headers[0].value, longest); /* a part of it would lead elsewhere */
    free(longest);
    play("a", NULL, true);
    assert_int_equal(reply.status, 404); /* the address may show the number */
    put_recording(0, "a", RECORDINGS_STORED, "javascript:alert(1)");
    play("a", NULL, false);
    assert_int_equal(reply.status, 404);
    put_recording(0, "a", RECORDINGS_PENDING, NULL);
    play("a", NULL, false);
    assert_int_equal(reply.status, 409);
    play("b", NULL, false);
    assert_int_equal(reply.status, 404);
}

static void test_api_lists_recordings_with_their_files(void **state)
{
    (void)state;
    put_recording(0, "a", RECORDINGS_STORED, "https://example.com/x");
    put_recording(0, "b", RECORDINGS_REJECTED, NULL);
    feed_all();
    const char *text = get(api_recordings, "");
    check_json("recordings", text);
    unit_has("stored", text, "\"id\":\"a\"");
    unit_has("stored", text, "\"link\":\"https://example.com/x\"");
    unit_lacks("stored", text, "\"id\":\"b\"");
    unit_has("rejected", get(api_recordings, "state=rejected"), "\"id\":\"b\"");
    (void)get(api_recordings, "state=lost");
    assert_int_equal(reply.status, 400);
}

static void test_api_events_tell_changes_and_runs(void **state)
{
    (void)state;
    int64_t run = 0;
    (void)get(api_events, "");
    char *said = drain(5);
    unit_has("begins", said, "retry: 3000\n\n");
    free(said);
    (void)get(api_events, "");
    said = mem_zero(10000, 1);
    assert_true(reply.read(reply.context, said, 9999) > 0);
    assert_true(reply.read(reply.context, said, 9999) > 0);
    unit_has("the first look", said, "event: changed\ndata: {\"changes\":");
    unit_has("the first look", said, "event: running\ndata: {\"profiles\":[{\"name\":\"default\",\"running\":[]}");
    assert_int_equal(reply.read(reply.context, said, 9999), 0); /* nothing new */
    assert_int_equal(ledger_run_start(ledgers[0], "backfill", &run, &err), 0);
    memset(said, 0, 10000);
    while (reply.read(reply.context, said, 9999) == 0) /* it looks once a second */
        (void)usleep(10000);
    unit_has("a run began", said, "\"running\":[{\"kind\":\"backfill\"");
    unit_has("a run began", said, "\"calls\":0}\n\n");
    /* How far it has come: the count of calls since the run began goes on. */
    changes += 5;
    const struct run_progress progress = { .run = run, .from = 1000, .to = 2000, .reached = 1500, .permille = 500,
                                           .at = 1600 };
    assert_int_equal(run_progress_write(ledgers[0], &progress, &err), 0);
    assert_int_equal(ledger_commit(ledgers[0], &err), 0);
    memset(said, 0, 10000);
    while (reply.read(reply.context, said, 9999) == 0)
        (void)usleep(10000);
    unit_has("progress", said,
             "\"progress\":{\"from\":1000,\"to\":2000,\"reached\":1500,\"permille\":500,\"at\":1600}");
    unit_has("progress", said, "\"calls\":5}\n\n");
    assert_int_equal(run_progress_forget(ledgers[0], &err), 0);
    assert_int_equal(ledger_commit(ledgers[0], &err), 0);
    memset(said, 0, 10000);
    while (reply.read(reply.context, said, 9999) == 0)
        (void)usleep(10000);
    unit_has("no progress", said, "\"progress\":null");
    unit_lacks("no call changed", said, "event: changed");
    unit_has("no progress", said, "\"calls\":5}\n\n");
    api.stream_ms = 0; /* what was said before is heard; then it ends */
    assert_int_equal(reply.read(reply.context, said, 9999), -1);
    (void)get(api_events, "");
    assert_true(reply.read(reply.context, said, 9999) > 0);
    assert_int_equal(reply.read(reply.context, said, 9999), -1);
    free(said);
}

/* ---- the description of the API ---- */

static const struct json *member_at(const struct json *json, const char *const *names)
{
    for (; json != NULL && *names != NULL; names++)
        json = json_member(json, *names);
    return json;
}

/* The schema itself, where `schema` refers to one. */
static const struct json *resolve(const struct json *document, const struct json *schema)
{
    static const char start[] = "#/components/schemas/";
    const char *name = json_text(schema, "$ref");
    if (name == NULL)
        return schema;
    assert_int_equal(strncmp(name, start, sizeof start - 1), 0);
    const char *const path[] = { "components", "schemas", name + sizeof start - 1, NULL };
    schema = member_at(document, path);
    unit_true(name, schema != NULL);
    return schema;
}

/* Every member that the schema requires is there, and so within the first element of each list. */
static void check_schema(const char *path, const struct json *document, const struct json *schema,
                         const struct json *answer)
{
    schema = resolve(document, schema);
    const struct json *required = json_member(schema, "required");
    for (const struct json *name = json_first(required); name != NULL; name = json_next(name)) {
        char *text = json_text_or_number(name), place[200];
        const struct json *property = json_member(json_member(schema, "properties"), text);
        const struct json *value = json_member(answer, text);
        (void)snprintf(place, sizeof place, "%s: %s", path, text);
        unit_true(place, property != NULL && value != NULL);
        const struct json *items = json_member(resolve(document, property), "items");
        if (items != NULL && json_first(value) != NULL)
            check_schema(place, document, items, json_first(value));
        else if (!json_is_null(value))
            check_schema(place, document, property, value);
        free(text);
    }
}

static void test_api_answers_as_its_description_says(void **state)
{
    static const struct {
        const char *path, *query;
        api_handler *handler;
        const char *profile, *id;
    } rows[] = {
        { "/profiles", "", api_profiles, NULL, NULL },
        { "/summary", "", api_summary, NULL, NULL },
        { "/calls", "", api_calls, NULL, NULL },
        { "/calls/{profile}/{id}", "", api_call, "default", "a" },
        { "/choices", "", api_choices, NULL, NULL },
        { "/runs", "", api_runs, NULL, NULL },
        { "/charts", "from=0&to=86400", api_charts, NULL, NULL },
        { "/rejected", "", api_rejected, NULL, NULL },
        { "/recordings", "", api_recordings, NULL, NULL },
    };
    (void)state;
    int64_t run = 0;
    char *text = unit_read("packaging/serve/openapi.json");
    assert_non_null(text);
    struct json *document = json_parse(text);
    assert_non_null(document);
    assert_int_equal(ledger_run_start(ledgers[0], "poll", &run, &err), 0);
    put_recording(0, "a", RECORDINGS_STORED, "https://example.com/x");
    feed_all();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *const to_schema[] = { "paths", rows[i].path, "get", "responses", "200",
                                          "content", "application/json", "schema", NULL };
        const struct json *schema = member_at(document, to_schema);
        unit_true(rows[i].path, schema != NULL);
        struct json *answer = json_parse(ask(rows[i].handler, rows[i].query, false, rows[i].profile, rows[i].id));
        unit_true(rows[i].path, answer != NULL);
        check_schema(rows[i].path, document, schema, answer);
        json_free(answer);
    }
    json_free(document);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_api(test_api_calls_lists_calls_with_their_number),
        with_api(test_api_says_what_is_wrong_with_a_request),
        with_api(test_api_hides_numbers_from_viewers_where_masking_is_on),
        with_api(test_api_follows_the_file_of_the_settings),
        with_api(test_api_lets_viewers_search_only_what_they_see),
        with_api(test_api_csv_has_every_call_once_and_no_formula),
        with_api(test_api_call_tells_the_story_of_one_call),
        with_api(test_api_summary_has_the_verdict_and_the_counts),
        with_api(test_api_summary_counts_the_last_hour_and_day),
        with_api(test_api_summary_shows_a_ledger_that_cannot_be_read),
        with_api(test_api_runs_are_in_pages_and_of_a_kind),
        with_api(test_api_charts_add_up_the_calls),
        with_api(test_api_counts_reasons_and_offers_choices),
        with_api(test_api_range_is_read_as_browsers_write_it),
        with_api(test_api_plays_recordings_only_from_their_directory),
        with_api(test_api_lists_recordings_with_their_files),
        with_api(test_api_events_tell_changes_and_runs),
        with_api(test_api_answers_as_its_description_says),
    };
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
