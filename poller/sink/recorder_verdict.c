/* recorder_verdict: judges a database's error, and makes an outcome's code. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sink/recorder_store.h"
#include "sink/recorder_verdict.h"

#define SQLSTATE_LENGTH 5
#define FIRST_SQLSTATE 1000 /* every SQLSTATE is larger: the lowest is 01000, in base 36 */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

int64_t recorder_verdict_code(const char *sqlstate)
{
    int64_t code = 0;
    if (sqlstate == NULL || strlen(sqlstate) != SQLSTATE_LENGTH)
        return 0;
    for (const char *at = sqlstate; *at != '\0'; at++) {
        const char *digit = strchr(digits, *at);
        if (digit == NULL)
            return 0;
        code = code * 36 + (digit - digits);
    }
    return code;
}

bool recorder_verdict_describe(int64_t code, char *out, size_t size)
{
    static const char *const words[] = { [RECORDER_CREATED] = "created", [RECORDER_UPDATED] = "updated",
                                         [RECORDER_KEPT] = "unchanged" };
    char sqlstate[SQLSTATE_LENGTH + 1] = "";
    if (code >= RECORDER_CREATED && code <= RECORDER_KEPT) {
        (void)snprintf(out, size, "%s", words[code]);
        return true;
    }
    if (code < RECORDER_CODE_SQLITE) {
        (void)snprintf(out, size, "code %" PRId64, code);
        return false;
    }
    if (code < FIRST_SQLSTATE) {
        (void)snprintf(out, size, "SQLite failure %" PRId64, code - RECORDER_CODE_SQLITE);
        return false;
    }
    for (int i = SQLSTATE_LENGTH - 1; i >= 0; i--) {
        sqlstate[i] = digits[code % 36];
        code /= 36;
    }
    (void)snprintf(out, size, "SQLSTATE %s", sqlstate);
    return false;
}

static bool is_one_of(const char *sqlstate, const char *list)
{
    char class[3] = "";
    (void)snprintf(class, sizeof class, "%s", str_or_empty(sqlstate));
    return str_in_list(list, str_or_empty(sqlstate)) || str_in_list(list, class);
}

/* PostgreSQL's manual, appendix A. 21: the same call twice; 22: a value that does not fit; 23 and 44: a constraint;
 * 54: too large for an index; P0001: raised by a trigger of the table's owner. The first row that matches counts. */
static const struct {
    const char *list; /* SQLSTATEs and their classes */
    enum recorder_blame blame;
    const char *advice;
} verdicts[] = {
    { "21 22 23 44 54 P0001", RECORDER_BLAMES_ROW, "" },
    { "42501", RECORDER_BLAMES_SETTINGS,
      "; as the table's owner, GRANT SELECT, INSERT, UPDATE on both tables to the account" },
    { "42P10", RECORDER_BLAMES_SETTINGS, "; create a UNIQUE index on the columns source and uuid" },
    { "42", RECORDER_BLAMES_SETTINGS, "; the table may have another shape: the command check names the differences" },
    { "28000", RECORDER_BLAMES_SETTINGS,
      "; let this account in with pg_hba.conf of the server, or add ?sslmode=require to url if the server wants TLS" },
    { "28", RECORDER_BLAMES_SETTINGS, "; check the user in url, and password_file" },
    { "3D 3F", RECORDER_BLAMES_SETTINGS, "; check the names in [sink]" },
    { "25006", RECORDER_BLAMES_SERVER,
      "; check that this server is no standby, and that default_transaction_read_only is off" },
    { "53100", RECORDER_BLAMES_SERVER, "; free some space on the server's disk" },
    { "53300", RECORDER_BLAMES_SERVER, "; raise max_connections of the server, or close some connections" },
    { "55P03", RECORDER_BLAMES_SERVER, "; find the program that has locked the table" },
    { "57014", RECORDER_BLAMES_SERVER, "; the server is slow, or the table is locked: raise timeout in [sink]" },
    { "08 40 53 55 57 58", RECORDER_BLAMES_SERVER, "" },
};

enum recorder_blame recorder_verdict_of(const char *sqlstate, const char **ret_advice)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (is_one_of(sqlstate, verdicts[i].list)) {
            *ret_advice = verdicts[i].advice;
            return verdicts[i].blame;
        }
    *ret_advice = "";
    return RECORDER_BLAMES_NOBODY;
}
