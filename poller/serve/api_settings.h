/* api_settings: the settings of a profile: GET /settings of the live page's API. */
#ifndef API_SETTINGS_H
#define API_SETTINGS_H

#include "serve/serve.h"

/* api_settings: the settings of the profile's own file, without secrets. Parameter: profile. The action settings_set
 * changes one; can_change says which. */
serve_handler api_settings;

#endif
