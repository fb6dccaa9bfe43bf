/* checkpoint: the file with the checkpoint: every call up to this time has been handled. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/str.h"
#include "base/when.h"
#include "ledger/checkpoint.h"

#define MAX_BYTES 4096

/* The second comment line, up to its epoch. */
#define OLDEST_UNSENT "# the oldest call before it that is not sent yet ended at "

/* Reads the digits at the start of text as an epoch. Returns their number; 0: no digits, or an impossible epoch. */
static size_t read_epoch(const char *text, int64_t *ret_epoch)
{
    size_t digits = strspn(text, "0123456789");
    char number[24] = "";
    if (digits < sizeof number)
        memcpy(number, text, digits);
    return str_to_int(number, ret_epoch) && *ret_epoch >= WHEN_EARLIEST ? digits : 0;
}

/* `END_EPOCH UNIQUEID`, the form that a run writes. */
static bool parse_pair(const char *line, struct position *ret_position)
{
    int64_t epoch = 0;
    size_t digits = read_epoch(line, &epoch);
    if (digits == 0 || line[digits] != ' ')
        return false;
    const char *uniqueid = line + digits + strspn(line + digits, " ");
    if (strlen(uniqueid) >= POSITION_UNIQUEID_SIZE)
        return false;
    *ret_position = position_at(epoch, uniqueid);
    return true;
}

/* `EPOCH.SEQUENCE` or `SYSTEM-EPOCH.SEQUENCE`: the epoch is when the call began. */
static bool parse_uniqueid(const char *line, struct position *ret_position)
{
    const char *dash = strrchr(line, '-');
    const char *start = dash != NULL ? dash + 1 : line;
    int64_t epoch = 0;
    size_t digits = read_epoch(start, &epoch);
    size_t sequence = start[digits] == '.' ? strspn(start + digits + 1, "0123456789") : 0;
    if (digits == 0 || sequence == 0 || start[digits + 1 + sequence] != '\0')
        return false;
    *ret_position = position_at(epoch, "");
    return true;
}

int checkpoint_parse(const char *text, struct position *ret_position, struct err *err)
{
    char line[POSITION_UNIQUEID_SIZE + 64], shown[128];
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
    char *trimmed = str_trim(line);
    int64_t epoch = 0;
    if (parse_pair(trimmed, ret_position) || parse_uniqueid(trimmed, ret_position))
        return 0;
    /* A relative time ("now", "1 hour ago") would move with the clock. */
    bool fixed = isdigit((unsigned char)*trimmed) && strstr(trimmed, "ago") == NULL;
    if (fixed && when_parse(trimmed, clock_now_epoch(), &epoch, NULL) == 0) {
        *ret_position = position_at(epoch, "");
        return 0;
    }
    return err_set(err, EX_IOERR, "'%s' is no checkpoint; write END_EPOCH UNIQUEID, a local time like 2024-10-24 "
                   "12:00:00, an epoch or a uniqueid", str_printable(trimmed, shown, sizeof shown));
}

int checkpoint_load(const char *state_dir, enum checkpoint_found *ret_found, struct position *ret_position,
                    struct err *err)
{
    int result = 0;
    char *text = NULL;
    bool missing = false;
    char *path = mem_format("%s/checkpoint", state_dir);
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        result = err_set(err, EX_IOERR, "could not read the checkpoint %s: it is a symbolic link; remove it and run "
                         "`did-optimizer-sync%s checkpoint set WHEN`", path, program_option());
    } else if (fileutil_read(path, MAX_BYTES, FILEUTIL_REFUSE_LINK, &text, &missing, err) != 0) {
        *ret_found = CHECKPOINT_DAMAGED;
        result = err->code == EX_NOPERM ? -1 : 0;
    } else if (missing || *str_trim(text) == '\0') {
        *ret_found = CHECKPOINT_MISSING;
    } else {
        struct err reason;
        *ret_found = CHECKPOINT_READ;
        if (checkpoint_parse(str_trim(text), ret_position, &reason) != 0) {
            *ret_found = CHECKPOINT_DAMAGED;
            (void)err_set(err, EX_IOERR, "could not read the checkpoint %s: %s", path, reason.message);
        }
    }
    free(text);
    free(path);
    return result;
}

