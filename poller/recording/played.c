/* played: recordings that were fetched from the PBX to be played on the live page. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "recording/played.h"

#define DIRECTORY "played"
#define KEPT_SEC 3600

static bool is_fresh(char *path)
{
    struct stat info;
    bool is_fresh = path != NULL && lstat(path, &info) == 0 && info.st_mtime > clock_now_epoch() - KEPT_SEC;
    free(path);
    return is_fresh;
}

/* A download that goes on writes its part again and again. */
static bool is_wanted(void *context, const char *call)
{
    const struct spool *spool = context;
    return is_fresh(spool_done(spool, call)) || is_fresh(spool_part(spool, call));
}

static struct spool spool_in(const char *state_dir)
{
    return (struct spool){ .directory = mem_format("%s/" DIRECTORY, state_dir) };
}

int played_open(const char *state_dir, int64_t limit, struct spool *ret_spool, struct err *err)
{
    struct spool names = spool_in(state_dir);
    int result = spool_open(state_dir, DIRECTORY, limit, is_wanted, &names, ret_spool, err);
    spool_close(&names);
    return result;
}

void played_prune(const char *state_dir)
{
    struct spool spool = spool_in(state_dir);
    struct stat info;
    struct err err;
    bool exists = lstat(spool.directory, &info) == 0;
    spool_close(&spool);
    if (exists && played_open(state_dir, 0, &spool, &err) == 0)
        spool_close(&spool);
}

char *played_path(const char *state_dir, const char *call)
{
    struct spool spool = spool_in(state_dir);
    char *path = spool_done(&spool, call);
    spool_close(&spool);
    return path;
}

bool played_keep(const char *path)
{
    return utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0;
}
