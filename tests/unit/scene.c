/* scene: runs with a source and a sink in memory, and a ledger, a checkpoint and a log in a temporary directory. */
#include <sqlite3.h>
#include <sys/mman.h>

#include "base/log.h"
#include "ledger/checkpoint.h"
#include "scene.h"

#define CRASHED 77

/* ---- steps ---- */

static struct scene *watched; /* the scene that counts the steps */

static void step(void)
{
    if (watched != NULL && ++watched->steps == watched->crash_at)
        _exit(CRASHED);
}

static int after_commit(void *context, sqlite3 *database, const char *name, int pages)
{
    (void)context;
    (void)database;
    (void)name;
    (void)pages;
    step();
    return SQLITE_OK;
}

static int before_commit(void *context)
{
    (void)sqlite3_wal_hook(context, after_commit, NULL); /* only now, because opening a database sets its own hook */
    step();
    return 0;
}

/* SQLite calls this function for each opened database. */
static int watch(sqlite3 *database, char **message, const void *routines)
{
    (void)message;
    (void)routines;
    (void)sqlite3_commit_hook(database, before_commit, database);
    return SQLITE_OK;
}

/* ---- the scene ---- */

static struct settings_sync usual_settings(void)
{
    static char empty[] = "";
    return (struct settings_sync){ .batch_size = 3, .time_budget = 50, .overlap = 120, .settle = 5, .poll_window = 3600,
                                   .first_run_lookback = 600, .sweep_window = 14400, .campaigns = empty,
                                   .exclude_campaigns = empty, .not_final = empty, .unsettled = empty,
                                   .resend_changed = true, .max_attempts = 3, .retry_base = 60, .retry_cap = 3600,
                                   .retention_days = 30, .rejected_retention_days = 90 };
}

int scene_enter(void **state)
{
    /* /dev/shm is fast: these tests commit hundreds of times, and a crashed process loses no page there. */
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK | X_OK) == 0)
        assert_int_equal(setenv("TMPDIR", "/dev/shm", 0), 0);
    void *directory = NULL;
    struct scene *scene = mmap(NULL, sizeof *scene, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (scene == MAP_FAILED || unit_create_directory(&directory) != 0)
        return -1;
    (void)snprintf(scene->directory, sizeof scene->directory, "%s", (char *)directory);
    (void)snprintf(scene->log, sizeof scene->log, "%s/log", scene->directory);
    free(directory);
    scene->calls.now = SCENE_NOW;
    scene->settings = usual_settings();
    scene->api = (struct settings_api){ .concurrency = 1, .max_concurrency = 1 };
    scene->dispositions = disposition_map_new();
    log_open(scene->log, LOG_TERMINAL_NONE);
    *state = scene;
    return 0;
}

int scene_leave(void **state)
{
    struct scene *scene = *state;
    void *directory = strdup(scene->directory);
    scene_close(scene);
    log_close();
    disposition_map_free(scene->dispositions);
    (void)munmap(scene, sizeof *scene);
    return unit_remove_directory(&directory);
}

void scene_begin_anew(struct scene *scene)
{
    static const char *const names[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm", "checkpoint" };
    scene_close(scene);
    for (size_t i = 0; i < UNIT_COUNT(names); i++)
        (void)remove(unit_path(scene->directory, names[i]));
    scene->calls.count = 0;
    scene->calls.now = SCENE_NOW;
    scene->sent_count = 0;
    scene->answer = NULL;
    scene->settings = usual_settings();
}

/* ---- calls ---- */

struct call *scene_add(struct scene *scene, const char *id, int64_t ended)
{
    struct memory_source *calls = &scene->calls;
    struct call added = *memory_source_add(calls, id, "SALE", ended);
    size_t at = calls->count - 1;
    for (; at > 0 && calls->calls[at - 1].ended > ended; at--) {
        calls->calls[at] = calls->calls[at - 1];
        calls->archived[at] = calls->archived[at - 1];
    }
    calls->calls[at] = added;
    calls->archived[at] = false;
    return &calls->calls[at];
}

void scene_add_many(struct scene *scene, const char *prefix, size_t count, int64_t first_end, int64_t step_sec)
{
    static char ids[MEMORY_SOURCE_MOST][32];
    for (size_t i = 0; i < count; i++) {
        char *id = ids[scene->calls.count];
        (void)snprintf(id, sizeof ids[0], "%s%zu", prefix, i);
        (void)scene_add(scene, id, first_end + (int64_t)i * step_sec);
    }
}

static size_t place_of(const struct scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->calls.count; i++)
        if (strcmp(scene->calls.calls[i].id, id) == 0)
            return i;
    fail_msg("no call %s", id);
    return 0;
}