/* Who wrote the file. */
#define OF_A_RUN "every call up to this one has been handled"
#define BY_HAND "set by hand"

/* Ownership: the caller frees it. */
static char *content_of(const struct position *position, const char *words, int64_t oldest_unsent)
{
    char local[CLOCK_TEXT_SIZE], uniqueid[POSITION_UNIQUEID_SIZE];
    char open[128] = "";
    if (oldest_unsent != 0)
        (void)snprintf(open, sizeof open, OLDEST_UNSENT "%" PRId64 "\n", oldest_unsent);
    return mem_format("%" PRId64 " %s\n# %s, %s\n%s", position->end_epoch,
                      str_printable(position->uniqueid, uniqueid, sizeof uniqueid),
                      clock_local(position->end_epoch, local, sizeof local), words, open);
}

int checkpoint_save(const char *state_dir, const struct position *position, struct err *err)
{
    char *text = content_of(position, BY_HAND, 0);
    int result = fileutil_replace(state_dir, "checkpoint", text, err);
    free(text);
    return result;
}

uint64_t checkpoint_mark(const char *state_dir)
{
    char *path = mem_format("%s/checkpoint", state_dir);
    uint64_t mark = fileutil_checksum(path, MAX_BYTES);
    free(path);
    return mark;
}

int checkpoint_replace(const char *state_dir, const struct position *position, int64_t oldest_unsent, uint64_t *mark,
                         enum checkpoint_saved *ret_saved, struct err *err)
{
    bool replaced = false;
    char *text = content_of(position, OF_A_RUN, oldest_unsent);
    int result = fileutil_replace_if_unchanged(state_dir, "checkpoint", text, *mark, MAX_BYTES, &replaced, err);
    uint64_t found = replaced ? fileutil_checksum_of(text) : checkpoint_mark(state_dir);
    free(text);
    if (replaced)
        *mark = found;
    *ret_saved = CHECKPOINT_CHANGED;
    if (replaced)
        *ret_saved = CHECKPOINT_SAVED;
    else if (found == FILEUTIL_NO_FILE || found == FILEUTIL_NO_TEXT || found == *mark)
        *ret_saved = CHECKPOINT_BEING_CHANGED;
    return result;
}

int64_t checkpoint_oldest_unsent(const char *state_dir)
{
    char *path = mem_format("%s/checkpoint", state_dir), *text = NULL;
    bool missing = false;
    int64_t epoch = 0;
    if (fileutil_read(path, MAX_BYTES, FILEUTIL_REFUSE_LINK, &text, &missing, NULL) == 0 && !missing) {
        const char *line = strstr(text, "\n" OLDEST_UNSENT);
        if (line == NULL || read_epoch(line + sizeof OLDEST_UNSENT, &epoch) == 0)
            epoch = 0;
    }
    free(text);
    free(path);
    return epoch;
}

bool checkpoint_is_of_run(const char *state_dir, const struct position *position)
{
    char *path = mem_format("%s/checkpoint", state_dir), *text = NULL;
    char *expected = content_of(position, OF_A_RUN, checkpoint_oldest_unsent(state_dir));
    bool missing = false;
    bool is_same = fileutil_read(path, MAX_BYTES, FILEUTIL_REFUSE_LINK, &text, &missing, NULL) == 0 && !missing &&
                   strcmp(text, expected) == 0;
    free(expected);
    free(text);
    free(path);
    return is_same;
}

int checkpoint_set_aside(const char *state_dir, char *ret_aside, size_t size, struct err *err)
{
    char *path = mem_format("%s/checkpoint", state_dir);
    int result = fileutil_keep_damaged(path, ret_aside, size, err);
    free(path);
    return result;
}

int checkpoint_remove(const char *state_dir, struct err *err)
{
    char *path = mem_format("%s/checkpoint", state_dir);
    int result = 0;
    if (unlink(path) != 0 && errno != ENOENT)
        result = err_set(err, EX_IOERR, "could not remove the checkpoint %s: %s", path, strerror(errno));
    free(path);
    return result;
}
