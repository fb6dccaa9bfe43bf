/* pbx_settings: the settings of the source `pbx-api`. For pbx's files only. */
#ifndef PBX_SETTINGS_H
#define PBX_SETTINGS_H

#include "source/pbx_client.h"
#include "source/pbx_scan.h"

/* pbx_settings_read: reads and checks [source]: the account, the time zone, and the settings of the scan; its client
 * and its zone remain to be set. Ownership: the texts are borrowed from params. Errors: EX_CONFIG, with file and
 * line. */
int pbx_settings_read(const struct params *params, struct pbx_account *ret_account, struct pbx_zone *ret_zone,
                      struct pbx_scan *ret_scan, struct err *err) MUST_CHECK;

/* pbx_settings_from_environment: adds what params does not have from PBX_API_URL, PBX_DOMAIN, PBX_API_KEY and others of
 * the script that this source replaces. A key is only for the address beside it: it is left out if params has an
 * address or another account. */
void pbx_settings_from_environment(struct params *params);

#endif
