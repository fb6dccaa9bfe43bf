/* params: the settings that only one type of source or sink has. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "domain/params.h"

#define FILE_ENDING "_file"

void params_add(struct params *params, const char *key, const char *value, const char *origin)
{
    params->items = mem_resize(params->items, params->count + 1, sizeof *params->items);
    params->items[params->count++] =
        (struct param){ .key = mem_copy(key), .value = mem_copy(value), .origin = mem_copy(origin) };
}

const struct param *params_find(const struct params *params, const char *key)
{
    for (size_t i = 0; params != NULL && i < params->count; i++)
        if (strcasecmp(params->items[i].key, key) == 0)
            return &params->items[i];
    return NULL;
}

const char *params_text(const struct params *params, const char *key, const char *fallback)
{
    const struct param *param = params_find(params, key);
    return param != NULL ? param->value : fallback;
}

int params_integer(const struct params *params, const char *key, int64_t fallback, int64_t lowest, int64_t highest,
                   int64_t *ret_number, struct err *err)
{
    const struct param *param = params_find(params, key);
    int64_t number = fallback;
    if (param != NULL && (!str_to_int(param->value, &number) || number < lowest || number > highest))
        return err_set(err, EX_CONFIG, "%s: %s: '%.40s' is not a whole number from %" PRId64 " to %" PRId64,
                       param->origin, param->key, param->value, lowest, highest);
    *ret_number = number;
    return 0;
}

int params_yes_no(const struct params *params, const char *key, bool fallback, bool *ret_yes, struct err *err)
{
    const struct param *param = params_find(params, key);
    int yes = fallback ? 1 : 0;
    if (param != NULL)
        yes = str_yes_no(param->value);
    if (yes < 0)
        return err_set(err, EX_CONFIG, "%s: %s: '%.40s' is neither yes nor no", param->origin, param->key,
                       param->value);
    *ret_yes = yes == 1;
    return 0;
}

static bool matches_spec(const char *spec, const char *key)
{
    size_t length = strlen(spec);
    if (length > 0 && spec[length - 1] == '*')
        return strncasecmp(spec, key, length - 1) == 0 && key[length - 1] != '\0';
    return strcasecmp(spec, key) == 0;
}

const struct param_spec *params_spec_of(const struct param_spec *specs, const char *key)
{
    for (; specs != NULL && specs->key != NULL; specs++)
        if (matches_spec(specs->key, key))
            return specs;
    return NULL;
}

const struct param_spec *params_secret_of(const struct param_spec *specs, const char *key)
{
    size_t length = strlen(key), tail = strlen(FILE_ENDING);
    for (; specs != NULL && specs->key != NULL; specs++)
        if (specs->secret && length == strlen(specs->key) + tail && strcasecmp(key + length - tail, FILE_ENDING) == 0 &&
            strncasecmp(specs->key, key, length - tail) == 0)
            return specs;
    return NULL;
}

/* "url, secret (or secret_file), name.*" */
static void list_keys(const struct param_spec *specs, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (const struct param_spec *spec = specs; spec != NULL && spec->key != NULL && used < size; spec++) {
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", spec->key);
        if (spec->secret && used < size)
            used += (size_t)snprintf(out + used, size - used, " (or %s" FILE_ENDING ")", spec->key);
    }
}

/* The key that chooses the type in this section. */
static const char *selector_of(const char *section)
{
    return strcmp(section, "recordings") == 0 ? "upload" : "type";
}

static const char *kind_of(const char *section)
{
    return strcmp(section, "recordings") == 0 ? "place" : section;
}

int params_check(const struct param *param, const struct param_spec *specs, const char *section, const char *type,
                 struct err *err)
{
    char keys[600];
    if (params_spec_of(specs, param->key) != NULL || params_secret_of(specs, param->key) != NULL)
        return 0;
    list_keys(specs, keys, sizeof keys);
    const char *selector = selector_of(section);
    return err_set(err, EX_CONFIG, "%s: a %s of the type %s has no setting '%.60s' in [%s]; its %s: %s%s%s",
                   param->origin, kind_of(section), type, param->key, section,
                   *keys != '\0' ? "settings are" : "only setting is", selector, *keys != '\0' ? ", " : "", keys);
}

void params_free(struct params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        struct param *param = &params->items[i];
        mem_free_secret(param->value);
        free(param->key);
        free(param->origin);
        free(param->file);
    }
    free(params->items);
    *params = (struct params){ .count = 0 };
}

int params_find_type(const char *section, const char *const *types, size_t count, const char *type, const char *place,
                     size_t *ret_which, struct err *err)
{
    char list[200] = "";
    for (size_t i = 0, used = 0; i < count; i++, used = strlen(list)) {
        if (strcmp(types[i], type) == 0) {
            *ret_which = i;
            return 0;
        }
        (void)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", types[i]);
    }
    return err_set(err, EX_CONFIG, "%s: there is no %s of the type '%.60s'; %s in [%s] is one of: %s", place,
                   kind_of(section), type, selector_of(section), section, list);
}
