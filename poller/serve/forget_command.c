/* forget_command: ends what the ledgers do for the page. */
#include <stdio.h>
#include <stdlib.h>

#include "base/privileges.h"
#include "serve/forget_command.h"
#include "serve/profiles.h"
#include "serve/view_feed.h"

int forget_command(const struct serve_options *options, struct err *err)
{
    struct profiles profiles;
    profiles_load(&options->paths, &profiles);
    struct view_feed_profile *sources = profiles_sources(&profiles);
    int result = privileges_drop_to_owner(options->paths.state_dir, err);
    if (result == 0)
        result = view_feed_forget(sources, profiles.count, err);
    if (result == 0)
        (void)printf("no ledger notes changes for the page any more\n");
    free(sources);
    profiles_free(&profiles);
    return result;
}
