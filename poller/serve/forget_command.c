/* forget_command: ends what the ledgers do for the page. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/privileges.h"
#include "serve/forget_command.h"
#include "serve/profiles.h"
#include "serve/view_feed.h"

/* Ownership: the caller frees it. */
static struct view_feed_profile *list_sources(const struct profiles *profiles)
{
    struct view_feed_profile *sources = mem_zero(profiles->count + 1, sizeof *sources);
    for (size_t i = 0; i < profiles->count; i++)
        sources[i] = (struct view_feed_profile){ .name = profiles->list[i].name,
                                                 .state_dir = profiles->list[i].options.state_dir };
    return sources;
}

int forget_command(const struct serve_options *options, struct err *err)
{
    struct profiles profiles;
    profiles_load(&options->paths, &profiles);
    struct view_feed_profile *sources = list_sources(&profiles);
    int result = privileges_drop_to_owner(options->paths.state_dir, err);
    if (result == 0)
        result = view_feed_forget(sources, profiles.count, err);
    if (result == 0)
        (void)printf("no ledger notes changes for the page any more\n");
    free(sources);
    profiles_free(&profiles);
    return result;
}
