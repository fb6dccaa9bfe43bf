/* backfill: `did-optimizer-sync backfill --from WHEN --to WHEN`.
 *
 * Walks through the range in the live table, then in the archive. The ledger's transaction with the outcomes also notes
 * how far the walk has come. The note's name contains the command's arguments, so the same command continues. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/when.h"
#include "commands/backfill.h"
#include "commands/meter.h"
#include "config/profile.h"
#include "engine/resources.h"
#include "engine/turn.h"
#include "engine/walk.h"

struct backfill {
    const struct options *options;
    struct resources resources;
    struct engine engine;
    struct summary summary;
    struct turn turn;
    struct meter meter;
    int64_t from, to;        /* epochs */
    bool has_archive;
    enum source_table table; /* the table being walked ... */
    int64_t reached;         /* ... and the epoch up to which its calls are handled */
    char *note_names[3];     /* the notes with that epoch, by enum source_table, and the note FORCED */
};

/* The note of when a forced backfill began: the backfill sends no call that was sent since then. */
enum { FORCED = SOURCE_ARCHIVE + 1 };

/* ---- progress ---- */

static int show_and_pause(struct backfill *backfill, int64_t end_epoch, struct err *err)
{
    double share = (double)(end_epoch - backfill->from) / (double)(backfill->to - backfill->from + 1);
    if (backfill->has_archive)
        share = (share + (backfill->table == SOURCE_ARCHIVE ? 1.0 : 0.0)) / 2.0;
    meter_show(&backfill->meter, share, backfill->summary.accepted);
    turn_tell(&backfill->turn, backfill->from, backfill->to, end_epoch, share);
    return turn_pass(&backfill->turn, err);
}

static int on_batch(void *context, int64_t end_epoch, struct err *err)
{
    return show_and_pause(context, end_epoch, err);
}

static int on_reached(void *context, const struct walk_reached *reached, struct err *err)
{
    struct backfill *backfill = context;
    if (reached->position.end_epoch > backfill->reached) {
        backfill->reached = reached->position.end_epoch; /* a continued backfill reads the calls of this second again */
        const char *note = backfill->note_names[backfill->table];
        if (ledger_set_note(backfill->engine.route.ledger, note, backfill->reached, err) != 0)
            return -1;
    }
    return show_and_pause(backfill, backfill->reached, err);
}

static bool is_not_selected(void *context, const struct call *call)
{
    const struct options *options = ((const struct backfill *)context)->options;
    return (options->campaign != NULL && strcasecmp(options->campaign, str_or_empty(call->campaign)) != 0) ||
           (options->status != NULL && strcasecmp(options->status, str_or_empty(call->status)) != 0);
}

/* Only counts the calls that wait for their disposition: the runs read them again. */
static void count_waiting(void *context, const struct call *call, const struct call_record *record,
                          const struct decision *decision, bool in_scope)
{
    struct backfill *backfill = context;
    (void)call;
    (void)in_scope;
    if (record->state == CALL_WAITING && decision->kind == DECISION_WAIT)
        backfill->summary.still_waiting++;
}

static int walk_table(struct backfill *backfill, enum source_table table, struct err *err)
{
    int64_t from = backfill->from, found = 0;
    if (ledger_read_note(backfill->engine.route.ledger, backfill->note_names[table], backfill->from, &from, err) != 0)
        return -1;
    if (from < backfill->from)
        from = backfill->from; /* --from '3 days ago' meant an earlier time when the note was written */
    if (from > backfill->from && from <= backfill->to) {
        char local[CLOCK_TEXT_SIZE];
        log_info("⏩ Continuing the stopped backfill from: %s", clock_local(from, local, sizeof local));
    }
    backfill->table = table;
    backfill->reached = from;
    struct walk walk = { .engine = &backfill->engine,
                         .range = source_range_ended(&backfill->resources.source, table, from, backfill->to),
                         .floor = position_at(0, ""),
                         .is_left_out = is_not_selected,
                         .on_judged = count_waiting,
                         .on_reached = on_reached,
                         .context = backfill };
    int result = from > backfill->to ? 0 : walk_run(&walk, &found, err);
    backfill->summary.found += found;
    if (result != 0 || backfill->summary.stop != STOP_NONE)
        return result;
    return ledger_set_note(backfill->engine.route.ledger, backfill->note_names[table], backfill->to + 1, err);
}

/* A continued backfill reads a few calls again. It must not send those that the forced backfill has sent already. */
static int set_force_since(struct backfill *backfill, struct err *err)
{
    int64_t *since = &backfill->engine.terms.force_since;
    if (!backfill->options->force)
        return 0;
    if (ledger_read_note(backfill->engine.route.ledger, backfill->note_names[FORCED], clock_now_epoch() + 1, since,
                         err) != 0)
        return -1;
    return ledger_set_note(backfill->engine.route.ledger, backfill->note_names[FORCED], *since, err);
}

/* Runs passed calls that they could not read in the archive (archive.h). This backfill has read them. */
static int forget_unread(const struct backfill *backfill, struct err *err)
{
    struct ledger *ledger = backfill->engine.route.ledger;
    int64_t from = 0, to = 0;
    if (!backfill->has_archive || backfill->options->campaign != NULL || backfill->options->status != NULL)
        return 0;
    if (ledger_read_note(ledger, LEDGER_NOTE_UNREAD_FROM, 0, &from, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_UNREAD_TO, 0, &to, err) != 0)
        return -1;
    if (from == 0 || backfill->from > from || backfill->to < to)
        return 0;
    if (ledger_delete_note(ledger, LEDGER_NOTE_UNREAD_FROM, err) != 0)
        return -1;
    return ledger_delete_note(ledger, LEDGER_NOTE_UNREAD_TO, err);
}

