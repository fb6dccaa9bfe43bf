/* source: the interface of all sources, and the table of their types. */
#include "domain/params.h"
#include "source/asterisk.h"
#include "source/callio.h"
#include "source/pbx.h"
#include "source/source.h"
#include "source/vicidial.h"
#include "source/vicidial_inbound.h"

/* A new type is one row here. */
static const struct source_ops *const kinds[] = {
    &vicidial_source,
    &vicidial_inbound_source,
    &asterisk_source,
    &pbx_source,
    &callio_source,
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

int source_find(const char *type, const char *place, const struct source_ops **ret_ops, struct err *err)
{
    const char *types[KIND_COUNT];
    size_t which = 0;
    for (size_t i = 0; i < KIND_COUNT; i++)
        types[i] = kinds[i]->type;
    if (params_find_type("source", types, KIND_COUNT, type, place, &which, err) != 0)
        return -1;
    *ret_ops = kinds[which];
    return 0;
}

bool source_is_secret(const char *key)
{
    bool is_secret = false;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct param_spec *spec = params_spec_of(kinds[i]->params, key);
        is_secret = is_secret || (spec != NULL && spec->secret);
    }
    return is_secret;
}

int source_open(const struct source_ops *ops, const struct source_settings *settings, struct source *ret_source,
                struct err *err)
{
    void *state = NULL;
    if (ops->open(settings, &state, err) != 0)
        return -1;
    *ret_source = (struct source){ .ops = ops, .state = state };
    return 0;
}

int source_inspect(const struct source *source, struct err *err)
{
    return source->ops->inspect(source->state, err);
}

int source_inspect_archive(const struct source *source, bool *ret_usable, struct err *err)
{
    *ret_usable = false;
    return source->ops->inspect_archive != NULL ? source->ops->inspect_archive(source->state, ret_usable, err) : 0;
}

bool source_moves_calls(const struct source *source)
{
    return source->ops->find_reach != NULL;
}

int source_find_reach(const struct source *source, int64_t since, struct source_reach *ret_reach, struct err *err)
{
    return source->ops->find_reach(source->state, since, ret_reach, err);
}

void source_check(const struct source *source, source_on_finding *on_finding, void *context)
{
    struct err err;
    if (source->ops->check != NULL) {
        source->ops->check(source->state, on_finding, context);
        return;
    }
    struct source_finding finding = { .kind = SOURCE_GOOD, .about = "source", .text = source->ops->title };
    if (source_inspect(source, &err) != 0)
        finding = (struct source_finding){ .kind = SOURCE_FAILS, .about = "source", .text = err.message,
                                           .exit_code = err.code };
    on_finding(context, &finding);
}

int source_now(const struct source *source, int64_t *ret_epoch, struct err *err)
{
    return source->ops->now(source->state, ret_epoch, err);
}

struct source_range source_range_ended(const struct source *source, enum source_table table, int64_t end_from,
                                       int64_t end_to)
{
    return (struct source_range){ .table = table,
                                  .end_from = end_from,
                                  .end_to = end_to,
                                  .call_from = end_from - source->ops->longest_sec,
                                  .call_to = end_to + source->ops->after_end_sec,
                                  .whole_rows = true };
}

int source_scan(const struct source *source, const struct source_range *range, source_on_call *on_call,
                source_on_slice *on_slice, void *context, struct err *err)
{
    if (range->table == SOURCE_ARCHIVE && source->ops->inspect_archive == NULL)
        return 0;
    return source->ops->scan(source->state, range, on_call, on_slice, context, err);
}

int source_fetch(const struct source *source, enum source_table table, const char *const *ids, size_t count,
                 source_on_call *on_call, void *context, struct err *err)
{
    if (table == SOURCE_ARCHIVE && source->ops->inspect_archive == NULL)
        return 0;
    return source->ops->fetch(source->state, table, ids, count, on_call, context, err);
}

