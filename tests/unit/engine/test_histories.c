/* Tests with random histories: rows appear late, end, change, get another id and vanish. Runs fail, crash at any step
 * and lose their ledger. At the end the sink has the content of each row. It never got a wrong status, or one that was
 * not final. */
#include "../scene.h"

#define HISTORIES 8
#define ROWS 24
#define HOUR 3600
#define HORIZON (4 * HOUR) /* this long after a row's begin, every status is final */
#define DAY_SEC (3 * HOUR) /* all rows begin within this time */
#define OVERLAP 300

/* The troubles in a history. */
enum troubles {
    ALL,      /* the sweep finds the rows that the poll misses */
    NO_SWEEP, /* runs crash and the API fails, but rows are not later than the overlap and do not change: the watch list
               * must not forget any call */
    NONE      /* nothing fails, so each call goes out with the first run after it became final */
};

/* These epochs decide the content of a row at any time. 0: never. */
struct row {
    char ids[2][16], lead[16];
    int64_t began, appears, ends, final, changes, renamed, vanishes;
};

struct history {
    struct scene *scene;
    enum troubles troubles;
    struct row rows[ROWS];
    uint64_t dice;
    size_t forgot[60], forgot_count; /* how many messages were sent before each crash or lost ledger */
    char name[48];
};

static struct history *played;

/* ---- random numbers ---- */

static int64_t roll(struct history *history, int64_t least, int64_t most)
{
    history->dice = history->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return least + (int64_t)((history->dice >> 33) % (uint64_t)(most - least + 1));
}

static bool happens(struct history *history, int percent)
{
    return roll(history, 1, 100) <= percent;
}

/* ---- rows ---- */

static void plan_change(struct history *history, struct row *row)
{
    if (happens(history, 15))
        row->changes = row->final + roll(history, 1, 1800);
    if (happens(history, 25))
        row->renamed = row->ends + roll(history, 0, 1) * 90;
    if (happens(history, 30))
        row->appears = row->began + roll(history, 1, 900);
}

static void plan_end(struct history *history, struct row *row)
{
    const int64_t lengths[] = { 0, 1, 60, 600, HOUR, 3 * HOUR };
    row->ends = row->began + roll(history, 0, lengths[roll(history, 0, UNIT_COUNT(lengths) - 1)]);
    row->final = happens(history, 50) ? row->ends : row->ends + roll(history, 1, 20 * 60);
    if (happens(history, 25))
        row->renamed = roll(history, row->began + 1, row->final > row->began ? row->final : row->began + 1);
    if (history->troubles != ALL && row->renamed > row->final)
        row->renamed = 0;
    if (history->troubles == ALL)
        plan_change(history, row);
    if (happens(history, 10))
        row->final = row->began + HORIZON; /* the agent never chooses a disposition */
}

static void plan_row(struct history *history, size_t i)
{
    struct row *row = &history->rows[i];
    *row = (struct row){ .began = SCENE_NOW + roll(history, 0, DAY_SEC) };
    (void)snprintf(row->ids[0], sizeof row->ids[0], "r%zu", i);
    (void)snprintf(row->ids[1], sizeof row->ids[1], "n%zu", i);
    (void)snprintf(row->lead, sizeof row->lead, "%zu", happens(history, 20) ? i / 2 : i); /* some rows share a lead */
    row->appears = row->began + (happens(history, 50) ? 0 : roll(history, 0, OVERLAP - 100));
    if (happens(history, 90))
        plan_end(history, row); /* the other rows never end */
    if (happens(history, 10))
        row->vanishes = row->began + roll(history, 1, 5000);
}

static bool is_there(const struct row *row, int64_t now)
{
    return now >= row->appears && (row->vanishes == 0 || now < row->vanishes);
}

static const char *id_of(const struct row *row, int64_t now)
{
    return row->ids[row->renamed != 0 && now >= row->renamed ? 1 : 0];
}

static bool has_ended(const struct row *row, int64_t now)
{
    return row->ends != 0 && now >= row->ends;
}

/* The status of an ended row. */
static const char *status_of(const struct row *row, int64_t now)
{
    if (now < row->final || row->final == row->began + HORIZON)
        return "DISPO";
    return row->changes != 0 && now >= row->changes ? "NI" : "SALE";
}

