/* after_step: the last step of a run: files of SQL that refresh the reports. */
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "engine/after_step.h"
#include "ledger/step_failure.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)

/* Its statements run with the rights of the store's account. */
static int read_file(const char *path, char **ret_sql, struct err *err)
{
    struct stat info;
    struct err why;
    bool missing = false;
    if (stat(path, &info) == 0 && (info.st_mode & S_IWOTH) != 0)
        return err_set(err, EX_CONFIG, "after: %s can be written by every user: chmod o-w it", path);
    if (fileutil_read(path, MAX_FILE_BYTES, FILEUTIL_FOLLOW_LINK, ret_sql, &missing, &why) != 0)
        return err_set(err, why.code, "after: %.900s", why.message);
    return missing ? err_set(err, EX_CONFIG, "after: there is no file %s", path) : 0;
}

static int run_one(const struct sink *sink, const char *path, int64_t deadline_ms, struct err *err)
{
    char *sql = NULL;
    struct err why;
    if (read_file(path, &sql, err) != 0)
        return -1;
    int result = sink->ops->run_after(sink->state, sql, deadline_ms, &why);
    free(sql);
    if (result != 0)
        return err_set(err, why.code, "after: %.200s: %.700s; calls are recorded all the same", path, why.message);
    log_debug("after: %s", path);
    return 0;
}

/* ---- a pass over the files ---- */

/* The files from where the last run's time ended. *ret_broken: one before them has failed. */
static int find_begin(const struct after_step *step, const glob_t *files, size_t *ret_begin, bool *ret_broken,
                      struct err *err)
{
    char next[PATH_MAX];
    int64_t broken = 0;
    *ret_begin = 0;
    if (ledger_read_text_note(step->ledger, LEDGER_NOTE_AFTER_NEXT, next, sizeof next, err) != 0 ||
        ledger_read_note(step->ledger, LEDGER_NOTE_AFTER_BROKEN, 0, &broken, err) != 0)
        return -1;
    for (size_t i = 0; *next != '\0' && i < files->gl_pathc; i++)
        if (strcmp(files->gl_pathv[i], next) == 0)
            *ret_begin = i;
    *ret_broken = *ret_begin > 0 && broken != 0;
    return 0;
}

/* Returns where the next pass begins: at gl_pathc this one is whole. */
static size_t run_files(const struct after_step *step, const glob_t *files, size_t begin, struct err *first)
{
    struct err why;
    for (size_t i = begin; i < files->gl_pathc; i++) {
        if (i > begin && clock_mono_ms() >= step->deadline_ms) {
            log_warn("⚠ after: the time of the run ended before %s, and the next run goes on there; raise time_budget "
                     "under [sync] if this lasts", files->gl_pathv[i]);
            return i;
        }
        if (run_one(step->sink, files->gl_pathv[i], step->deadline_ms, &why) == 0)
            continue;
        if (first->code == EX_OK)
            *first = why;
        if (interrupt_requested())
            return i;
    }
    return files->gl_pathc;
}

/* Notes how the pass ended, which runs before this one may have begun. Only after that the sink may forget that the
 * files were due. */
static int note_pass(const struct after_step *step, const char *next, bool is_broken, const struct err *first,
                     struct err *err)
{
    bool has_ended = *next == '\0';
    int result = has_ended ? ledger_delete_note(step->ledger, LEDGER_NOTE_AFTER_NEXT, err)
                           : ledger_set_text_note(step->ledger, LEDGER_NOTE_AFTER_NEXT, next, err);
    if (result == 0)
        result = ledger_set_note(step->ledger, LEDGER_NOTE_AFTER_BROKEN, !has_ended && is_broken, err);
    if (result == 0 && first->code != EX_OK && !interrupt_requested())
        result = step_failure_note(step->ledger, STEP_AFTER, first, err);
    else if (result == 0 && !is_broken && has_ended)
        result = step_failure_clear(step->ledger, STEP_AFTER, err);
    if (result != 0 || ledger_commit(step->ledger, err) != 0)
        return -1;
    if (has_ended && step->sink->ops->note_after != NULL)
        step->sink->ops->note_after(step->sink->state);
    return 0;
}

