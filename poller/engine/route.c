/* route: the source and the sink that the settings name. */
#include "base/log.h"
#include "config/secrets.h"
#include "engine/route.h"

/* Of a kind that is not known, everything is read: its problem is told all the same. */
static unsigned parts_of(const char *source_type, const char *sink_type)
{
    const struct source_ops *source = NULL;
    const struct sink_ops *sink = NULL;
    bool dialer = source_find(source_type, "", &source, NULL) != 0 || source->uses_dialer;
    bool api = sink_find(sink_type, "", &sink, NULL) != 0 || sink->uses_api;
    return (dialer ? CONFIG_DATABASE : 0U) | (api ? CONFIG_API : 0U);
}

/* What a kind has to say of its settings. */
static void settle(struct params *params, const struct param_spec *specs, const char *section, const char *type,
                   unsigned part, struct config_problems *problems)
{
    struct err err;
    for (size_t i = 0; i < params->count; i++)
        if (params_check(&params->items[i], specs, section, type, &err) != 0)
            config_add_problem(problems, part, &err);
    secrets_read(params, specs, part, problems);
}

static struct config_paths with_parts(const struct config_paths *paths)
{
    struct config_paths own = *paths;
    own.parts_of = parts_of;
    return own;
}

void route_load(const struct config_paths *paths, struct config *ret_config, struct route_kinds *ret_kinds,
                struct config_problems *ret_problems)
{
    struct err err;
    const struct config_paths own = with_parts(paths);
    *ret_kinds = (struct route_kinds){ .source = NULL };
    config_load(&own, ret_config, ret_problems);
    if (source_find(ret_config->source_type, ret_config->source_origin, &ret_kinds->source, &err) != 0)
        config_add_problem(ret_problems, CONFIG_DATABASE, &err);
    else
        settle(&ret_config->source_params, ret_kinds->source->params, "source", ret_kinds->source->type, CONFIG_DATABASE,
               ret_problems);
    if (ret_kinds->source != NULL)
        disposition_map_add_defaults(ret_config->dispositions, ret_kinds->source->dispositions);
    if (ret_kinds->source != NULL && ret_kinds->source->find_database != NULL &&
        ret_kinds->source->find_database(&ret_config->source_params, &ret_config->database, &err) != 0)
        config_add_problem(ret_problems, CONFIG_DATABASE, &err);
    int found = sink_find(ret_config->sink_type, ret_config->sink_origin, &ret_kinds->sink, &err);
    if (paths->without_api)
        return;
    if (found != 0)
        config_add_problem(ret_problems, CONFIG_API, &err);
    else
        settle(&ret_config->sink_params, ret_kinds->sink->params, "sink", ret_kinds->sink->type, CONFIG_API,
               ret_problems);
}

bool route_is_set_up(const struct config_paths *paths)
{
    const struct config_paths own = with_parts(paths);
    return config_has_key(&own);
}

static void hide(const struct params *params, const struct param_spec *specs)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct param_spec *spec = params_spec_of(specs, params->items[i].key);
        if (spec != NULL && spec->secret)
            log_hide_secret(params->items[i].value);
    }
}

void route_hide(const struct config *config, const struct route_kinds *kinds)
{
    log_hide_secret(config->api.key);
    if (kinds->source != NULL)
        hide(&config->source_params, kinds->source->params);
    if (kinds->sink != NULL)
        hide(&config->sink_params, kinds->sink->params);
}

struct source_settings route_source_settings(const struct config *config)
{
    return (struct source_settings){ .database = &config->database, .sync = &config->sync,
                                     .params = &config->source_params };
}

struct sink_settings route_sink_settings(const struct config *config, const char *state_dir)
{
    const struct source_ops *source = NULL;
    bool known = source_find(config->source_type, "", &source, NULL) == 0;
    return (struct sink_settings){ .api = &config->api, .dispositions = config->dispositions,
                                   .source = config->source_type, .shape = known ? source->shape : NULL,
                                   .params = &config->sink_params, .state_dir = state_dir };
}
