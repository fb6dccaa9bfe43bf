/* archive: the calls of a run's scan that the live table no longer has. */
#include "base/log.h"
#include "engine/archive.h"

/* VICIdial's shortest archiving keeps a day (ADMIN_archive_log_tables.pl --vlog-daily), or nothing when it runs
 * (--wipe-all-being-archived), at night. An ordinary run begins minutes ago, and while the API is down a little over an
 * hour ago (backlog.c): neither asks for the archive. */
#define RECENT_SEC (2 * 3600)

/* Rows that were dated years ago, by a host with a wrong clock, do not show how far the table goes. They may be more
 * than source_find_reach allows for. */
#define LOOK_BACK_SEC (30 * 86400)

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greatest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool archive_may_have(const struct engine *engine, int64_t since)
{
    return source_moves_calls(engine->route.source) && since < engine_now(engine) - RECENT_SEC;
}

/* ---- what the log says ---- */

static void tell(struct archive *archive, int64_t from, int64_t to)
{
    const char *const *places = archive->engine->route.source->ops->places;
    char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];
    log_info("🗄 %s may no longer have all of these calls: this run also reads %s, from %s to %s", places[SOURCE_LIVE],
             places[SOURCE_ARCHIVE], clock_local(from, first, sizeof first), clock_local(to, last, sizeof last));
    archive->is_open = true;
}

static void tell_unusable(struct archive *archive, int64_t from, int64_t to, const char *reason)
{
    const struct source_ops *ops = archive->engine->route.source->ops;
    char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];
    log_warn("⚠ %s may no longer have all calls from %s to %s, and %s cannot be read (%s). Those calls are not sent. "
             "Correct that, then send them: did-optimizer-sync%s backfill --from '%s' --to '%s'",
             ops->places[SOURCE_LIVE], clock_local(from, first, sizeof first), clock_local(to, last, sizeof last),
             ops->places[SOURCE_ARCHIVE], reason, archive->profile_option, first, last);
    archive->state = ARCHIVE_OFF;
}

/* ---- reading ---- */

/* Remembers which calls this run passes, until a backfill has read them (backfill.c). */
static int note_unread(struct engine *engine, int64_t from, int64_t to, struct err *err)
{
    int64_t noted_from = from, noted_to = to;
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_UNREAD_FROM, from, &noted_from, err) != 0 ||
        ledger_read_note(engine->route.ledger, LEDGER_NOTE_UNREAD_TO, to, &noted_to, err) != 0 ||
        engine_note(engine, LEDGER_NOTE_UNREAD_FROM, least(from, noted_from), err) != 0)
        return -1;
    return engine_note(engine, LEDGER_NOTE_UNREAD_TO, greatest(to, noted_to), err);
}

/* Calls that are in the archive alone began before the live table did, and have ended. */
static struct source_range range_of(const struct archive *archive, int64_t from, int64_t to)
{
    const struct source *source = archive->engine->route.source;
    struct source_range range = source_range_ended(source, SOURCE_ARCHIVE, from, to + source->ops->longest_sec);
    if (source_shows_open(source)) { /* from is the begin of calls */
        range.call_from = from;
        range.end_from = from - source->ops->after_end_sec - source_spread(source);
    }
    range.call_to = to + source->ops->after_end_sec;
    range.end_to = least(range.end_to, archive->end_to);
    return range;
}

/* Where from is an end, its calls may have begun this much earlier, and rows are moved by their begin. */
static int64_t earliest_begin(const struct archive *archive, int64_t from)
{
    const struct source *source = archive->engine->route.source;
    return source_shows_open(source) ? from : from - source->ops->longest_sec;
}

/* One walk through the archive. */
struct part {
    struct archive *archive;
    int64_t only_before; /* epoch: the live table has no call that ended or began before it, so how far the walk has
                          * come counts up to there; INT64_MIN: it does not count */
};

/* What the ledger has of a call is from the live table, where statuses change. The archive's copy may be older: the
 * archiver copies all calls each night, and keeps the first copy of each (INSERT IGNORE). */
static bool is_known(void *context, const struct call *call)
{
    const struct part *part = context;
    struct call_record record;
    struct ledger *ledger = part->archive->engine->route.ledger;
    return ledger_find(ledger, call->id, &record, NULL) == 0 && record.state != CALL_UNKNOWN;
}

