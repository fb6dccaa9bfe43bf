/* place_directory: the place `directory`. A file appears there complete, under its name, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "recording/place_directory.h"
#include "recording/spool.h"

struct directory {
    const char *folder; /* borrowed */
};

struct copy {
    char *folder; /* a copy: on a dead disk the work may outlive the place */
    struct place_file *file;
    bool undoes;
    enum transfer_turn turn; /* WORK: not worked yet; DONE or FAILED: the end of the work */
    struct transfer_failure failure;
};

static const struct param_spec params[] = { PLACE_COMMON_PARAMS, { NULL, false, NULL } };

static int open_directory(const struct place_settings *settings, void **ret_state, struct err *err)
{
    const struct param *folder = params_find(settings->params, "folder");
    if (*settings->folder != '/')
        return err_set(err, EX_CONFIG,
                       "%s: upload = directory needs `folder = /DIRECTORY` in [recordings], a whole path",
                       folder != NULL ? folder->origin : "[recordings]");
    struct directory *state = mem_zero(1, sizeof *state);
    state->folder = settings->folder;
    *ret_state = state;
    return 0;
}

static void begin(void *context, struct place_file *file, void **ret_transfer)
{
    struct copy *copy = mem_zero(1, sizeof *copy);
    copy->folder = mem_copy(((const struct directory *)context)->folder);
    copy->file = file;
    copy->turn = TRANSFER_WORK;
    *ret_transfer = copy;
}

/* ---- copying ---- */

static bool copy_bytes(int from, int to)
{
    char block[65536];
    ssize_t length = 0;
    while ((length = read(from, block, sizeof block)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return false;
        for (ssize_t done = 0, written = 0; done < length; done += written) {
            written = write(to, block + done, (size_t)(length - done));
            if (written < 0 && errno != EINTR)
                return false;
            written = written < 0 ? 0 : written;
        }
    }
    return true;
}

/* Copies the file to a new file and syncs it. False: errno says why. */
static bool copy_file(const char *from, const char *to)
{
    int source = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int target = source >= 0 ? open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640) : -1;
    bool good = target >= 0 && copy_bytes(source, target) && fsync(target) == 0;
    int error_number = errno;
    if (target >= 0 && close(target) != 0 && good) {
        good = false;
        error_number = errno;
    }
    if (source >= 0)
        (void)close(source);
    errno = error_number;
    return good;
}

/* Gives the file, which is synced, a second name if both names are on one disk; otherwise copies it. */
static bool link_or_copy(const char *from, const char *to)
{
    (void)unlink(to); /* of a run that was killed */
    return (link(from, to) == 0 && chmod(to, 0640) == 0) || copy_file(from, to);
}

/* Makes the sub-folders below folder. The folder itself must exist: a directory below the mount point is missing if the
 * disk is not mounted, and then nothing is written. */
static bool make_folders(const char *folder, const char *below)
{
    bool good = true;
    for (const char *at = below; good && *at != '\0';) {
        at += strcspn(at, "/");
        char *path = mem_format("%s/%.*s", folder, (int)(at - below), below);
        good = mkdir(path, 0750) == 0 || errno == EEXIST;
        int error_number = errno;
        free(path);
        errno = error_number;
        at += *at != '\0' ? 1 : 0;
    }
    return good;
}

static enum transfer_turn fail(const char *what, struct transfer_failure *ret_failure)
{
    if (errno == ENOENT || errno == EACCES || errno == EPERM || errno == EROFS || errno == ENOTDIR)
        return transfer_fail(ret_failure, TRANSFER_MISCONFIGURED, "; make the directory of folder in [recordings], or "
                             "mount its disk, and let the owner of the state directory write there",
                             "could not write %.300s: %s", what, strerror(errno));
    if (errno == ENOSPC || errno == EDQUOT)
        return transfer_fail(ret_failure, TRANSFER_MISCONFIGURED, "; free space there", "could not write %.300s: %s",
                             what, strerror(errno));
    return transfer_fail(ret_failure, TRANSFER_RETRY, "", "could not write %.300s: %s", what, strerror(errno));
}

