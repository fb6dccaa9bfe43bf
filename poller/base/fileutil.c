/* fileutil: reads small files safely and replaces them durably. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"

static int exit_code(int error_number)
{
    return error_number == EACCES || error_number == EPERM ? EX_NOPERM : EX_IOERR;
}

/* Reads at most size bytes. Returns their count, or -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(fd, text + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

int fileutil_read(const char *path, size_t max_bytes, enum fileutil_links links, char **ret_text, bool *ret_missing,
                  struct err *err)
{
    int result = -1;
    char *text = NULL;
    *ret_text = NULL;
    *ret_missing = false;
    /* O_NONBLOCK: a named pipe in the file's place must not hang the run. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (links == FILEUTIL_FOLLOW_LINK ? 0 : O_NOFOLLOW));
    if (fd < 0 && errno == ENOENT) {
        *ret_missing = true;
        return 0;
    }
    if (fd < 0 && errno == ELOOP)
        return err_set(err, EX_IOERR, "could not read %s: it is a symbolic link; put a regular file there", path);
    if (fd < 0)
        return err_set(err, exit_code(errno), "could not read %s: %s", path, strerror(errno));

    struct stat info;
    if (fstat(fd, &info) != 0) {
        (void)err_set(err, EX_IOERR, "could not read %s: %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        (void)err_set(err, EX_IOERR, "could not read %s: it is %s, not a regular file", path,
                      S_ISDIR(info.st_mode) ? "a directory" : "a special file");
    } else if ((size_t)info.st_size > max_bytes) {
        (void)err_set(err, EX_IOERR, "could not read %s: it is larger than %zu bytes", path, max_bytes);
    } else {
        text = mem_resize(NULL, max_bytes + 1, 1); /* not zeroed: a megabyte costs more than the rest */
        ssize_t length = read_all(fd, text, max_bytes);
        if (length < 0) {
            (void)err_set(err, EX_IOERR, "could not read %s: %s", path, strerror(errno));
        } else if (memchr(text, '\0', (size_t)length) != NULL) {
            /* A power cut can leave a file that is full of zero bytes. */
            (void)err_set(err, EX_IOERR, "could not read %s: it holds zero bytes, so it is no text", path);
        } else {
            text[length] = '\0';
            *ret_text = text;
            text = NULL; /* now owned by the caller */
            result = 0;
        }
    }
    free(text);
    (void)close(fd);
    return result;
}

static int write_all(int fd, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

static int sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    int error_number = errno;
    (void)close(fd);
    errno = error_number;
    return result;
}

/* Owner, group and mode of a new file. */
struct look {
    mode_t mode;
    bool has_owner; /* false: owner and group are those of this process */
    uid_t owner;
    gid_t group;
};

/* Called before the file has its content, so that nobody can read the content without the right to. */
static int set_look(int fd, const struct look *look)
{
    if (look->has_owner)
        return fchown(fd, look->owner, look->group) == 0 && fchmod(fd, look->mode) == 0 ? 0 : -1;
    bool readable_by_all = (look->mode & S_IROTH) != 0; /* fchmod: the umask may have removed these bits */
    return readable_by_all ? fchmod(fd, look->mode) : 0;
}

/* Writes text to a new file at path and syncs the file. Returns -1 with errno. */
static int write_new_file(const char *path, const char *text, const struct look *look)
{
    (void)unlink(path); /* a crash may have left it; O_EXCL then ensures that this process made the file */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return -1;
    int result = set_look(fd, look) == 0 && write_all(fd, text) == 0 && fsync(fd) == 0 ? 0 : -1;
    int error_number = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        error_number = errno;
    }
    errno = error_number;
    return result;
}

uint64_t fileutil_checksum_of(const char *text)
{
    /* | 2: never FILEUTIL_NO_FILE or FILEUTIL_NO_TEXT */
    return *text == '\0' ? FILEUTIL_NO_TEXT : str_hash(STR_HASH_START, text, strlen(text)) | 2;
}

uint64_t fileutil_checksum(const char *path, size_t max_bytes)
{
    char *text = NULL;
    bool missing = false;
    uint64_t checksum = FILEUTIL_NO_TEXT;
    if (fileutil_read(path, max_bytes, FILEUTIL_REFUSE_LINK, &text, &missing, NULL) == 0 && missing)
        checksum = FILEUTIL_NO_FILE;
    else if (text != NULL)
        checksum = fileutil_checksum_of(text);
    free(text);
    return checksum;
}

/* The content that the old file must still have when it is replaced. */
struct expected_content {
    uint64_t checksum;
    size_t max_bytes;
    bool refused; /* the file has another content */
};

/* expected NULL: replace any content. */
static int replace(const char *directory, const char *name, const char *text, const struct look *look,
                   struct expected_content *expected, struct err *err)
{
    int result = -1;
    char *path = mem_format("%s/%s", directory, name);
    char *temporary = mem_format("%s/.%s.new", directory, name);
    if (write_new_file(temporary, text, look) != 0)
        (void)err_set(err, exit_code(errno), "could not write %s: %s", temporary, strerror(errno));
    else if (expected != NULL && fileutil_checksum(path, expected->max_bytes) != expected->checksum)
        expected->refused = true;
    else if (rename(temporary, path) != 0)
        (void)err_set(err, EX_IOERR, "could not replace %s: %s", path, strerror(errno));
    else if (sync_directory(directory) != 0)
        (void)err_set(err, EX_IOERR, "could not sync %s: %s", directory, strerror(errno));
    else
        result = 0;
    if (result != 0)
        (void)unlink(temporary);
    free(temporary);
    free(path);
    return expected != NULL && expected->refused ? 0 : result;
}

