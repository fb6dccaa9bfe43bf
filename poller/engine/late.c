/* late: measures how late the source writes rows. */
#include "engine/late.h"

#define NOTE_NOW "late_now"
#define NOTE_BEFORE "late_before"
#define NOTE_SINCE "late_since"

#define PERIOD_SEC 86400

/* VICIdial dials for at most 60 seconds by default (vicidial_campaigns.dial_timeout). It writes the row seconds
 * later. */
#define LEAST_SEC 62

/* The next row may be later than all rows before. And cron runs once a minute, so a delay is known to a minute only. */
#define MARGIN_SEC 20

/* Nobody has measured a new source yet, so assume the longest delay. */
#define UNKNOWN_SEC 86400

int late_load(struct late *late, struct ledger *ledger, int64_t now, struct err *err)
{
    *late = (struct late){ .since = now };
    if (ledger_read_note(ledger, NOTE_NOW, 0, &late->now, err) != 0 ||
        ledger_read_note(ledger, NOTE_BEFORE, UNKNOWN_SEC, &late->before, err) != 0 ||
        ledger_read_note(ledger, NOTE_SINCE, 0, &late->since, err) != 0)
        return -1;
    bool is_new = late->since == 0, is_current = now >= late->since && now - late->since < PERIOD_SEC;
    if (is_current)
        return 0;
    *late = (struct late){ .before = is_new ? UNKNOWN_SEC : late->now, .since = now, .changed = true };
    return 0;
}

int late_save(const struct late *late, struct ledger *ledger, struct err *err)
{
    if (!late->changed)
        return 0;
    return ledger_set_note(ledger, NOTE_NOW, late->now, err) == 0 &&
                   ledger_set_note(ledger, NOTE_BEFORE, late->before, err) == 0
               ? ledger_set_note(ledger, NOTE_SINCE, late->since, err) : -1;
}

static int64_t greatest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t late_overlap(const struct late *late, int64_t most)
{
    int64_t overlap = greatest(LEAST_SEC, greatest(late->now, late->before)) + MARGIN_SEC;
    return overlap < most ? overlap : most;
}

void late_saw(struct late *late, int64_t sec)
{
    if (sec <= late->now)
        return;
    late->now = sec;
    late->changed = true;
}

void late_missed(struct late *late, int64_t most)
{
    int64_t twice = 2 * late_overlap(late, most);
    late_saw(late, twice < most ? twice : most);
}
