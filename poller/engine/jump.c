/* jump: a checkpoint that a person sets, and the finished calls that it skips or sends again. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/decision.h"
#include "engine/jump.h"

/* A person waits for the number, and a run must not spend its time on it. */
#define COUNT_MS 5000

struct counting {
    struct jump *jump;
    struct ledger *ledger;
    const struct settings_sync *settings;
    int64_t now_epoch, until_ms;
    int64_t end_to;
};

static bool is_forward(const struct jump *jump)
{
    return position_compare(&jump->after, &jump->before) > 0;
}

/* A pending call that was never tried is skipped too, see ledger_forget_untried. */
static bool is_affected(const struct counting *counting, const struct call *call, const struct call_record *record)
{
    bool only_noted = record->state == CALL_PENDING && record->tries == 0 && !record->sent_before;
    if (only_noted)
        return is_forward(counting->jump);
    if (record->state == CALL_PENDING || record->state == CALL_WAITING)
        return false;
    enum decision_kind kind = decision_of(call, record, counting->settings, counting->now_epoch).kind;
    return kind == DECISION_SEND || kind == DECISION_WAIT;
}

static int count_call(void *context, const struct call *call, struct err *err)
{
    struct counting *counting = context;
    struct jump *jump = counting->jump;
    struct call_record record;
    struct position position = position_at(call->ended, call->id);
    bool within = is_forward(jump) ? position_compare(&position, &jump->after) <= 0
                                   : position_compare(&position, &jump->after) > 0 &&
                                         position_compare(&position, &jump->before) <= 0;
    if (!within)
        return 0;
    if (ledger_find(counting->ledger, position.uniqueid, &record, err) != 0)
        return -1;
    if (!is_affected(counting, call, &record))
        return 0;
    if (jump->calls == 0 || position.end_epoch < jump->first)
        jump->first = position.end_epoch;
    if (position.end_epoch > jump->last)
        jump->last = position.end_epoch;
    jump->calls++;
    return 0;
}

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    struct counting *counting = context;
    (void)err;
    counting->jump->more = clock_mono_ms() >= counting->until_ms && ended_before <= counting->end_to;
    return counting->jump->more ? 1 : 0;
}

int jump_count(struct jump *jump, const struct source *source, struct ledger *ledger,
               const struct settings_sync *settings, struct err *err)
{
    struct counting counting = { .jump = jump,
                                 .ledger = ledger,
                                 .settings = settings,
                                 .until_ms = clock_mono_ms() + COUNT_MS,
                                 .end_to = is_forward(jump) ? jump->after.end_epoch : jump->before.end_epoch };
    struct source_range range =
        source_range_ended(source, SOURCE_LIVE, is_forward(jump) ? jump->from : jump->after.end_epoch, counting.end_to);
    range.whole_rows = false;
    jump->calls = jump->first = jump->last = 0;
    if (source_now(source, &counting.now_epoch, err) != 0)
        return -1;
    return source_scan(source, &range, count_call, on_slice, &counting, err);
}

const char *jump_sentence(const struct jump *jump, const char *profile_option, char *out, size_t size)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    const char *least = jump->more ? "at least " : "", *calls = jump->calls == 1 ? "call" : "calls";
    if (jump->calls == 0)
        (void)snprintf(out, size, is_forward(jump) ? "no finished call is skipped%s"
                                                   : "no additional finished call is sent%s",
                       jump->more ? " among those that were counted" : "");
    else if (is_forward(jump))
        (void)snprintf(out, size, "%s%" PRId64 " finished %s skipped: not sent yet, and no run will send %s. To send "
                       "%s: did-optimizer-sync%s backfill --from '%s' --to '%s'", least, jump->calls,
                       jump->calls == 1 ? "call is" : "calls are", jump->calls == 1 ? "it" : "them",
                       jump->calls == 1 ? "it" : "them", profile_option,
                       clock_local(jump->first, from, sizeof from), clock_local(jump->last + 1, to, sizeof to));
    else
        (void)snprintf(out, size,
                       "%s%" PRId64 " finished %s will be sent with the next run: the ledger has no record that %s "
                       "accepted",
                       least, jump->calls, calls, jump->calls == 1 ? "it was" : "they were");
    return out;
}

void jump_report(const struct progress *progress, const struct source *source, const struct settings_sync *settings,
                 const char *profile_option)
{
    struct err err;
    char text[500];
    struct jump jump = { .before = progress->before, .after = progress->checkpoint, .from = progress->skips_from };
    if (!progress->moved)
        return;
    if (jump_count(&jump, source, progress->ledger, settings, &err) != 0)
        log_warn("⚠ The calls that the set checkpoint skips or sends could not be counted: %s", err.message);
    else if (jump.calls > 0 || jump.more)
        log_warn("%s %s", is_forward(&jump) ? "⏩" : "⏪", jump_sentence(&jump, profile_option, text, sizeof text));
}
