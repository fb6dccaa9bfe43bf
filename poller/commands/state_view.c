/* state_view: the current state as all commands that show it read it. */
#include <stdio.h>

#include "base/mask.h"
#include "base/str.h"
#include "commands/state_view.h"
#include "config/config.h"
#include "engine/route.h"

void state_view_find_problem(struct options *options)
{
    struct err err;
    *options->settings_problem = '\0';
    if (route_check_lines(&options->config, &err) != 0)
        (void)str_cut(err.message, options->settings_problem, sizeof options->settings_problem);
}

void state_view_prepare(struct options *options)
{
    mask_enable(config_masks_phones(&options->config));
    state_view_find_problem(options);
}

static void add_problem(const struct options *options, struct standing *standing)
{
    (void)snprintf(standing->settings_problem, sizeof standing->settings_problem, "%s", options->settings_problem);
}

int state_view_gather(const struct options *options, struct ledger *ledger, struct standing *ret_standing,
                      struct err *err)
{
    if (standing_gather(options->state_dir, ledger, ret_standing, err) != 0)
        return -1;
    add_problem(options, ret_standing);
    return 0;
}

int state_view_read(const struct options *options, struct standing *ret_standing, struct err *err)
{
    if (standing_read(options->state_dir, ret_standing, err) != 0)
        return -1;
    add_problem(options, ret_standing);
    return 0;
}

const struct err *state_view_explain(const struct options *options, struct err *err)
{
    const struct err why = *err;
    if (*options->settings_problem != '\0')
        (void)err_set(err, why.code, "%.500s; the settings are wrong as well: %s; do: did-optimizer-sync%s check",
                      why.message, options->settings_problem, options->profile_option);
    return err;
}