static void show_row(struct scene *scene, const struct row *row)
{
    int64_t now = scene->calls.now;
    struct call *call = memory_source_add(&scene->calls, id_of(row, now), "INCALL", 0);
    call->began = call->started = row->began;
    call->age = now - row->began;
    call->kin = row->lead;
    call->finality = CALL_NOT_ENDED;
    if (!has_ended(row, now))
        return;
    call->ended = row->ends;
    call->length = row->ends - row->began;
    call->status = status_of(row, now);
    call->finality = strcmp(call->status, "DISPO") == 0 ? CALL_NOT_FINAL : CALL_FINAL;
    call->wait_until = row->began + HORIZON;
}

/* Fills the source with the present rows. A scan hands out calls in the order of their begins. */
static void show(struct history *history)
{
    struct scene *scene = history->scene;
    scene->calls.count = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (is_there(&history->rows[i], scene->calls.now))
            show_row(scene, &history->rows[i]);
}

static int by_begin(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    return (left->began > right->began) - (left->began < right->began);
}

/* ---- runs ---- */

/* Sometimes the API fails. */
static struct outcome answers(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    bool fails = played->troubles != NONE && happens(played, 4);
    return scene_outcome(fails ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

/* Damages the ledger instead of deleting it, because without a ledger a run trusts the checkpoint file. */
static void lose_ledger(struct history *history)
{
    scene_close(history->scene);
    FILE *file = fopen(unit_path(history->scene->directory, "ledger.db"), "w");
    assert_non_null(file);
    for (int i = 0; i < 512; i++)
        (void)fputs("damaged ", file);
    assert_int_equal(fclose(file), 0);
    (void)remove(unit_path(history->scene->directory, "ledger.db-wal"));
}

static void forget(struct history *history)
{
    assert_in_range(history->forgot_count, 0, UNIT_COUNT(history->forgot) - 1);
    history->forgot[history->forgot_count++] = history->scene->sent_count;
}

/* Each sent content is the present content of its row, and is final. */
static void check_sent(const struct history *history, size_t first)
{
    const struct scene *scene = history->scene;
    for (size_t i = first; i < scene->sent_count; i++) {
        const struct scene_sent *sent = &scene->sent[i];
        const struct call *call = scene_call((struct scene *)scene, sent->id);
        unit_same_text(history->name, sent->status, call->status);
        unit_true(history->name, call->finality == CALL_FINAL ||
                                     (call->finality == CALL_NOT_FINAL && call->wait_until <= scene->calls.now));
    }
}

static const char *last_sent(const struct scene *scene, const char *id)
{
    const char *last = "";
    for (size_t i = 0; i < scene->sent_count; i++)
        if (strcmp(scene->sent[i].id, id) == 0 && scene->sent[i].accepted)
            last = scene->sent[i].status;
    return last;
}

/* Each call that has been final for settle seconds was sent. */
static void check_prompt(const struct history *history)
{
    const struct scene *scene = history->scene;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &history->rows[i];
        int64_t now = scene->calls.now, by = now - scene->settings.settle;
        if (!is_there(row, now) || row->ends == 0 || row->final > by || row->appears > by)
            continue;
        if (strcmp(last_sent(scene, id_of(row, now)), status_of(row, now)) != 0)
            fail_msg("%s, at %d: %s began %d, ended %d, was final at %d and is not sent", history->name,
                     (int)(now - SCENE_NOW), id_of(row, now), (int)(row->began - SCENE_NOW),
                     (int)(row->ends - SCENE_NOW), (int)(row->final - SCENE_NOW));
    }
}

static void run(struct history *history)
{
    struct scene *scene = history->scene;
    size_t before = scene->sent_count;
    show(history);
    if (history->troubles == ALL && happens(history, 2)) {
        lose_ledger(history);
        forget(history);
    }
    bool crashes = history->troubles != NONE && happens(history, 8);
    if (!crashes)
        scene_run(scene);
    else if (!scene_run_apart(scene, (size_t)roll(history, 1, 25)))
        forget(history);
    check_sent(history, before);
    if (history->troubles == NONE)
        check_prompt(history);
}

/* ---- the end ---- */

/* The program may send a call once more after a crash or a lost ledger. */
static bool is_excused(const struct history *history, size_t first, size_t again)
{
    for (size_t i = 0; i < history->forgot_count; i++)
        if (history->forgot[i] > first && history->forgot[i] <= again)
            return true;
    return false;
}

static void check_repeated(const struct history *history)
{
    const struct scene *scene = history->scene;
    for (size_t i = 0; i < scene->sent_count; i++) {
        size_t again = i + 1;
        while (again < scene->sent_count &&
               (strcmp(scene->sent[again].id, scene->sent[i].id) != 0 || !scene->sent[again].accepted))
            again++;
        if (scene->sent[i].accepted && again < scene->sent_count &&
            strcmp(scene->sent[again].status, scene->sent[i].status) == 0 && !is_excused(history, i, again))
            fail_msg("%s: %s was sent again as %s", history->name, scene->sent[i].id, scene->sent[i].status);
    }
}

static void check_arrived(const struct history *history)
{
    struct scene *scene = history->scene;
    for (size_t i = 0; i < scene->calls.count; i++) {
        const struct call *call = &scene->calls.calls[i];
        const char *last = last_sent(scene, call->id);
        if (strcmp(last, call->ended != 0 ? call->status : "") != 0)
            fail_msg("%s: %s began %d, ended %d, is %s; the sink has \"%s\"", history->name, call->id,
                     (int)(call->started - SCENE_NOW), (int)(call->ended - SCENE_NOW), call->status, last);
    }
}

static void play(struct history *history)
{
    struct scene *scene = history->scene;
    static const int64_t pauses[] = { 60, 60, 60, 60, 300, 300, 2400 };
    while (scene->calls.now < SCENE_NOW + DAY_SEC + 4 * HOUR) {
        scene_pass(scene, pauses[roll(history, 0, UNIT_COUNT(pauses) - 1)]);
        run(history);
    }
    scene->answer = NULL;
    for (int i = 0; i < 25; i++) {
        scene_pass(scene, 300);
        show(history);
        size_t before = scene->sent_count;
        scene_run(scene);
        unit_same_int(history->name, scene->summary.stop, STOP_NONE);
        check_sent(history, before);
    }
    check_arrived(history);
    check_repeated(history);
}

static void begin(struct history *history, uint64_t seed)
{
    static const char *const names[] = { [ALL] = "all troubles", [NO_SWEEP] = "no sweep", [NONE] = "no trouble" };
    struct scene *scene = history->scene;
    *history = (struct history){ .scene = scene, .troubles = history->troubles, .dice = seed * 7919 + 1 };
    (void)snprintf(history->name, sizeof history->name, "%s, history %d", names[history->troubles], (int)seed);
    for (size_t i = 0; i < ROWS; i++)
        plan_row(history, i);
    qsort(history->rows, ROWS, sizeof history->rows[0], by_begin);
    scene_begin_anew(scene);
    scene->calls.shows_open = true;
    scene->answer = answers;
    scene->settings.overlap = OVERLAP;
    scene->settings.sweep_interval = history->troubles == ALL ? 1800 : 0;
    scene->settings.sweep_window = 6 * HOUR;
    scene->settings.max_attempts = 100;
    scene->settings.retry_cap = 120;
    scene_run(scene);
}

/* HISTORY in the environment is the number of one history, or a count such as "+100". */
static void play_all(struct scene *scene, enum troubles troubles)
{
    static struct history history;
    const char *wanted = getenv("HISTORY");
    uint64_t first = 1, last = HISTORIES;
    if (wanted != NULL && *wanted != '+')
        first = strtoull(wanted, NULL, 10);
    if (wanted != NULL)
        last = *wanted == '+' ? strtoull(wanted + 1, NULL, 10) : first;
    history.scene = scene;
    history.troubles = troubles;
    played = &history;
    for (uint64_t seed = first; seed <= last; seed += UNIT_STRIDE) {
        begin(&history, seed);
        play(&history);
    }
}

static void test_the_last_status_of_each_call_arrives_whatever_happens(void **state)
{
    play_all(*state, ALL);
}

static void test_the_watch_list_forgets_no_call(void **state)
{
    play_all(*state, NO_SWEEP);
}

static void test_each_call_goes_out_with_the_first_run_after_it_became_final(void **state)
{
    play_all(*state, NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_the_last_status_of_each_call_arrives_whatever_happens),
        in_scene(test_the_watch_list_forgets_no_call),
        in_scene(test_each_call_goes_out_with_the_first_run_after_it_became_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
