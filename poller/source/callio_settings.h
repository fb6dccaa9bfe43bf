/* callio_settings: the settings of the source `callio`. For callio's files only. */
#ifndef CALLIO_SETTINGS_H
#define CALLIO_SETTINGS_H

#include "source/callio_scan.h"

/* callio_settings_read: reads and checks [source]: the address, the tenants, and the settings of the scan; its client
 * remains to be set. Ownership: the texts of *ret_place are borrowed from params; ret_scan->tenants:
 * callio_accounts_free, also after an error. Errors: EX_CONFIG, with file and line. */
int callio_settings_read(const struct params *params, struct callio_place *ret_place, struct callio_scan *ret_scan,
                         struct err *err) MUST_CHECK;

/* callio_settings_from_environment: adds what params does not have from CALLIO_ACCOUNTS_JSON, CALLIO_ACCOUNTS_FILE,
 * API_PAGE_SIZE and others of the program that this source replaces. An account is only for the address beside it: it
 * is left out if params has an address or another account. */
void callio_settings_from_environment(struct params *params);

extern const struct param_spec callio_settings_params[];

#endif
