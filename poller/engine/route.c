/* route: the source and the sink that the settings name. */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/secrets.h"
#include "base/str.h"
#include "engine/route.h"
#include "recording/recording_settings.h"

/* For an unknown type, read all settings, so that their problems are reported too. */
static unsigned parts_of(const char *source_type, const char *sink_type)
{
    const struct source_ops *source = NULL;
    const struct sink_ops *sink = NULL;
    bool dialer = source_find(source_type, "", &source, NULL) != 0 || source->uses_dialer;
    bool api = sink_find(sink_type, "", &sink, NULL) != 0 || sink->uses_api;
    return (dialer ? CONFIG_DATABASE : 0U) | (api ? CONFIG_API : 0U);
}

static bool has_param(const char *section, const char *type, const char *key)
{
    const struct source_ops *source = NULL;
    const struct sink_ops *sink = NULL;
    const struct place_ops *place = NULL;
    if (strcmp(section, "recordings") == 0)
        return place_find(type, "", &place, NULL) == 0 && params_spec_of(place->params, key) != NULL;
    if (strcmp(section, "source") == 0)
        return source_find(type, "", &source, NULL) == 0 && params_spec_of(source->params, key) != NULL;
    return sink_find(type, "", &sink, NULL) == 0 && params_spec_of(sink->params, key) != NULL;
}

static void add_unknown_param(const struct config *config, const struct param *param, unsigned part,
                              const struct err *unknown, struct config_problems *problems)
{
    struct err err = *unknown;
    char home[CONFIG_HOME_SIZE];
    if (*config_home(config, has_param, param->key, home) != '\0')
        (void)err_set(&err, unknown->code, "%s; %.60s belongs in %s", unknown->message, param->key, home);
    config_add_problem(problems, part, &err);
}

/* Checks the settings of one type. */
static void settle(const struct config *config, struct params *params, const struct param_spec *specs,
                   const char *section, const char *type, unsigned part, struct config_problems *problems)
{
    struct err err;
    for (size_t i = 0; i < params->count; i++)
        if (params_check(&params->items[i], specs, section, type, &err) != 0)
            add_unknown_param(config, &params->items[i], part, &err, problems);
    secrets_read(params, specs, part, problems);
}

static struct config_paths with_parts(const struct config_paths *paths)
{
    struct config_paths own = *paths;
    own.parts_of = parts_of;
    own.has_param = has_param;
    return own;
}

/* Without upload there is no place, and no other setting. */
static void load_recordings(struct config *config, struct route_kinds *kinds, struct config_problems *problems)
{
    struct err err;
    const struct params *params = &config->recordings_params;
    if (*config->recordings_type == '\0' && params->count == 0)
        return;
    if (*config->recordings_type == '\0')
        (void)err_set(&err, EX_CONFIG, "%s: [recordings] has no upload: write `upload = directory`, or leave the whole "
                      "section out", params->items[0].origin);
    else if (place_find(config->recordings_type, config->recordings_origin, &kinds->place, &err) == 0) {
        recording_settings_from_environment(kinds->place, &config->recordings_params);
        settle(config, &config->recordings_params, kinds->place->params, "recordings", kinds->place->type, 0, problems);
        return;
    }
    config_add_problem(problems, 0, &err);
}

void route_load_sink(struct config *config, const struct route_kinds *kinds, struct config_problems *ret_problems)
{
    if (kinds->sink != NULL)
        settle(config, &config->sink_params, kinds->sink->params, "sink", kinds->sink->type, CONFIG_API, ret_problems);
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
    if (ret_kinds->source != NULL && ret_kinds->source->read_environment != NULL)
        ret_kinds->source->read_environment(&ret_config->source_params);
    if (ret_kinds->source != NULL)
        settle(ret_config, &ret_config->source_params, ret_kinds->source->params, "source", ret_kinds->source->type,
               CONFIG_DATABASE, ret_problems);
    if (ret_kinds->source != NULL)
        disposition_map_add_defaults(ret_config->dispositions, ret_kinds->source->dispositions);
    if (ret_kinds->source != NULL && ret_kinds->source->find_database != NULL &&
        ret_kinds->source->find_database(&ret_config->source_params, &ret_config->database, &err) != 0)
        config_add_problem(ret_problems, CONFIG_DATABASE, &err);
    int found = sink_find(ret_config->sink_type, ret_config->sink_origin, &ret_kinds->sink, &err);
    if (found == 0 && ret_kinds->sink->read_environment != NULL)
        ret_kinds->sink->read_environment(&ret_config->sink_params);
    ret_config->sync.ignores_extras = sink_ignores_extras(ret_kinds->sink, &ret_config->sink_params);
    if (paths->without_api)
        return;
    if (ret_config->sync.ignores_extras && !ret_config->enrich.did) {
        (void)err_set(&err, EX_CONFIG,
                      "phone_number = did in [sink] contradicts did = no in [enrich]; remove one of the two lines");
        config_add_problem(ret_problems, CONFIG_API, &err);
    }
    if (found != 0)
        config_add_problem(ret_problems, CONFIG_API, &err);
    else
        route_load_sink(ret_config, ret_kinds, ret_problems);
    load_recordings(ret_config, ret_kinds, ret_problems);
}

