/* sweep: reads the last hours again, a part in each run. */
#include <inttypes.h>

#include "base/log.h"
#include "engine/sweep.h"
#include "engine/walk.h"

/* A part of this many calls costs the dialer next to nothing; a larger one has at most this many for each new call. */
#define SMALL_PART 1000
#define CALLS_PER_NEW_CALL 1.5

/* A shorter time between two runs is no pause, even if it is longer than sweep_interval. */
#define NO_PAUSE_SEC 900

/* While a slow server is behind, its runs sweep nothing for hours. The second look would read all these calls in one
 * run; the sweep's parts come to the older ones. */
#define SECOND_LOOK_SEC 1800

struct part {
    struct sweep *sweep;
    int64_t from, to;  /* epochs */
    bool may_wait;     /* the next run may read the rest of this part */
    bool is_last;      /* the last part of its round: the next part begins at the start of the window */
    int64_t reached;   /* calls that began (ended) before this epoch have been read */
    int64_t found_new, found_changed;
    bool missed;       /* the poll should have found one of them */
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greatest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The length of a part in seconds; pause: seconds since the last part. After a pause, a part is at most a third of the
 * window; later runs read the rest. */
static int64_t length_of(const struct sweep *sweep, int64_t pause)
{
    const struct settings_sync *settings = sweep->engine->route.settings;
    int64_t elapsed = greatest(1, least(pause, settings->sweep_interval / 3));
    int64_t length = elapsed * settings->sweep_window / settings->sweep_interval + 1;
    if (sweep->density == 0)
        return length;
    int64_t share = (int64_t)(CALLS_PER_NEW_CALL * (double)elapsed);
    return least(length, greatest(SMALL_PART * 60 / sweep->density, share));
}

/* The last sweep; 0: unknown. A later time is from a clock that was set back. */
static int read_last(const struct sweep *sweep, int64_t *ret_last, struct err *err)
{
    if (ledger_read_note(sweep->engine->route.ledger, LEDGER_NOTE_LAST_SWEEP, 0, ret_last, err) != 0)
        return -1;
    if (*ret_last > engine_now(sweep->engine))
        *ret_last = 0;
    return 0;
}

static int find_part(struct sweep *sweep, int64_t last, struct part *ret_part, struct err *err)
{
    const struct settings_sync *settings = sweep->engine->route.settings;
    int64_t now = engine_now(sweep->engine), swept_to = 0;
    if (ledger_read_note(sweep->engine->route.ledger, LEDGER_NOTE_SWEPT_TO, 0, &swept_to, err) != 0)
        return -1;
    bool goes_on = last > 0 && swept_to > 0;
    int64_t pause = last > 0 ? now - last : 0, length = length_of(sweep, pause);
    *ret_part = (struct part){ .sweep = sweep, .from = goes_on ? swept_to : now - settings->sweep_window };
    if (pause >= settings->sweep_interval && pause >= NO_PAUSE_SEC) { /* calls read before the pause may have changed */
        int64_t again_from = last - settings->sweep_window;
        bool is_behind = goes_on && swept_to <= again_from; /* an earlier pause, or a pause before each run */
        ret_part->from = is_behind ? swept_to : again_from;
        length = is_behind ? greatest(length, pause) : length;
    }
    ret_part->to = ret_part->from + length;
    ret_part->is_last = ret_part->to >= sweep->before;
    ret_part->may_wait = true;
    return 0;
}

/* The calls that began `overlap` seconds ago: a row may be that late. After days without late rows, the poll reads much
 * less again. Then the first late rows would wait for a round of the sweep, which takes hours on a busy site. This
 * second look reads one call for each new call. False: the poll reads those calls already. */
static bool find_second_look(struct sweep *sweep, int64_t last, struct part *ret_part)
{
    int64_t overlap = sweep->engine->route.settings->overlap;
    int64_t to = least(engine_now(sweep->engine) - overlap, sweep->before - 1);
    int64_t from = greatest(last - overlap, to - SECOND_LOOK_SEC);
    *ret_part = (struct part){ .sweep = sweep, .from = from, .to = to };
    return source_shows_open(sweep->engine->route.source) && last > 0 && from <= to;
}

/* The last part has no end, because a clock may be ahead and date rows in the future. */
static struct source_range range_of(const struct part *part)
{
    const struct source *source = part->sweep->engine->route.source;
    struct source_range range = source_range_ended(source, SOURCE_LIVE, part->from, part->to);
    if (source_shows_open(source)) {
        range.call_from = part->from;
        range.call_to = part->is_last ? 0 : part->to;
        range.end_from = part->from - source->ops->after_end_sec - source_spread(source);
        range.end_to = part->sweep->ended_by;
        range.with_open = true; /* for rows that were written late and have not ended */
    } else if (part->is_last) {
        range.end_to = part->sweep->ended_by;
        range.call_to = 0;
    }
    range.end_to = least(range.end_to, part->sweep->ended_by);
    return range;
}

/* Rows that the poll of the next run will read: they were written after the poll of this run. */
static bool is_polls(void *context, const struct call *call)
{
    const struct part *part = context;
    return source_shows_open(part->sweep->engine->route.source) && !call->is_oddly_dated &&
           call->began >= part->sweep->before;
}

static void on_judged(void *context, const struct call *call, const struct call_record *record,
                      const struct decision *decision, bool in_scope)
{
    struct part *part = context;
    if (!in_scope || call_is_open(record) || decision->kind != DECISION_SEND)
        return;
    part->found_new += record->state == CALL_UNKNOWN ? 1 : 0;
    part->found_changed += record->state != CALL_UNKNOWN ? 1 : 0;
    part->missed = part->missed || (record->state == CALL_UNKNOWN && !call->is_oddly_dated);
}

static int on_reached(void *context, const struct walk_reached *reached, struct err *err)
{
    struct part *part = context;
    bool by_begin = source_shows_open(part->sweep->engine->route.source);
    int64_t before = by_begin ? reached->began_before : reached->position.end_epoch;
    (void)err;
    if (before > part->reached)
        part->reached = before;
    return 0;
}

static int save_place(const struct part *part, bool is_whole, struct err *err)
{
    struct engine *engine = part->sweep->engine;
    int64_t next = part->to + 1, swept_to = is_whole ? (part->is_last ? 0 : next) : least(part->reached, next);
    if (engine_note(engine, LEDGER_NOTE_SWEPT_TO, swept_to, err) != 0)
        return -1;
    return engine_note(engine, LEDGER_NOTE_LAST_SWEEP, engine_now(engine), err);
}

static int forget_place(struct engine *engine, struct err *err)
{
    int64_t last = 0;
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_LAST_SWEEP, 0, &last, err) != 0)
        return -1;
    if (last == 0)
        return 0;
    return engine_note(engine, LEDGER_NOTE_LAST_SWEEP, 0, err) == 0 ? engine_note(engine, LEDGER_NOTE_SWEPT_TO, 0, err)
                                                                    : -1;
}

