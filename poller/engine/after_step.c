/* after_step: the last step of a run: files of SQL that refresh the reports. */
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/log.h"
#include "engine/after_step.h"

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

static int run_all(const struct sink *sink, const glob_t *files, int64_t deadline_ms, struct err *err)
{
    for (size_t i = 0; i < files->gl_pathc; i++) {
        if (clock_mono_ms() >= deadline_ms) {
            log_warn("⚠ after: the time of the run ended before %s; raise time_budget under [sync] if this lasts",
                     files->gl_pathv[i]);
            return 0;
        }
        if (run_one(sink, files->gl_pathv[i], deadline_ms, err) != 0)
            return -1;
    }
    if (sink->ops->note_after != NULL)
        sink->ops->note_after(sink->state);
    return 0;
}

int after_step_run(const struct sink *sink, const struct params *params, int64_t deadline_ms, struct err *err)
{
    const struct param *after = params_find(params, "after");
    glob_t found = { .gl_pathc = 0 };
    if (after == NULL || *after->value == '\0')
        return 0;
    if (sink->ops->run_after == NULL)
        return err_set(err, EX_CONFIG, "%s: the sink %s cannot run files of SQL; remove after", after->origin,
                       sink->ops->type);
    if (*after->value != '/')
        return err_set(err, EX_CONFIG, "%s: after: write the whole path, from /", after->origin);
    if (glob(after->value, GLOB_ERR, NULL, &found) != 0) {
        globfree(&found);
        return err_set(err, EX_CONFIG, "%s: after: no file matches %s, or its directory cannot be read", after->origin,
                       after->value);
    }
    bool is_due = sink->ops->is_after_due == NULL || sink->ops->is_after_due(sink->state);
    int result = is_due ? run_all(sink, &found, deadline_ms, err) : 0;
    globfree(&found);
    return result;
}
