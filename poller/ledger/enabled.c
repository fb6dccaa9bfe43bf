/* enabled: whether cron's line or a service may send the calls of a state directory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/mem.h"
#include "base/program.h"
#include "ledger/enabled.h"
#include "ledger/ledger.h"

#define NAME "enabled"
#define LEDGER "ledger.db"
#define MAX_BYTES 256

/* Reads the file's first word. *ret_exists: there is a file. */
static int read_file(const char *state_dir, bool *ret_exists, bool *ret_enabled, struct err *err)
{
    char *path = mem_format("%s/" NAME, state_dir), *text = NULL;
    bool missing = false;
    int result = fileutil_read(path, MAX_BYTES, FILEUTIL_REFUSE_LINK, &text, &missing, err);
    *ret_exists = !missing;
    if (result == 0 && !missing) {
        text[strcspn(text, " \t\r\n")] = '\0';
        *ret_enabled = strcmp(text, "yes") == 0;
        if (!*ret_enabled && strcmp(text, "no") != 0)
            result = err_set(err, EX_IOERR,
                             "could not read %s: it contains neither yes nor no, so no call is sent; run: "
                             "did-optimizer-sync%s enable (or disable)",
                             path, program_option());
    }
    free(text);
    free(path);
    return result;
}

/* A name that cannot be looked up counts as existing. */
static bool has_file(const char *state_dir, const char *name)
{
    char *path = mem_format("%s/%s", state_dir, name);
    bool found = access(path, F_OK) == 0 || errno != ENOENT;
    free(path);
    return found;
}

/* Whether a run has worked here. Only runs that read calls, and runs of a standby, write the ledger's copy of the
 * checkpoint. With an unreadable ledger the answer is yes: the next run reports the ledger's problem. */
static bool has_worked(const char *state_dir)
{
    struct ledger *ledger = NULL;
    struct position position;
    bool known = false;
    if (!has_file(state_dir, LEDGER))
        return false;
    if (ledger_open(state_dir, LEDGER_READ_ONLY, &ledger, NULL, NULL) != 0 ||
        ledger_read_place(ledger, LEDGER_CHECKPOINT, &position, &known, NULL) != 0)
        known = true;
    ledger_close(ledger);
    return known;
}

static int read_or_infer(const char *state_dir, bool *ret_exists, bool *ret_enabled, struct err *err)
{
    if (read_file(state_dir, ret_exists, ret_enabled, err) != 0)
        return -1;
    if (!*ret_exists)
        *ret_enabled = has_worked(state_dir);
    return 0;
}

int enabled_read(const char *state_dir, bool *ret_enabled, struct err *err)
{
    bool exists = false;
    return read_or_infer(state_dir, &exists, ret_enabled, err);
}

int enabled_read_or_create(const char *state_dir, bool *ret_enabled, bool *ret_is_new, struct err *err)
{
    bool exists = false;
    if (read_or_infer(state_dir, &exists, ret_enabled, err) != 0)
        return -1;
    *ret_is_new = !exists;
    return exists ? 0 : enabled_set(state_dir, *ret_enabled, err);
}

int enabled_set(const char *state_dir, bool enabled, struct err *err)
{
    char local[CLOCK_TEXT_SIZE];
    char *text = mem_format("%s\n# since %s; did-optimizer-sync%s enable and disable change it\n",
                            enabled ? "yes" : "no", clock_local(clock_now_epoch(), local, sizeof local),
                            program_option());
    int result = fileutil_replace(state_dir, NAME, text, err);
    free(text);
    return result;
}

bool enabled_is_off(const char *state_dir)
{
    bool exists = false, enabled = false;
    if (read_file(state_dir, &exists, &enabled, NULL) != 0)
        return false;
    return exists ? !enabled : has_file(state_dir, ".") && !has_file(state_dir, LEDGER);
}
