/* state_view: the current state as all commands that show it read it. */
#ifndef STATE_VIEW_H
#define STATE_VIEW_H

#include "config/options.h"
#include "ledger/standing.h"

/* state_view_prepare: reads from the settings what the views show: whether telephone numbers are masked (mask.h), and
 * into options->settings_problem which of their lines is wrong. Call it before root gives up its rights: the owner of
 * the state may not read the settings. */
void state_view_prepare(struct options *options);

/* state_view_find_problem: only the wrong line. */
void state_view_find_problem(struct options *options);

/* state_view_gather, state_view_read: standing_gather and standing_read, with the wrong line of the settings. */
int state_view_gather(const struct options *options, struct ledger *ledger, struct standing *ret_standing,
                      struct err *err) MUST_CHECK;
int state_view_read(const struct options *options, struct standing *ret_standing, struct err *err) MUST_CHECK;

/* state_view_explain: adds the wrong line of the settings to an error, for which the state cannot be shown. Returns
 * err. */
const struct err *state_view_explain(const struct options *options, struct err *err);

#endif
