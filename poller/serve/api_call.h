/* api_call: one call's whole story: GET /calls/{profile}/{id} of the live page's API. */
#ifndef API_CALL_H
#define API_CALL_H

#include "serve/api.h"

/* api_call: what `why --json` says, from the ledger alone: this process has no account of the dialer. The recording and
 * the row of the list come with it. */
api_handler api_call;

#endif