static int run_all(const struct after_step *step, const glob_t *files, struct err *err)
{
    struct err first = { .code = EX_OK };
    size_t begin = 0;
    bool is_broken = false;
    if (find_begin(step, files, &begin, &is_broken, err) != 0)
        return -1;
    size_t end = run_files(step, files, begin, &first);
    is_broken = is_broken || first.code != EX_OK;
    if (note_pass(step, end < files->gl_pathc ? files->gl_pathv[end] : "", is_broken, &first, err) != 0)
        return -1;
    return first.code == EX_OK ? 0 : err_set(err, first.code, "%s", first.message);
}

/* ---- the step ---- */

static int find_files(const struct sink_ops *sink, const struct param *after, glob_t *ret_files, struct err *err)
{
    if (sink->run_after == NULL)
        return err_set(err, EX_CONFIG, "%s: the sink %s cannot run files of SQL; remove after", after->origin,
                       sink->type);
    if (*after->value != '/')
        return err_set(err, EX_CONFIG, "%s: after: write the whole path, from /", after->origin);
    if (glob(after->value, GLOB_ERR, NULL, ret_files) != 0)
        return err_set(err, EX_CONFIG, "%s: after: no file matches %s, or its directory cannot be read", after->origin,
                       after->value);
    return 0;
}

/* An earlier failure lasts until the files have run. */
static int run_if_due(const struct after_step *step, const glob_t *files, const struct step_failure *failure,
                      struct err *err)
{
    const struct sink_ops *ops = step->sink->ops;
    bool has_failed = failure->since != 0;
    bool waits = !step->is_asked_for && step_failure_waits(failure, clock_now_epoch());
    bool is_new = ops->is_after_due == NULL || ops->is_after_due(step->sink->state);
    if (is_new || (has_failed && !waits))
        return run_all(step, files, err);
    return has_failed ? step_failure_report(failure, err) : 0;
}

/* NULL: the setting is not there. */
static const struct param *find_setting(const struct params *params)
{
    const struct param *after = params_find(params, "after");
    return after != NULL && *after->value != '\0' ? after : NULL;
}

int after_step_check(const struct sink_ops *sink, const struct params *params, size_t *ret_count, struct err *err)
{
    const struct param *after = find_setting(params);
    glob_t found = { .gl_pathc = 0 };
    *ret_count = 0;
    if (after == NULL)
        return 0;
    int result = find_files(sink, after, &found, err);
    for (size_t i = 0; result == 0 && i < found.gl_pathc; i++) {
        char *sql = NULL;
        result = read_file(found.gl_pathv[i], &sql, err);
        free(sql);
    }
    *ret_count = found.gl_pathc;
    globfree(&found);
    return result;
}

int after_step_run(const struct after_step *step, struct err *err)
{
    const struct param *after = find_setting(step->params);
    struct step_failure failure;
    glob_t found = { .gl_pathc = 0 };
    bool is_set = after != NULL;
    if (step_failure_read(step->ledger, STEP_AFTER, &failure, err) != 0)
        return -1;
    if (!is_set && failure.since == 0)
        return 0;
    if (!is_set)
        return step_failure_clear(step->ledger, STEP_AFTER, err) == 0 ? ledger_commit(step->ledger, err) : -1;
    int result = find_files(step->sink->ops, after, &found, err);
    if (result == 0)
        result = run_if_due(step, &found, &failure, err);
    else if (step_failure_note(step->ledger, STEP_AFTER, err, NULL) != 0 || ledger_commit(step->ledger, NULL) != 0)
        result = -1; /* with the first error: it is the cause */
    globfree(&found);
    return result;
}
