/* legacy: the checkpoint of the script that did this job before, from root's crontab (AST_DID_optimizer_sync.pl). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "ledger/checkpoint.h"
#include "ledger/legacy.h"

#define MAX_BYTES 64
#define STILL_WRITTEN_SEC 300 /* the script writes once a minute */
#define OLDEST_SEC (7 * 86400)

/* Only a regular file that no user but root or this one can have written. */
static bool is_trustworthy(const struct stat *info)
{
    return S_ISREG(info->st_mode) && (info->st_uid == 0 || info->st_uid == geteuid()) && info->st_nlink == 1 &&
           (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

struct legacy legacy_load(const char *path, int64_t now_epoch, struct err *err)
{
    struct legacy legacy = { .found = false };
    struct stat info;
    char *text = NULL;
    bool missing = false;
    *err = (struct err){ .code = EX_OK };
    if (lstat(path, &info) != 0 || info.st_size == 0)
        return legacy;
    if (!is_trustworthy(&info)) {
        (void)err_set(err, EX_IOERR, "the old script's checkpoint %s is not used: somebody else may have written it",
                      path);
        return legacy;
    }
    if (fileutil_read(path, MAX_BYTES, FILEUTIL_REFUSE_LINK, &text, &missing, err) == 0 && !missing &&
        checkpoint_parse(text, &legacy.position, err) == 0) {
        legacy.found = legacy.position.end_epoch <= now_epoch &&
                       legacy.position.end_epoch >= now_epoch - OLDEST_SEC;
        if (!legacy.found)
            (void)err_set(err, EX_IOERR, "the old script's checkpoint %s is not used: it is older than 7 days",
                          path);
    }
    free(text);
    return legacy;
}

bool legacy_advice(const char *path, int64_t since_epoch, char *out, size_t size)
{
    struct stat info;
    char local[CLOCK_TEXT_SIZE];
    int64_t since = since_epoch != 0 ? since_epoch : clock_now_epoch() - STILL_WRITTEN_SEC;
    if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode) || (int64_t)info.st_mtime <= since)
        return false;
    (void)snprintf(out, size, "%s was written at %s, but only the very first run reads that file; to continue from "
                   "another time, run `did-optimizer-sync checkpoint set WHEN`. If the older script wrote the file, "
                   "both send the same calls: remove the line with AST_DID_optimizer_sync.pl from root's crontab "
                   "(crontab -e)", path,
                   clock_local((int64_t)info.st_mtime, local, sizeof local));
    return true;
}
