/* callio_session: the token of a tenant's last login. For callio's files only. */
#ifndef CALLIO_SESSION_H
#define CALLIO_SESSION_H

#include "base/err.h"
#include "source/callio_accounts.h"

/* callio_session_keep: keeps the token of answer, the body of a login's answer, for some minutes. tenant must have no
 * session. Errors: EX_UNAVAILABLE: the answer has no usable token; the message has no secret. */
int callio_session_keep(struct callio_tenant *tenant, const char *answer, struct err *err) MUST_CHECK;

/* callio_session_token: the token, borrowed from tenant; NULL: there is none, or it is too old. */
const char *callio_session_token(struct callio_tenant *tenant);

/* callio_session_forget: overwrites the token, if there is one. */
void callio_session_forget(struct callio_tenant *tenant);

#endif
