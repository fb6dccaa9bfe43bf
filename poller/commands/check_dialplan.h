/* check_dialplan: the part of `check` that looks for the API owner's own report script in Asterisk's dialplan. */
#ifndef CHECK_DIALPLAN_H
#define CHECK_DIALPLAN_H

#include "commands/check_report.h"

/* check_dialplan: warns of each line in extensions*.conf, beside dids.conf, that runs the script. Call it as root;
 * files that cannot be read are skipped. dids is the path of dids.conf. */
void check_dialplan(struct check_report *report, const char *dids);

#endif
