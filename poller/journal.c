/* journal: the figures of a run, in the ledger. */
#include "journal.h"

int journal_open(struct forward *forward, const char *kind, struct err *err)
{
    return forward->dry_run ? 0 : ledger_run_start(forward->ledger, kind, &forward->run, err);
}

static int count_up(void *context, const char *name, const char *label, int64_t value, struct err *err)
{
    return ledger_count_up(context, name, label, value, err);
}

int journal_close(struct forward *forward, const char *kind, struct err *err)
{
    struct ledger_counts counts;
    struct summary *summary = forward->summary;
    if (ledger_count(forward->ledger, &counts, err) != 0)
        return -1;
    summary->owed_left = counts.owed;
    if (forward->dry_run)
        return 0;
    struct source_effort effort = source_effort(forward->source);
    struct ledger_run figures = {
        .found = summary->found,
        .accepted = summary->accepted,
        .repeated = summary->repeated,
        .failed = summary->failed,
        .owed = counts.owed,
        .held = counts.held,
        .rejected = summary->rejected,
        .statements = effort.statements,
        .database_ms = effort.took_ms,
        .rows_examined = effort.rows_examined,
        .exit_code = summary_exit_code(summary),
        .kind = kind,
        .message = summary->message,
    };
    if (ledger_run_finish(forward->ledger, forward->run, &figures, err) != 0 ||
        tally_each(&forward->tally, count_up, forward->ledger, err) != 0)
        return -1;
    return forward_commit(forward, err);
}
