/* check_api: the part of `check` that asks the API. */
#ifndef CHECK_API_H
#define CHECK_API_H

#include "commands/check_report.h"
#include "domain/settings.h"

/* check_api: sends one empty request, which the API refuses without recording it, and says what came back. */
void check_api(struct check_report *report, const struct settings_api *api);

#endif