static bool is_same(const char *path, const struct place_file *file)
{
    char md5[SPOOL_MD5_SIZE];
    return spool_size(path) == file->size && spool_md5(path, md5, NULL) == 0 && strcmp(md5, file->md5) == 0;
}

/* Copies the file to path, unless the same file is there already. */
static enum transfer_turn store(struct copy *copy, const char *path)
{
    const struct place_file *file = copy->file;
    const char *slash = strrchr(file->file_id, '/'), *name = slash != NULL ? slash + 1 : file->file_id;
    struct err err;
    char *below = mem_format("%.*s", slash != NULL ? (int)(slash - file->file_id) : 0, file->file_id);
    char *folder = mem_format("%s%s%s", copy->folder, *below != '\0' ? "/" : "", below);
    char *temporary = mem_format("%s/.%s.part", folder, name);
    enum transfer_turn turn = TRANSFER_DONE;
    if (!make_folders(copy->folder, below))
        turn = fail(folder, &copy->failure);
    else if (!is_same(path, file) && (!link_or_copy(file->path, temporary) || rename(temporary, path) != 0))
        turn = fail(path, &copy->failure);
    else if (fileutil_sync_directory(folder, &err) != 0)
        turn = transfer_fail(&copy->failure, TRANSFER_RETRY, "", "%.500s", err.message);
    if (turn != TRANSFER_DONE)
        (void)unlink(temporary);
    free(temporary);
    free(folder);
    free(below);
    return turn;
}

static enum transfer_turn delete_file(struct copy *copy, const char *path)
{
    struct statvfs disk;
    if (unlink(path) != 0 && errno != ENOENT)
        return fail(path, &copy->failure);
    if (statvfs(copy->folder, &disk) == 0)
        (void)snprintf(copy->file->room, sizeof copy->file->room, "%" PRIu64 " GB are free",
                       (uint64_t)disk.f_bavail * disk.f_frsize >> 30);
    return TRANSFER_DONE;
}

static void work(void *transfer)
{
    struct copy *copy = transfer;
    char *path = mem_format("%s/%s", copy->folder, copy->file->file_id);
    copy->turn = copy->undoes ? delete_file(copy, path) : store(copy, path);
    (void)snprintf(copy->file->link, sizeof copy->file->link, "%s", path);
    free(path);
}

/* The name is kept in the ledger first: if the settings or the PBX's Content-Type change after a crash, the recording
 * still has only one file. */
static enum transfer_turn next(void *context, void *transfer, struct http_transfer *ret_request,
                               struct transfer_failure *ret_failure)
{
    struct copy *copy = transfer;
    struct place_file *file = copy->file;
    (void)context;
    (void)ret_request;
    if (*file->file_id == '\0') {
        (void)snprintf(file->file_id, sizeof file->file_id, "%s%s%s", file->folder, *file->folder != '\0' ? "/" : "",
                       file->name);
        file->changed = true;
        return TRANSFER_AGAIN;
    }
    if (copy->turn == TRANSFER_FAILED)
        *ret_failure = copy->failure;
    return copy->turn;
}

static void undo(void *context, void *transfer)
{
    struct copy *copy = transfer;
    (void)context;
    copy->undoes = true;
    copy->turn = TRANSFER_WORK;
}

static void judge(void *context, void *transfer, const struct http_answer *answer)
{
    (void)context;
    (void)transfer;
    (void)answer;
}

static void end(void *context, void *transfer)
{
    struct copy *copy = transfer;
    (void)context;
    free(copy->folder);
    free(copy);
}

static void close_directory(void *context)
{
    free(context);
}

const struct place_ops place_directory = {
    .type = "directory",
    .params = params,
    .open = open_directory,
    .begin = begin,
    .next = next,
    .judge = judge,
    .work = work,
    .undo = undo,
    .end = end,
    .close = close_directory,
};
