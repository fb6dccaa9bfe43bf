/* dispositions: `did-optimizer-sync dispositions`, compares the results of statuses by the table and by flags. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands/dispositions.h"
#include "config/profile.h"
#include "engine/resources.h"

#define DAYS 30

/* A status with its result by the flags. A status has several rows if its result differs between campaigns. */
struct seen {
    char *status, *name;
    const char *by_table, *by_flags;
    unsigned flags;
    int64_t count;
};

struct dispositions {
    const struct disposition_map *map;
    struct seen *seen;
    size_t count;
    struct status_name {
        char *status, *name;
    } *names; /* of each status that VICIdial lists */
    size_t name_count;
};

/* ---- reading ---- */

static void keep_name(void *context, const struct status_flags *status)
{
    struct dispositions *all = context;
    all->names = mem_resize(all->names, all->name_count + 1, sizeof *all->names);
    all->names[all->name_count++] = (struct status_name){ .status = mem_copy(status->status),
                                                          .name = mem_copy(str_or_empty(status->name)) };
}

static const char *name_of(const struct dispositions *all, const char *status)
{
    for (size_t i = 0; i < all->name_count; i++)
        if (strcmp(all->names[i].status, status) == 0)
            return all->names[i].name;
    return "(VICIdial does not list it)";
}

static int on_call(void *context, const struct call *call, struct err *err)
{
    struct dispositions *all = context;
    const char *status = str_or_empty(call->status), *by_flags = disposition_by_flags(all->map, call);
    (void)err;
    if (call->finality == CALL_NOT_ENDED)
        return 0;
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->seen[i].status, status) == 0 && strcmp(all->seen[i].by_flags, by_flags) == 0) {
            all->seen[i].count++;
            return 0;
        }
    all->seen = mem_resize(all->seen, all->count + 1, sizeof *all->seen);
    all->seen[all->count++] = (struct seen){ .status = mem_copy(status),
                                             .name = mem_copy(name_of(all, status)),
                                             .by_table = disposition_result(all->map, status),
                                             .by_flags = by_flags,
                                             .flags = disposition_flags(all->map, call),
                                             .count = 1 };
    return 0;
}

/* Called between two short reads, so that Ctrl-C ends the command soon. */
static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    (void)context;
    (void)ended_before;
    return interrupt_requested() ? err_set(err, EX_TEMPFAIL, "stopped by a signal") : 0;
}

static int read_calls(struct resources *resources, struct dispositions *all, struct err *err)
{
    int64_t now = 0;
    const struct source *source = &resources->source;
    if (source_list_statuses(source, keep_name, all, err) != 0 || source_now(source, &now, err) != 0)
        return -1;
    struct source_range range = source_range_ended(source, SOURCE_LIVE, now - INT64_C(86400) * DAYS, now);
    range.whole_rows = false;
    return source_scan(source, &range, on_call, on_slice, all, err);
}

/* ---- printing ---- */

static int compare(const void *left, const void *right)
{
    const struct seen *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->status, b->status);
}

static void print_status(const struct seen *seen)
{
    char status[64], name[200], letters[STATUS_FLAGS_LETTERS_SIZE];
    (void)str_printable(*seen->status != '\0' ? seen->status : "(none)", status, sizeof status);
    (void)str_printable(seen->name, name, sizeof name);
    (void)printf("# %-7s %9" PRId64 "  %-30s  %-6s  %-10s %-10s%s\n", status, seen->count, name,
                 status_flags_letters(seen->flags, letters), seen->by_table, seen->by_flags,
                 strcmp(seen->by_table, seen->by_flags) != 0 ? " differs" : "");
}

/* Whether to print a line for [dispositions]: the results differ, the line can name the status, and no row with more
 * calls has the same status. */
static bool is_pasted(const struct dispositions *all, size_t i)
{
    const struct seen *seen = &all->seen[i];
    if (strcmp(seen->by_table, seen->by_flags) == 0 || *seen->status == '\0' ||
        strpbrk(seen->status, "=:;#[]* \t") != NULL)
        return false;
    for (size_t k = 0; k < i; k++)
        if (strcmp(all->seen[k].status, seen->status) == 0)
            return false;
    return true;
}

static void print(struct dispositions *all)
{
    bool any = false;
    if (all->count > 1)
        qsort(all->seen, all->count, sizeof *all->seen, compare);
    (void)printf("# The statuses of the last %d days. Flags: H human answered, $ sale, D do not call, C customer "
                 "contact,\n"
                 "# N not interested, K scheduled callback.\n"
                 "# %-7s %9s  %-30s  %-6s  %-10s %s\n",
                 DAYS, "status", "calls", "name", "flags", "by table", "by flags");
    for (size_t i = 0; i < all->count; i++)
        print_status(&all->seen[i]);
    (void)printf("# To follow the flags, write these lines, or only `use = flags`, into /etc/did-optimizer-sync.conf:\n"
                 "[dispositions]\n");
    for (size_t i = 0; i < all->count; i++) {
        char status[64];
        if (!is_pasted(all, i))
            continue;
        any = true;
        (void)printf("%s = %s\n", str_printable(all->seen[i].status, status, sizeof status), all->seen[i].by_flags);
    }
    if (!any)
        (void)printf("# (nothing differs)\n");
}

static void clear(struct dispositions *all)
{
    for (size_t i = 0; i < all->count; i++) {
        free(all->seen[i].status);
        free(all->seen[i].name);
    }
    for (size_t i = 0; i < all->name_count; i++) {
        free(all->names[i].status);
        free(all->names[i].name);
    }
    free(all->seen);
    free(all->names);
}

int dispositions_command(const struct options *options)
{
    struct err err = { .code = EX_OK };
    struct resources resources = { .lock = NULL };
    struct dispositions all = { .count = 0 };
    interrupt_install();
    log_open(NULL, LOG_TERMINAL_ERRORS);
    int result = resources_load(options, &resources, &err);
    if (result == 0)
        result = profile_drop_privileges(options, &err);
    if (result == 0)
        result = resources_open_source(&resources, &err);
    if (result == 0)
        result = resources_read_flags(&resources, &err);
    all.map = resources.config.dispositions;
    if (result == 0)
        result = read_calls(&resources, &all, &err);
    if (result == 0)
        print(&all);
    else
        log_error("❌ %s", err.message);
    clear(&all);
    resources_close_state(&resources);
    resources_close(&resources);
    log_close();
    return result == 0 ? EX_OK : err.code;
}
