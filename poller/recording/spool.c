/* spool: recordings as files in a directory of the state. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "recording/name.h"
#include "recording/spool.h"

#define PART ".part"
#define DONE ".done"

static char *path_of(const struct spool *spool, const char *call, const char *ending)
{
    char name[NAME_SIZE - sizeof PART];
    return name_of_id(call, name, sizeof name) ? mem_format("%s/%s%s", spool->directory, name, ending) : NULL;
}

char *spool_part(const struct spool *spool, const char *call)
{
    return path_of(spool, call, PART);
}

char *spool_done(const struct spool *spool, const char *call)
{
    return path_of(spool, call, DONE);
}

int64_t spool_size(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode) ? (int64_t)info.st_size : -1;
}

static bool disk_has_room(const struct spool *spool, int64_t bytes)
{
    struct statvfs disk;
    if (statvfs(spool->directory, &disk) != 0)
        return true; /* writing will show it */
    return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize - spool->reserved - bytes >= SPOOL_DISK_RESERVE;
}

bool spool_has_room(const struct spool *spool, int64_t bytes)
{
    return bytes <= spool->limit - spool->used && disk_has_room(spool, bytes);
}

void spool_add(struct spool *spool, int64_t bytes)
{
    spool->used += bytes;
}

void spool_reserve(struct spool *spool, int64_t bytes)
{
    spool->used += bytes;
    spool->reserved += bytes;
}

void spool_fill(struct spool *spool, int64_t bytes)
{
    spool->reserved -= bytes;
}

/* ---- opening ---- */

/* The call of a file in the spool; false: the file is none of ours. */
static bool call_of(const char *name, char *out, size_t size)
{
    char bare[NAME_SIZE];
    size_t length = strlen(name), ending = strlen(PART);
    if (length <= ending || length - ending >= sizeof bare ||
        (strcmp(name + length - ending, PART) != 0 && strcmp(name + length - ending, DONE) != 0))
        return false;
    (void)snprintf(bare, sizeof bare, "%.*s", (int)(length - ending), name);
    return name_to_id(bare, out, size);
}

static void count_file(struct spool *spool, const char *name, spool_is_wanted *is_wanted, void *context)
{
    char call[NAME_SIZE];
    if (!call_of(name, call, sizeof call))
        return;
    char *path = mem_format("%s/%s", spool->directory, name);
    int64_t size = spool_size(path);
    if (size >= 0 && !is_wanted(context, call))
        (void)unlink(path);
    else if (size > 0)
        spool->used += size;
    free(path);
}

int spool_open(const char *state_dir, const char *name, int64_t limit, spool_is_wanted *is_wanted, void *context,
               struct spool *ret_spool, struct err *err)
{
    struct spool spool = { .directory = mem_format("%s/%s", state_dir, name), .limit = limit };
    struct stat info;
    if ((mkdir(spool.directory, 0700) != 0 && errno != EEXIST) || lstat(spool.directory, &info) != 0 ||
        !S_ISDIR(info.st_mode)) {
        int code = errno == EACCES || errno == EPERM ? EX_NOPERM : EX_IOERR;
        (void)err_set(err, code, "could not make the directory %s: %s", spool.directory,
                      errno == EEXIST ? "a file has that name" : strerror(errno));
        spool_close(&spool);
        return -1;
    }
    DIR *directory = opendir(spool.directory);
    if (directory == NULL) {
        (void)err_set(err, errno == EACCES ? EX_NOPERM : EX_IOERR, "could not read the directory %s: %s",
                      spool.directory, strerror(errno));
        spool_close(&spool);
        return -1;
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        count_file(&spool, entry->d_name, is_wanted, context);
    (void)closedir(directory);
    *ret_spool = spool;
    return 0;
}

void spool_close(struct spool *spool)
{
    free(spool->directory);
    *spool = (struct spool){ .directory = NULL };
}

/* ---- files ---- */

int spool_finish(int file, const char *part, const char *done, struct err *err)
{
    if (fsync(file) != 0)
        return err_set(err, EX_IOERR, "could not write %s: %s", part, strerror(errno));
    if (rename(part, done) != 0)
        return err_set(err, EX_IOERR, "could not rename %s: %s", part, strerror(errno));
    return 0;
}

static void forget_file(struct spool *spool, char *path)
{
    int64_t size = path != NULL ? spool_size(path) : -1;
    if (size >= 0 && unlink(path) == 0)
        spool->used -= size;
    free(path);
}

void spool_forget(struct spool *spool, const char *call)
{
    forget_file(spool, spool_part(spool, call));
    forget_file(spool, spool_done(spool, call));
}

/* Writes the digest of a part of the file to sum, and its size to *ret_size. */
static int digest_of(const char *path, enum crypto_digest_kind kind, int64_t from, int64_t length,
                     unsigned char sum[CRYPTO_SHA256_SIZE], size_t *ret_size, struct err *err)
{
    unsigned char block[65536];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return err_set(err, EX_IOERR, "could not read %s: %s", path, strerror(errno));
    struct crypto_digest *digest = crypto_digest_begin(kind);
    if (digest == NULL) {
        (void)close(file);
        return err_set(err, EX_CONFIG, "this system forbids MD5 (FIPS), by which stored recordings are compared");
    }
    ssize_t got = 0;
    while (length > 0) {
        size_t wanted = length < (int64_t)sizeof block ? (size_t)length : sizeof block;
        got = pread(file, block, wanted, (off_t)from);
        if (got <= 0)
            break;
        crypto_digest_add(digest, block, (size_t)got);
        from += got;
        length -= got;
    }
    int error_number = errno;
    (void)close(file);
    *ret_size = crypto_digest_end(digest, sum);
    return got >= 0 ? 0 : err_set(err, EX_IOERR, "could not read %s: %s", path, strerror(error_number));
}

static int hex_digest_of(const char *path, enum crypto_digest_kind kind, int64_t from, int64_t length, char *out,
                         struct err *err)
{
    unsigned char sum[CRYPTO_SHA256_SIZE];
    size_t size = 0;
    if (digest_of(path, kind, from, length, sum, &size, err) != 0)
        return -1;
    (void)crypto_hex(sum, size, out);
    return 0;
}

int spool_md5(const char *path, char out[SPOOL_MD5_SIZE], struct err *err)
{
    return hex_digest_of(path, CRYPTO_MD5, 0, INT64_MAX, out, err);
}

int spool_md5_bytes(const char *path, int64_t from, int64_t length, unsigned char out[CRYPTO_SHA256_SIZE],
                    struct err *err)
{
    size_t size = 0;
    return digest_of(path, CRYPTO_MD5, from, length, out, &size, err);
}

int spool_sha256(const char *path, int64_t from, int64_t length, char out[SPOOL_SHA256_SIZE], struct err *err)
{
    return hex_digest_of(path, CRYPTO_SHA256, from, length, out, err);
}
