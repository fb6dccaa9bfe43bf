/* standing: the current state, read from ledger and checkpoint. */
#include "base/clock.h"
#include "base/fileutil.h"
#include "base/mask.h"
#include "ledger/checkpoint.h"
#include "ledger/enabled.h"
#include "ledger/standing.h"

/* Cron starts a run each minute, or after longest_pause, so the counts of an older run are out of date. */
#define OUT_OF_DATE_SEC 300

static int64_t earlier(int64_t one, int64_t other)
{
    return one == 0 || (other != 0 && other < one) ? other : one;
}

int standing_gather(const char *state_dir, struct ledger *ledger, struct standing *ret_standing, struct err *err)
{
    struct standing *standing = ret_standing;
    const struct records_overview *overview = &standing->overview;
    enum checkpoint_found found = CHECKPOINT_MISSING;
    struct position position, doubt = { .end_epoch = 0 };
    bool enabled = false;
    int64_t log_works = 1;
    *standing = (struct standing){ .now = 0 };
    if (records_overview(ledger, &standing->overview, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &standing->outage_since, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_WAIT_UNTIL, 0, &standing->wait_until, err) != 0 ||
        ledger_read_text_note(ledger, LEDGER_NOTE_SINK, standing->sink, sizeof standing->sink, err) != 0 ||
        ledger_read_place(ledger, LEDGER_DOUBT, &doubt, &standing->in_doubt, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_LAST_STANDBY, 0, &standing->last_standby, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_LEADER_SEEN, 0, &standing->leader_seen, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_UNREAD_FROM, 0, &standing->unread_from, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_UNREAD_TO, 0, &standing->unread_to, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_PAUSE, 0, &standing->longest_pause, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_INTERVAL, 0, &standing->load_interval, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_LOG_WORKS, 1, &log_works, err) != 0 ||
        recordings_count(ledger, &standing->recordings, err) != 0 ||
        enabled_read(state_dir, &enabled, err) != 0 ||
        checkpoint_load(state_dir, &found, &position, err) != 0)
        return -1;
    for (int i = 0; i < STEPS; i++) {
        if (step_failure_read(ledger, (enum step)i, &standing->steps[i], err) != 0)
            return -1;
        mask_numbers_if_enabled(standing->steps[i].message);
    }
    mask_numbers_if_enabled(standing->overview.last_run_message);
    standing->checkpoint_damaged = found == CHECKPOINT_DAMAGED;
    standing->off = !enabled;
    standing->log_fails = log_works == 0;
    standing->doubtful_ended = doubt.end_epoch;
    if (found == CHECKPOINT_READ)
        standing->checkpoint = position.end_epoch;
    standing->now = clock_now_epoch();
    if (standing->wait_until < standing->now)
        standing->wait_until = 0;
    standing->oldest_unsent = earlier(overview->oldest_open, overview->unsent_oldest);
    standing->oldest_pending = earlier(overview->oldest_pending, overview->unsent_oldest);
    return 0;
}

int standing_read(const char *state_dir, struct standing *ret_standing, struct err *err)
{
    struct ledger *ledger = NULL;
    if (fileutil_check_readable_dir(state_dir, err) != 0 ||
        ledger_open(state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = standing_gather(state_dir, ledger, ret_standing, err);
    ledger_close(ledger);
    return result;
}

int64_t standing_age(const struct standing *standing, int64_t epoch)
{
    return epoch != 0 && epoch < standing->now ? standing->now - epoch : 0;
}

const char *standing_sink(const struct standing *standing)
{
    return *standing->sink != '\0' ? standing->sink : "API";
}

bool standing_is_standby(const struct standing *standing)
{
    return standing->last_standby > standing->overview.last_look;
}

bool standing_has_other_leader(const struct standing *standing)
{
    return standing_is_standby(standing) && standing->leader_seen >= standing->last_standby;
}

int64_t standing_last_activity(const struct standing *standing)
{
    int64_t last_run = standing->overview.last_run;
    return standing->last_standby > last_run ? standing->last_standby : last_run;
}

int64_t standing_unknown_since(const struct standing *standing)
{
    const struct records_overview *overview = &standing->overview;
    int64_t own = overview->last_look != 0 ? overview->last_look : overview->first_run;
    if (overview->last_look == 0 && standing->leader_seen != 0)
        return standing->leader_seen; /* a first run that failed since then has read no calls */
    return standing->leader_seen > own ? standing->leader_seen : own;
}

int64_t standing_freshness(const struct standing *standing)
{
    int64_t since = standing_unknown_since(standing);
    if (since == 0)
        return RECORDS_UNKNOWN;
    return standing_age(standing, standing_is_standby(standing) ? since : earlier(since, standing->oldest_pending));
}

int64_t standing_unsent(const struct standing *standing)
{
    int64_t age = standing_age(standing, standing->overview.last_run);
    bool is_recent = age <= OUT_OF_DATE_SEC + standing->longest_pause;
    return is_recent && !standing_is_standby(standing) ? standing->overview.last_run_unsent : RECORDS_UNKNOWN;
}
