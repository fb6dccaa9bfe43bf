/* api_scene: the API of two profiles with three calls, and a recording where a test wants one. */
#ifndef API_SCENE_H
#define API_SCENE_H

#include "../unit.h"

#include <getopt.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "ledger/recordings.h"
#include "ledger/records.h"
#include "serve/api.h"
#include "serve/view_feed.h"

/* Two profiles: the default one masks numbers, and tenant does not. */
static char base[300], view_path[320];
static char *arguments[10];
static struct options options;
static struct profiles profiles;
static struct ledger *ledgers[2];
static struct view_feed_profile sources[2];
static struct view_feed *feed;
static int64_t changes;
static struct api api;
static struct reply reply;
static struct err err;

#define NUMBER "84912345678"

static inline void put_call(int at, const char *id, int64_t ended, enum call_state state, const char *campaign)
{
    const struct call call = { .campaign = campaign, .number = NUMBER, .agent = "6001", .status = "SALE", .length = 45,
                               .direction = CALL_INBOUND };
    const struct ledger_attempt attempt = { .answer = 422, .took_ms = 80 };
    struct ledger_entry entry = { .uniqueid = id, .end_epoch = ended, .call = &call, .result = "answered",
                                  .attempt = &attempt, .due = ended + 60,
                                  .reason = state == CALL_ACCEPTED ? NULL : "the number " NUMBER " is unknown" };
    assert_int_equal(ledger_find(ledgers[at], id, &entry.record, &err), 0);
    entry.record.state = state;
    assert_int_equal(ledger_put(ledgers[at], &entry, &err), 0);
    assert_int_equal(ledger_commit(ledgers[at], &err), 0);
}

static inline void feed_all(void)
{
    for (bool busy = true; busy;)
        assert_int_equal(view_feed_step(feed, &busy, &err), 0);
    changes = view_feed_changes(feed);
}

static inline void put_recording(int at, const char *call, enum recordings_state state, const char *link)
{
    bool changed = false;
    assert_int_equal(recordings_expect(ledgers[at], call, "/pbx/out-" NUMBER ".mp3", 900, &changed, &err), 0);
    const struct recordings_row row = { .call = call, .state = state, .size = 10, .link = link,
                                        .content_type = "text/html" };
    assert_int_equal(recordings_put(ledgers[at], &row, &err), 0);
    assert_int_equal(ledger_commit(ledgers[at], &err), 0);
}

/* Its message has a number that belongs to none of its calls. */
static inline void put_failed_run(int at)
{
    const struct ledger_run counts = { .exit_code = EX_UNAVAILABLE,
                                       .message = "1700000000.12, call 17.5: no " NUMBER };
    int64_t run = 0;
    assert_int_equal(ledger_run_start(ledgers[at], "poll", &run, &err), 0);
    assert_int_equal(ledger_run_finish(ledgers[at], run, &counts, &err), 0);
    assert_int_equal(ledger_commit(ledgers[at], &err), 0);
}

static inline int enter(void **state)
{
    if (unit_create_directory(state) != 0)
        return -1;
    (void)snprintf(base, sizeof base, "%s", (char *)*state);
    (void)snprintf(view_path, sizeof view_path, "%s/view.db", base);
    (void)mkdir(unit_path(base, "state"), 0700);
    (void)mkdir(unit_path(base, "state/profiles"), 0700);
    (void)mkdir(unit_path(base, "state/profiles/tenant"), 0700);
    (void)mkdir(unit_path(base, "profiles.d"), 0700);
    (void)mkdir(unit_path(base, "sounds"), 0700);
    char *own = mem_format("[log]\nmask_phone = yes\n[recordings]\nupload = directory\nfolder = %s/sounds\n", base);
    unit_write(unit_path(base, "own.conf"), own);
    free(own);
    unit_write(unit_path(base, "profiles.d/tenant.conf"), "");
    const char *const words[] = { "did-optimizer-sync", "status", "--config", "own.conf", "--state-dir", "state",
                                  "--profiles-dir", "profiles.d" };
    for (size_t i = 0; i < UNIT_COUNT(words); i++)
        arguments[i] = strdup(i >= 3 && i % 2 == 1 ? unit_path(base, words[i]) : words[i]);
    optind = 0; /* makes getopt_long start again */
    if (options_parse((int)UNIT_COUNT(words), arguments, &options, &err) != 0)
        fail_msg("%s", err.message);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ledger_open(unit_path(base, i == 0 ? "state" : "state/profiles/tenant"), LEDGER_WRITE,
                                     &ledgers[i], NULL, &err),
                         0);
    profiles_load(&options, &profiles);
    assert_int_equal(profiles.count, 2);
    for (size_t i = 0; i < 2; i++)
        sources[i] = (struct view_feed_profile){ profiles.list[i].name, profiles.list[i].options.state_dir };
    put_call(0, "a", 1000, CALL_ACCEPTED, "CAMP");
    put_call(0, "b", 2000, CALL_REJECTED, "=1+1\"");
    put_call(1, "c", 3000, CALL_REJECTED, "CAMP");
    assert_int_equal(view_feed_open(view_path, sources, 2, &feed, &err), 0);
    feed_all();
    api = (struct api){ .profiles = &profiles, .view = view_open(view_path), .changes = &changes,
                          .stream_ms = 3600000 };
    reply_new(&reply);
    return 0;
}

static inline int leave(void **state)
{
    reply_free(&reply);
    view_close(api.view);
    view_feed_close(feed);
    profiles_free(&profiles);
    for (int i = 0; i < 2; i++)
        ledger_close(ledgers[i]);
    for (size_t i = 0; i < UNIT_COUNT(arguments); i++)
        free(arguments[i]);
    return unit_remove_directory(state);
}

#define with_api(test) cmocka_unit_test_setup_teardown(test, enter, leave)

/* A query "a=1&b=2", without escapes. */
static inline const char *query_value(const void *context, const char *name)
{
    static char values[16][200];
    static unsigned next;
    size_t length = strlen(name);
    for (const char *at = context; *at != '\0'; at += strcspn(at, "&"), at += *at == '&') {
        if (strncmp(at, name, length) != 0 || at[length] != '=')
            continue;
        char *value = values[next++ % 16];
        (void)snprintf(value, sizeof values[0], "%.*s", (int)strcspn(at + length + 1, "&"), at + length + 1);
        return value;
    }
    return NULL;
}

static inline const char *ask(api_handler *handler, const char *query, bool is_viewer, const char *profile,
                              const char *id)
{
    const struct request request = { .profile = profile, .id = id, .query = query_value, .context = query,
                                     .role = is_viewer ? ROLE_VIEWER : ROLE_ADMIN };
    reply_free(&reply);
    handler(&api, &request, &reply);
    return reply.text;
}

static inline const char *get(api_handler *handler, const char *query)
{
    return ask(handler, query, false, NULL, NULL);
}

#endif