static unsigned no_parts(const char *source_type, const char *sink_type)
{
    (void)source_type;
    (void)sink_type;
    return 0;
}

static void forget_text(char **text)
{
    mem_free_secret(*text);
    *text = mem_copy("");
}

/* A setting that the type does not have may be a secret, if its name is mistyped. */
static void forget_secrets(struct params *params, const char *section, const char *type)
{
    for (size_t i = 0; i < params->count; i++)
        if (!has_param(section, str_or_empty(type), params->items[i].key) ||
            route_is_secret(section, params->items[i].key))
            forget_text(&params->items[i].value);
}

void route_load_to_show(const struct config_paths *paths, struct config *ret_config, struct route_kinds *ret_kinds,
                        struct config_problems *ret_problems)
{
    struct err err;
    struct config_paths own = with_parts(paths);
    own.parts_of = no_parts;
    *ret_kinds = (struct route_kinds){ .source = NULL };
    config_load(&own, ret_config, ret_problems);
    if (source_find(ret_config->source_type, ret_config->source_origin, &ret_kinds->source, &err) != 0)
        config_add_problem(ret_problems, 0, &err);
    if (sink_find(ret_config->sink_type, ret_config->sink_origin, &ret_kinds->sink, &err) != 0)
        config_add_problem(ret_problems, 0, &err);
    if (*ret_config->recordings_type != '\0' &&
        place_find(ret_config->recordings_type, ret_config->recordings_origin, &ret_kinds->place, &err) != 0)
        config_add_problem(ret_problems, 0, &err);
    forget_text(&ret_config->api.key);
    forget_text(&ret_config->database.password);
    forget_secrets(&ret_config->source_params, "source", ret_config->source_type);
    forget_secrets(&ret_config->sink_params, "sink", ret_config->sink_type);
    forget_secrets(&ret_config->recordings_params, "recordings", ret_config->recordings_type);
}

/* Whether the problem is one of a line in this file. */
static bool is_in(const char *problem, const char *path)
{
    size_t length = strlen(path);
    return strncmp(problem, path, length) == 0 && problem[length] == ':';
}

/* The first problem of a line in one of these files, or, if one may not be read, none. */
static int find_wrong_line(const struct config_paths *paths, const char *const *files, size_t count, struct err *err)
{
    struct config config;
    struct config_problems problems;
    struct route_kinds kinds;
    int result = 0;
    route_load(paths, &config, &kinds, &problems);
    for (int i = 0; result == 0 && problems.code != EX_NOPERM && i < problems.count; i++)
        for (size_t j = 0; result == 0 && j < count; j++)
            if (is_in(problems.texts[i], files[j]))
                result = err_set(err, problems.code, "%s", problems.texts[i]);
    config_problems_free(&problems);
    config_free(&config);
    return result;
}

int route_check_lines(const struct config_paths *paths, struct err *err)
{
    const char *const files[] = { paths->own, paths->dids, paths->astguiclient };
    return find_wrong_line(paths, files, sizeof files / sizeof files[0], err);
}

void route_name_file(const struct config_paths *paths, struct err *err)
{
    if (err == NULL || err->code != EX_CONFIG || strchr(err->message, '/') != NULL)
        return;
    const struct err why = *err;
    (void)err_set(err, why.code, "%.300s: %.700s", paths->own, why.message);
}

bool route_is_set_up(const struct config_paths *paths)
{
    const struct config_paths own = with_parts(paths);
    return config_has_key(&own) || find_wrong_line(paths, &paths->own, 1, NULL) != 0;
}

bool route_is_secret(const char *section, const char *key)
{
    if (strcasecmp(section, "recordings") == 0)
        return place_is_secret(key);
    if (strcasecmp(section, "source") == 0)
        return source_is_secret(key);
    return strcasecmp(section, "sink") == 0 && sink_is_secret(key);
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
    if (kinds->place != NULL)
        hide(&config->recordings_params, kinds->place->params);
}

struct source_settings route_source_settings(const struct config *config)
{
    return (struct source_settings){ .database = &config->database, .sync = &config->sync,
                                     .enrich = &config->enrich, .params = &config->source_params,
                                     .stores_recordings = *str_or_empty(config->recordings_type) != '\0' };
}

struct sink_settings route_sink_settings(const struct config *config, const char *state_dir, const char *profile_option)
{
    const struct source_ops *source = NULL;
    bool known = source_find(config->source_type, "", &source, NULL) == 0;
    return (struct sink_settings){ .api = &config->api, .dispositions = config->dispositions,
                                   .source = config->source_type, .shape = known ? source->shape : NULL,
                                   .params = &config->sink_params, .state_dir = state_dir,
                                   .profile_option = profile_option };
}