bool source_shows_open(const struct source *source)
{
    return source->ops->shows_open != NULL && source->ops->shows_open(source->state);
}

int source_find_kin(const struct source *source, const char *const *kins, size_t count, int64_t began_from,
                    source_on_call *on_call, void *context, struct err *err)
{
    return count > 0 ? source->ops->find_kin(source->state, kins, count, began_from, on_call, context, err) : 0;
}

const char *source_archive_problem(const struct source *source)
{
    return source->ops->archive_problem != NULL ? source->ops->archive_problem(source->state) : "";
}

bool source_enriches(const struct source *source)
{
    return source->ops->enriches != NULL && source->ops->enriches(source->state);
}

int source_enrich(const struct source *source, const struct call *const *calls, size_t count,
                  source_on_enriched *on_enriched, void *context, struct err *err)
{
    return source->ops->enrich(source->state, calls, count, on_enriched, context, err);
}

void source_enrich_problem(const struct source *source, enum source_gap gap, char problem[SOURCE_PROBLEM_SIZE])
{
    *problem = '\0';
    if (source->ops->enrich_problem != NULL)
        source->ops->enrich_problem(source->state, gap, problem);
}

struct source_effort source_effort(const struct source *source)
{
    return source->ops->effort != NULL ? source->ops->effort(source->state)
                                       : (struct source_effort){ .statements = 0 };
}

bool source_may_read(const struct source *source)
{
    return source->ops->may_read == NULL || source->ops->may_read(source->state);
}

int64_t source_most_found(const struct source *source)
{
    return source->ops->most_found != NULL ? source->ops->most_found(source->state) : INT64_MAX;
}

int64_t source_spread(const struct source *source)
{
    return source->ops->spread != NULL ? source->ops->spread(source->state) : 0;
}

void source_recall(const struct source *source, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE])
{
    *memory = *problem = '\0';
    if (source->ops->recall != NULL)
        source->ops->recall(source->state, earlier, memory, problem);
}

void source_remember(const struct source *source, char memory[SOURCE_MEMORY_SIZE])
{
    *memory = '\0';
    if (source->ops->remember != NULL)
        source->ops->remember(source->state, memory);
}

bool source_explain_memory(const char *memory, struct source_zones *ret_zones)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i]->explain_memory != NULL && kinds[i]->explain_memory(memory, ret_zones))
            return true;
    *ret_zones = (struct source_zones){ .count = 0 };
    return false;
}

int source_list_campaigns(const struct source *source, source_on_campaign *on_campaign, void *context, struct err *err)
{
    if (source->ops->list_campaigns == NULL)
        return err_set(err, EX_UNAVAILABLE, "a source of the type %s has no list of campaigns", source->ops->type);
    return source->ops->list_campaigns(source->state, on_campaign, context, err);
}

int source_list_statuses(const struct source *source, source_on_status *on_status, void *context, struct err *err)
{
    if (source->ops->list_statuses == NULL)
        return err_set(err, EX_CONFIG, "a source of the type %s has no flags of statuses: `dispositions` cannot "
                       "compare, and [dispositions] must not have `use = flags`", source->ops->type);
    return source->ops->list_statuses(source->state, on_status, context, err);
}

bool source_finds_recordings(const struct source *source)
{
    return source->ops != NULL && source->ops->find_recordings != NULL;
}

int source_find_recordings(const struct source *source, const struct source_recording_key *keys, size_t count,
                           source_on_recording *on_recording, void *context, struct err *err)
{
    return source->ops->find_recordings(source->state, keys, count, on_recording, context, err);
}

bool source_has_tables(const struct source *source)
{
    return source->ops != NULL && source->ops->copy_tables != NULL;
}

int source_copy_tables(const struct source *source, unsigned jobs, const struct table_store *store, struct err *err)
{
    return source->ops->copy_tables(source->state, jobs, store, err);
}

void source_close(struct source *source)
{
    if (source->ops != NULL)
        source->ops->close(source->state);
    *source = (struct source){ .ops = NULL };
}