struct call *scene_call(struct scene *scene, const char *id)
{
    return &scene->calls.calls[place_of(scene, id)];
}

void scene_archive(struct scene *scene, const char *id)
{
    scene->calls.archived[place_of(scene, id)] = true;
}

void scene_drop(struct scene *scene, const char *id)
{
    struct memory_source *calls = &scene->calls;
    size_t at = place_of(scene, id);
    calls->count--;
    for (size_t i = at; i < calls->count; i++) {
        calls->calls[i] = calls->calls[i + 1];
        calls->archived[i] = calls->archived[i + 1];
    }
}

void scene_pass(struct scene *scene, int64_t seconds)
{
    scene->calls.now += seconds;
    for (size_t i = 0; i < scene->calls.count; i++)
        scene->calls.calls[i].age += seconds;
}

/* ---- the sink ---- */

struct outcome scene_outcome(enum outcome_kind kind)
{
    static const int64_t codes[] = { [OUTCOME_ACCEPTED] = 201, [OUTCOME_REJECTED] = 422, [OUTCOME_RETRY] = 500,
                                     [OUTCOME_RATE_LIMITED] = 429, [OUTCOME_MISCONFIGURED] = 403 };
    struct outcome outcome = { .kind = kind, .code = codes[kind], .took_ms = 4.0 };
    if (kind != OUTCOME_ACCEPTED && kind != OUTCOME_SHOWN)
        (void)snprintf(outcome.reason, sizeof outcome.reason, "HTTP %d", (int)outcome.code);
    return outcome;
}

static struct outcome answer(void *context, size_t n, const struct sink_message *message)
{
    struct scene *scene = context;
    struct scene_sent *sent = &scene->sent[scene->sent_count];
    size_t nth = 0;
    bool known = false;
    (void)n;
    step(); /* a crash here loses the request */
    assert_true(scene->sent_count < SCENE_MOST);
    assert_int_equal(sscanf(message->body, "%31s %15s", sent->id, sent->status), 2);
    (void)snprintf(sent->key, sizeof sent->key, "%s", message->key);
    for (size_t i = 0; i < scene->sent_count; i++) {
        nth += strcmp(scene->sent[i].id, sent->id) == 0 ? 1 : 0;
        known = known || (scene->sent[i].accepted && strcmp(scene->sent[i].key, sent->key) == 0);
    }
    struct outcome outcome = scene->answer != NULL ? scene->answer(scene, sent, nth) : scene_outcome(OUTCOME_ACCEPTED);
    sent->accepted = outcome.kind == OUTCOME_ACCEPTED;
    outcome.known = sent->accepted && known;
    scene->sent_count++;
    step(); /* a crash here loses the answer */
    return outcome;
}

struct sink scene_sink(struct scene *scene, struct memory_sink *memory)
{
    *memory = (struct memory_sink){ .answer = answer, .context = scene };
    return memory_sink_open(memory);
}

/* ---- runs ---- */

struct ledger *scene_ledger(struct scene *scene)
{
    struct err err;
    if (scene->ledger == NULL &&
        ledger_open(scene->directory, scene->dry_run ? LEDGER_DRY_RUN : LEDGER_WRITE, &scene->ledger, NULL, &err) != 0)
        fail_msg("%s", err.message);
    return scene->ledger;
}

void scene_close(struct scene *scene)
{
    ledger_close(scene->ledger);
    scene->ledger = NULL;
}

