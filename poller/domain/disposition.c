/* disposition: maps a status of the source to a result. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "domain/disposition.h"

static const char KNOWN_RESULTS[] = "answered dnc no_answer busy dropped completed failed";

struct mapping {
    char *status;
    char *result;
    bool is_own; /* the settings name this status; false: the result is a default */
};

struct flags_row {
    char *status, *campaign; /* campaign NULL: all campaigns have this status */
    unsigned flags;
};

struct disposition_map {
    struct mapping *mappings;
    size_t count;
    char *any_other;
    bool uses_flags;
    struct flags_row *flags;
    size_t flags_count;
};

static struct mapping *find(const struct disposition_map *map, const char *status)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcasecmp(map->mappings[i].status, status) == 0)
            return &map->mappings[i];
    return NULL;
}

static int set(struct disposition_map *map, const char *status, const char *result, bool is_own, struct err *err)
{
    if (!str_in_list(KNOWN_RESULTS, result))
        return err_set(err, EX_CONFIG, "there is no result '%.40s'; write one of: %s", result, KNOWN_RESULTS);
    struct mapping *mapping = find(map, status);
    char **place = NULL;
    if (strcmp(status, "*") == 0) {
        place = &map->any_other;
    } else if (mapping != NULL) {
        mapping->is_own = is_own;
        place = &mapping->result;
    } else {
        map->mappings = mem_resize(map->mappings, map->count + 1, sizeof *map->mappings);
        mapping = &map->mappings[map->count++];
        *mapping = (struct mapping){ .status = mem_copy(status), .is_own = is_own };
        place = &mapping->result;
    }
    free(*place);
    *place = mem_copy(result);
    for (char *at = *place; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return 0;
}

int disposition_map_set(struct disposition_map *map, const char *status, const char *result, struct err *err)
{
    return set(map, status, result, true, err);
}

void disposition_map_add_defaults(struct disposition_map *map, const struct disposition_default *defaults)
{
    for (; defaults != NULL && defaults->status != NULL; defaults++)
        if (find(map, defaults->status) == NULL)
            (void)!set(map, defaults->status, defaults->result, false, NULL); /* known results: cannot fail */
}

struct disposition_map *disposition_map_new(void)
{
    static const struct {
        const char *status, *result;
    } defaults[] = {
        { "SALE", "answered" }, { "A", "answered" },   { "DNC", "dnc" },      { "B", "dnc" },
        { "NA", "no_answer" },  { "NO", "no_answer" }, { "BUSY", "busy" },    { "DROP", "dropped" },
        { "AMD", "dropped" },   { "*", "completed" },
    };
    struct disposition_map *map = mem_zero(1, sizeof *map);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        (void)!set(map, defaults[i].status, defaults[i].result, false, NULL); /* known results: cannot fail */
    return map;
}

const char *disposition_result(const struct disposition_map *map, const char *status)
{
    const struct mapping *mapping = find(map, status);
    return mapping != NULL ? mapping->result : map->any_other;
}

/* ---- by VICIdial's flags ---- */

void disposition_map_use_flags(struct disposition_map *map, bool use)
{
    map->uses_flags = use;
}

bool disposition_map_uses_flags(const struct disposition_map *map)
{
    return map != NULL && map->uses_flags;
}

void disposition_map_add_flags(struct disposition_map *map, const struct status_flags *flags)
{
    map->flags = mem_resize(map->flags, map->flags_count + 1, sizeof *map->flags);
    map->flags[map->flags_count++] = (struct flags_row){
        .status = mem_copy(flags->status),
        .campaign = flags->campaign != NULL ? mem_copy(flags->campaign) : NULL,
        .flags = flags->flags,
    };
}

unsigned disposition_flags(const struct disposition_map *map, const struct call *call)
{
    const char *status = str_or_empty(call->status), *campaign = str_or_empty(call->campaign);
    unsigned own = 0, any = 0;
    bool is_known = false;
    for (size_t i = 0; i < map->flags_count; i++) {
        const struct flags_row *row = &map->flags[i];
        if (strcasecmp(row->status, status) != 0)
            continue;
        bool counts = row->campaign == NULL || strcasecmp(row->campaign, campaign) == 0;
        is_known = is_known || counts;
        own |= counts ? row->flags : 0;
        any |= row->flags;
    }
    return is_known ? own : any;
}

static bool is_listed(const struct disposition_map *map, const char *status)
{
    for (size_t i = 0; i < map->flags_count; i++)
        if (strcasecmp(map->flags[i].status, status) == 0)
            return true;
    return false;
}

/* If VICIdial does not list a status, its flags are unknown. The table may then have a better result than "completed".
 */
const char *disposition_by_flags(const struct disposition_map *map, const struct call *call)
{
    const char *status = str_or_empty(call->status), *result = status_flags_result(call, disposition_flags(map, call));
    const struct mapping *mapping = find(map, status);
    bool table_knows_more = mapping != NULL && strcmp(result, "completed") == 0 && !is_listed(map, status);
    return table_knows_more ? mapping->result : result;
}

const char *disposition_of(const struct disposition_map *map, const struct call *call)
{
    const char *status = str_or_empty(call->status);
    const struct mapping *mapping = find(map, status);
    bool is_own = mapping != NULL && mapping->is_own;
    return map->uses_flags && !is_own ? disposition_by_flags(map, call) : disposition_result(map, status);
}

void disposition_map_free(struct disposition_map *map)
{
    if (map == NULL)
        return;
    for (size_t i = 0; i < map->count; i++) {
        free(map->mappings[i].status);
        free(map->mappings[i].result);
    }
    for (size_t i = 0; i < map->flags_count; i++) {
        free(map->flags[i].status);
        free(map->flags[i].campaign);
    }
    free(map->flags);
    free(map->mappings);
    free(map->any_other);
    free(map);
}
