/* api_summary: how each profile is: GET /profiles, /summary, /runs, /charts and /rejected of the live page's API. */
#ifndef API_SUMMARY_H
#define API_SUMMARY_H

#include "serve/api.h"

/* api_profiles: the profiles of this host, their types and settings that people ask for. */
api_handler api_profiles;

/* api_summary: the state of each profile, or of that in the parameter profile: the verdict of diagnosis.h, counts, the
 * last run, and how far the list of calls has come. */
api_handler api_summary;

#endif