void scene_break(struct scene *scene, const char *table)
{
    sqlite3 *database = NULL;
    char sql[80];
    (void)scene_ledger(scene);
    scene_close(scene);
    (void)snprintf(sql, sizeof sql, "DROP TABLE %s", table);
    assert_int_equal(sqlite3_open(unit_path(scene->directory, "ledger.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

void scene_run(struct scene *scene)
{
    scene_close(scene);
    scene_run_on(scene);
}

void scene_run_on(struct scene *scene)
{
    static struct memory_sink memory;
    struct source source = memory_source_open(&scene->calls);
    struct sink sink = scene_sink(scene, &memory);
    struct poll poll = { .route = { .source = &source, .ledger = scene_ledger(scene), .sink = &sink,
                                    .settings = &scene->settings, .dispositions = scene->dispositions },
                         .state_dir = scene->directory, .legacy = unit_path(scene->directory, "legacy"),
                         .profile_option = "", .api = &scene->api, .every = scene->every, .dry_run = scene->dry_run };
    poll_run(&poll, &scene->summary);
    scene_close(scene);
    memory_sink_free(&memory);
}

bool scene_run_apart(struct scene *scene, size_t crash_at)
{
    scene_close(scene);
    log_flush();
    pid_t child = fork();
    if (child == 0) {
        watched = scene;
        scene->steps = 0;
        scene->crash_at = crash_at;
        (void)sqlite3_auto_extension((void (*)(void))watch);
        scene_run(scene);
        _exit(0);
    }
    int code = unit_wait(child);
    scene->ledger = NULL; /* the ledger of the child, from the shared memory */
    assert_true(code == 0 || code == CRASHED);
    return code == 0;
}

struct engine scene_engine(struct scene *scene, const struct source *source, const struct sink *sink)
{
    scene->summary = (struct summary){ .stop = STOP_NONE };
    return (struct engine){ .route = { .source = source, .ledger = scene_ledger(scene), .sink = sink,
                                       .settings = &scene->settings, .dispositions = scene->dispositions },
                            .terms = { .deadline_ms = INT64_MAX },
                            .summary = &scene->summary, .pace = pace_start(1, 1), .run = 1,
                            .clock = clock_reading_from(scene->calls.now), .started_ms = clock_mono_ms() };
}

void scene_take(struct engine *engine, struct work *work, const struct call *call)
{
    struct err err;
    struct call_record record;
    assert_int_equal(ledger_find(engine->route.ledger, call->id, &record, &err), 0);
    work_add(work, call, &record, false);
}

void scene_revisit(struct engine *engine, struct work *work, const char *id, int64_t ended)
{
    struct err err;
    struct position position = position_at(ended, id);
    if (revisit_call(engine, &position, work, &err) != 0)
        fail_msg("%s", err.message);
}

/* ---- results ---- */

const char *scene_ids(const struct scene *scene, size_t first)
{
    static char text[SCENE_MOST * 33];
    size_t used = 0;
    *text = '\0';
    for (size_t i = first; i < scene->sent_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? " " : "", scene->sent[i].id);
    return text;
}

struct call_record scene_record(struct scene *scene, const char *id)
{
    struct call_record record;
    struct err err;
    if (ledger_find(scene_ledger(scene), id, &record, &err) != 0)
        fail_msg("%s", err.message);
    return record;
}

int64_t scene_note(struct scene *scene, const char *name)
{
    struct err err;
    int64_t value = 0;
    assert_int_equal(ledger_read_note(scene_ledger(scene), name, 0, &value, &err), 0);
    return value;
}

struct position scene_place(struct scene *scene, enum ledger_place which)
{
    struct err err;
    bool known = false;
    struct position position = position_at(0, "");
    assert_int_equal(ledger_read_place(scene_ledger(scene), which, &position, &known, &err), 0);
    return known ? position : position_at(0, "");
}

struct position scene_file(const struct scene *scene)
{
    struct err err;
    enum checkpoint_found found = CHECKPOINT_MISSING;
    struct position position = position_at(0, "");
    assert_int_equal(checkpoint_load(scene->directory, &found, &position, &err), 0);
    assert_int_not_equal(found, CHECKPOINT_DAMAGED);
    return found == CHECKPOINT_READ ? position : position_at(0, "");
}

void scene_check_log(const struct scene *scene, const char *row, const char *part)
{
    log_flush();
    char *text = unit_read(scene->log);
    unit_has(row, text, part);
    free(text);
}

size_t scene_count_log(const struct scene *scene, const char *part)
{
    log_flush();
    size_t count = 0;
    char *text = unit_read(scene->log);
    for (const char *at = text; at != NULL && (at = strstr(at, part)) != NULL; at++)
        count++;
    free(text);
    return count;
}
