/* recorder_verdict: what a database's error means for the call, and the code of an outcome. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sink/recorder_store.h"
#include "sink/recorder_verdict.h"

#define SQLSTATE_LENGTH 5
#define FIRST_SQLSTATE 1000 /* none is less: the least is 01000, in base 36 */

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

/* PostgreSQL's manual, appendix A. 21: the same call twice. 22: a value that does not fit; 23: a constraint; 54: too
 * large for an index; P0001: what a trigger of the table's owner raises. */
bool recorder_verdict_blames_row(const char *sqlstate)
{
    return is_one_of(sqlstate, "21 22 23 44 54 P0001");
}

/* What stands here lasts until a person mends it; all else may pass by itself. */
enum outcome_kind recorder_verdict_of(const char *sqlstate, const char **ret_advice)
{
    static const struct {
        const char *list; /* of SQLSTATEs, and of classes */
        enum outcome_kind kind;
        const char *advice;
    } rows[] = {
        { "42501", OUTCOME_MISCONFIGURED,
          "; as the table's owner, GRANT SELECT, INSERT, UPDATE on both tables to the account" },
        { "42P10", OUTCOME_MISCONFIGURED, "; create a UNIQUE index on the columns source and uuid" },
        { "42", OUTCOME_MISCONFIGURED, "; does the table have another shape? Run did-optimizer-sync check" },
        { "28", OUTCOME_MISCONFIGURED, "; check the user in url, and password_file" },
        { "3D 3F", OUTCOME_MISCONFIGURED, "; check the names in [sink]" },
        { "25006", OUTCOME_RETRY, "; is that server a standby, or default_transaction_read_only set?" },
        { "53100", OUTCOME_RETRY, "; free some space on the server's disk" },
        { "53300 53400", OUTCOME_RETRY, "; the server allows no more connections" },
        { "55P03", OUTCOME_RETRY, "; another program has locked the table" },
        { "57014", OUTCOME_RETRY, "; the server is slow, or the table is locked; see timeout in [sink]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (is_one_of(sqlstate, rows[i].list)) {
            *ret_advice = rows[i].advice;
            return rows[i].kind;
        }
    *ret_advice = "";
    return OUTCOME_RETRY;
}