static const struct look private_look = { .mode = 0640 }, public_look = { .mode = 0644 };

int fileutil_replace(const char *directory, const char *name, const char *text, struct err *err)
{
    return replace(directory, name, text, &private_look, NULL, err);
}

int fileutil_replace_if_unchanged(const char *directory, const char *name, const char *text, uint64_t checksum,
                                  size_t max_bytes, bool *ret_replaced, struct err *err)
{
    struct expected_content expected = { .checksum = checksum, .max_bytes = max_bytes };
    int result = replace(directory, name, text, &private_look, &expected, err);
    *ret_replaced = result == 0 && !expected.refused;
    return result;
}

char *fileutil_absolute(const char *path)
{
    char *here = *path != '\0' && *path != '/' ? getcwd(NULL, 0) : NULL;
    char *absolute = here != NULL ? mem_format("%s/%s", here, path) : mem_copy(path);
    free(here);
    return absolute;
}

int fileutil_delete(const char *path, struct err *err)
{
    return unlink(path) == 0 || errno == ENOENT
               ? 0 : err_set(err, EX_IOERR, "could not delete %s: %s", path, strerror(errno));
}

char *fileutil_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mem_copy(".");
    return slash == path ? mem_copy("/") : mem_copy_bytes(path, (size_t)(slash - path));
}

int fileutil_publish(const char *path, const char *text, struct err *err)
{
    struct stat info;
    if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return err_set(err, EX_USAGE, "could not write %s: it is not a regular file; name a file", path);
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    if (*name == '\0')
        return err_set(err, EX_USAGE, "could not write '%s': name a file", path);
    char *directory = fileutil_directory_of(path);
    int result = replace(directory, name, text, &public_look, NULL, err);
    free(directory);
    return result;
}

int fileutil_rewrite(const char *path, const char *text, gid_t group, struct err *err)
{
    struct stat info;
    struct look look = { .mode = 0640, .has_owner = true, .owner = geteuid(), .group = group };
    char *place = realpath(path, NULL);
    if (place != NULL && stat(place, &info) == 0)
        look = (struct look){ .mode = info.st_mode & 07777, .has_owner = true, .owner = info.st_uid,
                              .group = info.st_gid };
    const char *whole = place != NULL ? place : path, *slash = strrchr(whole, '/');
    char *directory = fileutil_directory_of(whole);
    int result = replace(directory, slash != NULL ? slash + 1 : whole, text, &look, NULL, err);
    free(directory);
    free(place);
    return result;
}

int fileutil_keep_damaged(const char *path, char *ret_path, size_t size, struct err *err)
{
    char stamp[32] = "";
    time_t now = (time_t)clock_now_epoch();
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL || strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &utc) == 0)
        return err_set(err, EX_SOFTWARE, "could not name a copy of %s: the clock cannot be read", path);

    char *kept = mem_format("%s.damaged-%s", path, stamp);
    for (int copy = 2; access(kept, F_OK) == 0; copy++) { /* an earlier copy of this second */
        free(kept);
        kept = mem_format("%s.damaged-%s-%d", path, stamp, copy);
    }
    char *directory = fileutil_directory_of(path);
    int result = 0;
    if (rename(path, kept) != 0 || sync_directory(directory) != 0)
        result = err_set(err, EX_IOERR, "could not move %s aside: %s", path, strerror(errno));
    else if (ret_path != NULL)
        (void)snprintf(ret_path, size, "%s", kept);
    free(directory);
    free(kept);
    return result;
}

int fileutil_sync_directory(const char *directory, struct err *err)
{
    return sync_directory(directory) == 0
               ? 0 : err_set(err, EX_IOERR, "could not sync %s: %s", directory, strerror(errno));
}

/* The owner of a symbolic link can point it at another directory, so only these users may own it. */
static bool is_trusted_owner(uid_t user, const struct stat *directory)
{
    return user == 0 || user == geteuid() || user == directory->st_uid;
}

int fileutil_check_dir(const char *path, struct stat *ret_info, struct err *err)
{
    struct stat link;
    if (lstat(path, &link) != 0)
        return err_set(err, exit_code(errno), "could not use the state directory %s: %s; create it with: "
                       "install -d -m 0750 %s", path, strerror(errno), path);
    if (stat(path, ret_info) != 0)
        return err_set(err, exit_code(errno), "could not use the state directory %s: it is a symbolic link that leads "
                       "to no directory: %s; mount or make that directory, or remove the link", path, strerror(errno));
    if (!S_ISDIR(ret_info->st_mode))
        return err_set(err, EX_IOERR, "could not use the state directory %s: it is not a directory", path);
    if (S_ISLNK(link.st_mode) && !is_trusted_owner(link.st_uid, ret_info))
        return err_set(err, EX_NOPERM, "could not use the state directory %s: it is a symbolic link made by a user who "
                       "is neither root nor the owner of the directory behind it; name that directory with --state-dir",
                       path);
    return 0;
}

int fileutil_check_readable_dir(const char *path, struct err *err)
{
    struct stat info;
    if (fileutil_check_dir(path, &info, err) != 0)
        return -1;
    if (faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) != 0)
        return err_set(err, exit_code(errno),
                       "could not read in the state directory %s: %s; run as root, as its owner or as a member of its "
                       "group", path, strerror(errno));
    return 0;
}

int fileutil_check_writable_dir(const char *path, struct err *err)
{
    if (fileutil_check_readable_dir(path, err) != 0)
        return -1;
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return err_set(err, exit_code(errno), "could not write in the state directory %s: %s%s", path, strerror(errno),
                       errno == EACCES ? "; run as root or as its owner, who must have the right to write" : "");
    return 0;
}