static int on_reached(void *context, const struct walk_reached *reached, struct err *err)
{
    const struct part *part = context;
    struct position last = position_at(part->only_before, "");
    struct walk_reached both = { .position = position_compare(&reached->position, &last) < 0 ? reached->position : last,
                                 .began_before = least(reached->began_before, part->only_before) };
    return part->only_before == INT64_MIN ? 0 : part->archive->on_reached(part->archive->context, &both, err);
}

static int walk(struct part *part, int64_t from, int64_t to, int64_t must_pass, struct err *err)
{
    struct archive *archive = part->archive;
    struct engine *engine = archive->engine;
    int64_t found = 0;
    struct walk walk = { .engine = engine,
                         .range = range_of(archive, from, to),
                         .floor = archive->floor,
                         .checkpoint = archive->checkpoint,
                         .first = archive->first,
                         .must_pass = must_pass,
                         .note_before = archive->note_before,
                         .is_left_out = is_known,
                         .on_reached = on_reached,
                         .context = part };
    int result = walk_run(&walk, &found, err);
    engine->summary->found += found;
    archive->state = engine->summary->stop == STOP_NONE ? ARCHIVE_READ : ARCHIVE_UNREAD;
    return result;
}

/* First the calls that only the archive has: each of them that was read counts at once. Then the time in which a call
 * may be in either table: it is read in one go, together with the begin of the live table. */
static int read_archive(struct archive *archive, int64_t from, const struct source_reach *reach, struct err *err)
{
    int64_t first = least(reach->first, archive->end_to), whole = least(reach->whole, archive->end_to);
    struct part moved = { .archive = archive, .only_before = first },
                unsure = { .archive = archive, .only_before = INT64_MIN };
    bool comes_further = archive->must_pass < first; /* otherwise earlier runs have read all that counts at once */
    if (from < first && walk(&moved, from, first, comes_further ? archive->must_pass : INT64_MAX, err) != 0)
        return -1;
    if (archive->engine->summary->stop != STOP_NONE)
        return 0;
    archive->must_pass = greatest(archive->must_pass, whole + archive->engine->route.settings->overlap);
    return walk(&unsure, greatest(from, first), whole, INT64_MAX, err);
}

static int open_archive(struct archive *archive, int64_t from, int64_t to, struct err *err)
{
    bool usable = false;
    struct err why = { .code = EX_OK };
    int result = source_inspect_archive(archive->engine->route.source, &usable, &why);
    if (result != 0 && why.code != EX_CONFIG) {
        *err = why;
        return -1;
    }
    if (usable) {
        tell(archive, from, to);
        return 0;
    }
    to = least(to + archive->engine->route.source->ops->longest_sec, archive->end_to); /* a call that began before it */
    tell_unusable(archive, from, to, result != 0 ? why.message : "there is no such table");
    return result != 0 ? note_unread(archive->engine, from, to, err) : 0; /* without a table the calls are nowhere */
}

/* An archive that is damaged or locked keeps no new call waiting. If the server is out of reach, the live table shows
 * it. */
static int set_aside(struct archive *archive, const struct err *err)
{
    if (err->code != EX_UNAVAILABLE)
        return -1;
    archive->trouble = *err;
    archive->state = ARCHIVE_UNREAD;
    log_warn("⚠ The calls of the archive are sent later: %s", err->message);
    return 0;
}

int archive_follow(struct archive *archive, int64_t from, struct err *err)
{
    struct source_reach reach = { .whole = INT64_MIN };
    if (archive->state == ARCHIVE_OFF)
        return 0;
    if (archive_may_have(archive->engine, from) &&
        source_find_reach(archive->engine->route.source, from - LOOK_BACK_SEC, &reach, err) != 0)
        return -1;
    if (reach.whole <= earliest_begin(archive, from) || reach.whole <= archive->whole) {
        archive->state = ARCHIVE_READ;
        return 0;
    }
    archive->state = ARCHIVE_UNREAD;
    if (archive->engine->summary->stop != STOP_NONE || archive->trouble.code != EX_OK)
        return 0;
    if ((!archive->is_open && open_archive(archive, from, least(reach.whole, archive->end_to), err) != 0) ||
        (archive->is_open && read_archive(archive, from, &reach, err) != 0))
        return set_aside(archive, err);
    if (archive->state == ARCHIVE_READ)
        archive->whole = reach.whole;
    return 0;
}
