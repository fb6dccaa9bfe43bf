/* tables_step: the step of a run that copies the tables beside the calls. */
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/tables_step.h"

/* What a run without a named job does; the program that this replaces had the same interval. */
#define INTERVAL_SEC 900

/* A run a few seconds early is not worth another one. */
#define EARLY_SEC 30

static int newest(void *context, const struct table *table, const char *tenant, int64_t *ret_ms, struct err *err)
{
    const struct sink *sink = context;
    return sink->ops->table_newest(sink->state, table, tenant, ret_ms, err);
}

static int load(void *context, const struct table_load *load, struct err *err)
{
    const struct sink *sink = context;
    if (load->count > 0)
        log_info("📇 %s of %s: %zu row%s", load->table->name, load->tenant, load->count,
                 load->count == 1 ? "" : "s");
    return sink->ops->table_load(sink->state, load, err);
}

static int is_due(const struct tables_step *step, bool *ret_due, struct err *err)
{
    int64_t last = 0, now = clock_now_epoch();
    *ret_due = step->jobs != 0;
    if (step->jobs != 0)
        return 0;
    if (ledger_read_note(step->ledger, LEDGER_NOTE_TABLES, 0, &last, err) != 0)
        return -1;
    *ret_due = last > now || now - last >= INTERVAL_SEC - EARLY_SEC;
    return 0;
}

static int note_success(const struct tables_step *step, struct err *err)
{
    if (step->jobs != 0)
        return 0;
    return ledger_set_note(step->ledger, LEDGER_NOTE_TABLES, clock_now_epoch(), err) == 0
               ? ledger_commit(step->ledger, err) : -1;
}

int tables_step_run(const struct tables_step *step, struct err *err)
{
    struct sink sink = *step->sink; /* context of the callbacks, which may not be const */
    const struct table_store store = { .newest = newest, .load = load, .rows = sink.ops->table_rows,
                                       .context = &sink };
    bool possible = source_has_tables(step->source) && sink.ops->table_load != NULL, due = false;
    if (!possible && step->jobs != 0)
        return err_set(err, EX_USAGE, "--job: the source %s or the sink %s has no tables of customers and staff",
                       step->source->ops->type, sink.ops->type);
    if (!possible)
        return 0;
    if (is_due(step, &due, err) != 0)
        return -1;
    if (!due)
        return 0;
    unsigned jobs = step->jobs != 0 ? step->jobs : (unsigned)TABLE_CUSTOMERS | (unsigned)TABLE_STAFF;
    if (source_copy_tables(step->source, jobs, &store, err) != 0)
        return -1;
    return note_success(step, err);
}
