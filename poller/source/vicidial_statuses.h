/* vicidial_statuses: the statuses of the dialer, with VICIdial's own flags. For vicidial's files only. */
#ifndef VICIDIAL_STATUSES_H
#define VICIDIAL_STATUSES_H

#include "source/session.h"
#include "source/source.h"

/* vicidial_statuses_list: see source_list_statuses. Two statements, on tables of some hundred rows. */
int vicidial_statuses_list(struct session *session, source_on_status *on_status, void *context, struct err *err)
    MUST_CHECK;

#endif