/* Whether the last part was read so short a time ago that the source wants a rest. Three parts still make a round. */
static bool is_resting(const struct sweep *sweep, int64_t last)
{
    int64_t rest = least(sweep->engine->route.source->ops->sweep_rest_sec,
                         sweep->engine->route.settings->sweep_interval / 3);
    return last > 0 && engine_now(sweep->engine) - last < rest;
}

static int read_part(struct part *part, struct err *err)
{
    struct sweep *sweep = part->sweep;
    struct engine *engine = sweep->engine;
    int64_t found = 0;
    part->reached = part->from;
    struct walk walk = { .engine = engine,
                         .range = range_of(part),
                         .floor = sweep->floor,
                         .checkpoint = sweep->checkpoint,
                         .leaves_watched = true,
                         .must_pass = part->may_wait ? part->from : INT64_MAX,
                         .is_spare = true,
                         .note_before = sweep->note_before,
                         .is_left_out = is_polls,
                         .on_judged = on_judged,
                         .on_reached = on_reached,
                         .context = part };
    if (walk_run(&walk, &found, err) != 0)
        return -1;
    engine->summary->found += found;
    engine->tally.swept_new += part->found_new;
    engine->tally.swept_changed += part->found_changed;
    if (found > 0)
        log_info("🧹 Sweep found %" PRId64 " calls that were written late or changed", found);
    if (part->missed)
        late_missed(sweep->late, engine->route.settings->overlap);
    return 0;
}

int sweep_run(struct sweep *sweep, struct err *err)
{
    struct engine *engine = sweep->engine;
    struct part part;
    int64_t last = 0;
    if (engine->route.settings->sweep_interval == 0) /* when it is on again, it does not sweep the time before */
        return forget_place(engine, err);
    if (read_last(sweep, &last, err) != 0)
        return -1;
    if (is_resting(sweep, last))
        return 0;
    if (find_second_look(sweep, last, &part) && read_part(&part, err) != 0)
        return -1;
    if (engine->summary->stop != STOP_NONE) /* the next run reads the whole part */
        return 0;
    if (find_part(sweep, last, &part, err) != 0 || read_part(&part, err) != 0)
        return -1;
    bool is_whole = engine->summary->stop == STOP_NONE && source_may_read(engine->route.source);
    return save_place(&part, is_whole, err);
}
