/* tables_step: the step of a run that copies the tables beside the calls. */
#include <stdbool.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "engine/tables_step.h"
#include "ledger/step_failure.h"

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

static enum step step_of(const struct tables_step *step)
{
    return step->jobs == TABLE_CUSTOMERS ? STEP_CUSTOMERS : step->jobs == TABLE_STAFF ? STEP_STAFF : STEP_TABLES;
}

static int is_due(const struct tables_step *step, bool *ret_due, struct err *err)
{
    int64_t last = 0, now = clock_now_epoch();
    if (ledger_read_note(step->ledger, LEDGER_NOTE_TABLES, 0, &last, err) != 0)
        return -1;
    *ret_due = last > now || now - last >= INTERVAL_SEC - EARLY_SEC;
    return 0;
}

/* A failure lasts until all that it is about is copied. */
static int note_end(const struct tables_step *step, const struct err *failure, bool is_whole, struct err *err)
{
    int result = 0;
    if (failure->code != EX_OK && !interrupt_requested())
        result = step_failure_note(step->ledger, step_of(step), failure, err);
    else if (is_whole)
        result = step_failure_clear(step->ledger, step_of(step), err);
    for (int i = STEP_TABLES; result == 0 && step->jobs == 0 && failure->code == EX_OK && is_whole && i <= STEP_STAFF;
         i++)
        result = step_failure_clear(step->ledger, (enum step)i, err);
    return result == 0 ? ledger_commit(step->ledger, err) : -1;
}

/* Copies what is due, in the time of the run. All is copied if no table is left, and none has failed, in this run or in
 * those that it continues. */
static int copy_due(const struct tables_step *step, struct table_store *store, bool *ret_whole, struct err *err)
{
    int64_t next = 0, broken = 0;
    struct err why;
    if (ledger_read_note(step->ledger, LEDGER_NOTE_TABLES_NEXT, 0, &next, err) != 0 ||
        ledger_read_note(step->ledger, LEDGER_NOTE_TABLES_BROKEN, 0, &broken, err) != 0)
        return -1;
    store->next = &next;
    store->until_ms = step->deadline_ms;
    int result = source_copy_tables(step->source, (unsigned)TABLE_CUSTOMERS | (unsigned)TABLE_STAFF, store, err);
    broken = broken != 0 || result != 0;
    *ret_whole = broken == 0 && next == 0 && !interrupt_requested();
    if (next != 0)
        log_info("📇 the next run continues to copy tables");
    if (ledger_set_note(step->ledger, LEDGER_NOTE_TABLES_NEXT, next, &why) != 0 ||
        ledger_set_note(step->ledger, LEDGER_NOTE_TABLES_BROKEN, next != 0 ? broken : 0, &why) != 0 ||
        (*ret_whole && ledger_set_note(step->ledger, LEDGER_NOTE_TABLES, clock_now_epoch(), &why) != 0))
        return result != 0 ? result : err_set(err, why.code, "%s", why.message);
    return result;
}

/* Who asks for a job by name waits for its end: its next run may be hours later. */
static int copy_job(const struct tables_step *step, const struct table_store *store, bool *ret_whole, struct err *err)
{
    int result = source_copy_tables(step->source, step->jobs, store, err);
    *ret_whole = result == 0 && !interrupt_requested();
    return result;
}

static int copy(const struct tables_step *step, struct err *err)
{
    struct sink sink = *step->sink; /* context of the callbacks, which may not be const */
    struct table_store store = { .newest = newest, .load = load, .rows = sink.ops->table_rows, .context = &sink };
    struct err failure = { .code = EX_OK };
    bool is_whole = false;
    int result = step->jobs != 0 ? copy_job(step, &store, &is_whole, &failure)
                                 : copy_due(step, &store, &is_whole, &failure);
    if (result == 0)
        failure.code = EX_OK;
    if (note_end(step, &failure, is_whole, err) != 0 && result == 0)
        return -1;
    return result == 0 ? 0 : err_set(err, failure.code, "%s", failure.message);
}

int tables_step_run(const struct tables_step *step, struct err *err)
{
    bool possible = source_has_tables(step->source) && step->sink->ops->table_load != NULL, due = step->jobs != 0;
    struct step_failure failure;
    if (!possible && step->jobs != 0)
        return err_set(err, EX_USAGE, source_has_tables(step->source)
                           ? "--job: the sink %s takes no tables of customers and staff; leave --job out"
                           : "--job: the source %s has no customers and staff, only calls; leave --job out",
                       source_has_tables(step->source) ? step->sink->ops->type : step->source->ops->type);
    if (step_failure_read(step->ledger, step_of(step), &failure, err) != 0)
        return -1;
    if (!possible)
        return failure.since != 0 ? note_end(step, &(struct err){ .code = EX_OK }, true, err) : 0;
    if (!due && !step->is_asked_for && step_failure_waits(&failure, clock_now_epoch()))
        return step_failure_report(&failure, err);
    if (!due && is_due(step, &due, err) != 0)
        return -1;
    return due ? copy(step, err) : 0;
}
