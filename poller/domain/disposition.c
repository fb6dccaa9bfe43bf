/* disposition: maps the dialer's status to the API's result. */
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
};

struct disposition_map {
    struct mapping *mappings;
    size_t count;
    char *any_other;
};

static struct mapping *find(const struct disposition_map *map, const char *status)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcasecmp(map->mappings[i].status, status) == 0)
            return &map->mappings[i];
    return NULL;
}

int disposition_map_set(struct disposition_map *map, const char *status, const char *result, struct err *err)
{
    if (!str_in_list(KNOWN_RESULTS, result))
        return err_set(err, EX_CONFIG, "the API knows no result '%.40s'; write one of: %s", result, KNOWN_RESULTS);
    struct mapping *mapping = find(map, status);
    char **place = NULL;
    if (strcmp(status, "*") == 0) {
        place = &map->any_other;
    } else if (mapping != NULL) {
        place = &mapping->result;
    } else {
        map->mappings = mem_resize(map->mappings, map->count + 1, sizeof *map->mappings);
        mapping = &map->mappings[map->count++];
        *mapping = (struct mapping){ .status = mem_copy(status) };
        place = &mapping->result;
    }
    free(*place);
    *place = mem_copy(result);
    for (char *at = *place; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return 0;
}

void disposition_map_add_defaults(struct disposition_map *map, const struct disposition_default *defaults)
{
    for (; defaults != NULL && defaults->status != NULL; defaults++)
        if (find(map, defaults->status) == NULL)
            (void)!disposition_map_set(map, defaults->status, defaults->result, NULL); /* known results: cannot fail */
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
        (void)!disposition_map_set(map, defaults[i].status, defaults[i].result, NULL); /* known results: cannot fail */
    return map;
}

const char *disposition_result(const struct disposition_map *map, const char *status)
{
    const struct mapping *mapping = find(map, status);
    return mapping != NULL ? mapping->result : map->any_other;
}

void disposition_map_free(struct disposition_map *map)
{
    if (map == NULL)
        return;
    for (size_t i = 0; i < map->count; i++) {
        free(map->mappings[i].status);
        free(map->mappings[i].result);
    }
    free(map->mappings);
    free(map->any_other);
    free(map);
}