static int walk_tables(struct backfill *backfill, struct err *err)
{
    if (set_force_since(backfill, err) != 0 ||
        source_inspect_archive(&backfill->resources.source, &backfill->has_archive, err) != 0 ||
        walk_table(backfill, SOURCE_LIVE, err) != 0 ||
        (backfill->has_archive && backfill->summary.stop == STOP_NONE &&
         walk_table(backfill, SOURCE_ARCHIVE, err) != 0))
        return -1;
    if (backfill->summary.stop != STOP_NONE)
        return 0;
    for (int i = SOURCE_LIVE; i <= FORCED; i++) /* complete: the same command starts over next time */
        if (ledger_delete_note(backfill->engine.route.ledger, backfill->note_names[i], err) != 0)
            return -1;
    return forget_unread(backfill, err);
}

/* ---- before and after ---- */

/* Somewhere it is tomorrow already. */
#define ZONES_SEC (26 * 3600)

/* zone: a value of TZ; "": this host's. doubt_sec: by how much the times may differ in the zone that counts. */
static int read_range(struct backfill *backfill, const char *zone, int64_t doubt_sec, struct err *err)
{
    const struct options *options = backfill->options;
    int64_t now = clock_now_epoch();
    if (options->from == NULL || options->to == NULL)
        return err_set(err, EX_USAGE,
                       "name the time range with --from WHEN and --to WHEN: --from '2026-01-31 08:00' --to now");
    if (when_parse_range(zone, options->from, options->to, now, &backfill->from, &backfill->to, err) != 0)
        return -1;
    if (backfill->to > now)
        backfill->to = now;
    if (backfill->from >= backfill->to + doubt_sec)
        return err_set(err, EX_USAGE, "no call can have ended between --from %s and --to %s; --from must be earlier "
                       "than --to and earlier than now", options->from, options->to);
    return 0;
}

/* Reads --from and --to again, now that it is known whether the source has a time zone of its own. */
static int read_range_again(struct backfill *backfill, struct err *err)
{
    char zone[SOURCE_ZONE_SIZE] = "";
    const struct source_ops *source = backfill->resources.source_kind;
    if (source->find_zone != NULL)
        source->find_zone(&backfill->resources.config.source_params, zone);
    return read_range(backfill, zone, 0, err);
}

static void name_notes(struct backfill *backfill)
{
    const struct options *options = backfill->options;
    static const char *const what[] = { [SOURCE_LIVE] = "live", [SOURCE_ARCHIVE] = "archive", [FORCED] = "since" };
    for (int i = SOURCE_LIVE; i <= FORCED; i++)
        backfill->note_names[i] =
            mem_format("backfill %s to %s campaign=%s status=%s%s %s", options->from, options->to,
                       options->campaign != NULL ? options->campaign : "",
                       options->status != NULL ? options->status : "", options->force ? " force" : "", what[i]);
}

static int work(struct backfill *backfill, struct err *err)
{
    backfill->turn = (struct turn){ .options = backfill->options,
                                    .resources = &backfill->resources,
                                    .engine = &backfill->engine,
                                    .summary = &backfill->summary };
    int result = turn_begin(&backfill->turn, "backfill", err);
    backfill->engine.terms.on_batch = on_batch;
    backfill->engine.terms.batch_context = backfill;
    if (result == 0 && backfill->summary.stop == STOP_NONE)
        result = walk_tables(backfill, err);
    return turn_end(&backfill->turn, result, err);
}

static void report(const struct backfill *backfill)
{
    const struct summary *summary = &backfill->summary;
    if (!backfill->options->dry_run)
        log_set_terminal(LOG_TERMINAL_STDOUT);
    if (backfill->options->dry_run && summary->stop == STOP_NONE) {
        log_info("📊 Dry run: %" PRId64 " would be sent, %" PRId64 " waiting until their disposition is final",
                 summary->accepted, summary->waiting + summary->still_waiting);
        return;
    }
    summary_report(summary, clock_mono_ms() - backfill->engine.started_ms);
    if (summary->stop != STOP_NONE)
        log_warn("⏸ The backfill is not complete; run the same command again to continue from here");
}

/* The terminal shows the progress bar; the lines about calls go to the log file. */
static void open_log(const struct options *options)
{
    if (options->dry_run)
        log_open(NULL, LOG_TERMINAL_STDERR);
    else
        log_open(options->log, LOG_TERMINAL_ERRORS);
}

static int refuse(const struct err *err)
{
    (void)fprintf(stderr, "did-optimizer-sync: %s\n", err->message);
    return err->code;
}

int backfill_command(const struct options *options)
{
    struct err err = { .code = EX_OK };
    struct backfill backfill = { .options = options, .resources = { .lock = NULL }, .meter = meter_start() };
    interrupt_install();
    if (read_range(&backfill, "", ZONES_SEC, &err) != 0)
        return refuse(&err);
    open_log(options);
    name_notes(&backfill);
    bool is_loaded = resources_load(options, &backfill.resources, &err) == 0;
    bool is_refused = is_loaded && read_range_again(&backfill, &err) != 0;
    if (!is_refused &&
        (!is_loaded || profile_drop_privileges(options, &err) != 0 || work(&backfill, &err) != 0))
        summary_fail(&backfill.summary, &err);
    meter_end(&backfill.meter);
    if (!is_refused)
        report(&backfill);
    resources_close_state(&backfill.resources);
    resources_close(&backfill.resources);
    for (int i = SOURCE_LIVE; i <= FORCED; i++)
        free(backfill.note_names[i]);
    log_close();
    return is_refused ? refuse(&err) : summary_exit_code(&backfill.summary);
}
