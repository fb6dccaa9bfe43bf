/* standing: how things stand, as ledger and checkpoint tell. */
#include "checkpoint.h"
#include "clock.h"
#include "enabled.h"
#include "fileutil.h"
#include "standing.h"

/* A run that came to its end has recorded everything; behind one that did not, calls wait from the checkpoint on. */
static int64_t not_after_checkpoint(const struct standing *standing, int64_t oldest)
{
    bool ended_well = standing->overview.last_run_message[0] == '\0';
    if (!ended_well && standing->checkpoint != 0 && (oldest == 0 || standing->checkpoint < oldest))
        return standing->checkpoint;
    return oldest;
}

int standing_gather(const char *state_dir, struct ledger *ledger, struct standing *ret_standing, struct err *err)
{
    struct standing *standing = ret_standing;
    enum checkpoint_found found = CHECKPOINT_MISSING;
    struct position position;
    bool enabled = false;
    *standing = (struct standing){ .now = 0 };
    if (records_overview(ledger, &standing->overview, err) != 0 ||
        ledger_note(ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &standing->outage_since, err) != 0 ||
        ledger_note(ledger, LEDGER_NOTE_WAIT_UNTIL, 0, &standing->wait_until, err) != 0 ||
        enabled_read(state_dir, &enabled, err) != 0 ||
        checkpoint_load(state_dir, &found, &position, err) != 0)
        return -1;
    standing->off = !enabled;
    if (found == CHECKPOINT_READ)
        standing->checkpoint = position.end_epoch;
    standing->now = clock_now_epoch();
    if (standing->wait_until < standing->now)
        standing->wait_until = 0;
    standing->oldest_unsent = not_after_checkpoint(standing, standing->overview.oldest_pending);
    standing->oldest_owed = not_after_checkpoint(standing, standing->overview.oldest_owed);
    return 0;
}

int standing_read(const char *state_dir, struct standing *ret_standing, struct err *err)
{
    struct ledger *ledger = NULL;
    if (fileutil_need_directory(state_dir, err) != 0 || ledger_open(state_dir, LEDGER_LOOK, &ledger, NULL, err) != 0)
        return -1;
    int result = standing_gather(state_dir, ledger, ret_standing, err);
    ledger_close(ledger);
    return result;
}

int64_t standing_age(const struct standing *standing, int64_t epoch)
{
    return epoch != 0 && epoch < standing->now ? standing->now - epoch : 0;
}
