/* page_user: who the page runs as. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fileutil.h"
#include "base/privileges.h"
#include "serve/page_user.h"

/* Only files of root's own: a directory or link there is not the page's. Returns -1 with errno. */
static int give_files(DIR *files, const struct stat *to)
{
    const struct dirent *entry;
    struct stat info;
    errno = 0;
    while ((entry = readdir(files)) != NULL) {
        if (fstatat(dirfd(files), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            return -1;
        if (S_ISREG(info.st_mode) && info.st_uid == 0 && info.st_nlink == 1 &&
            fchownat(dirfd(files), entry->d_name, to->st_uid, to->st_gid, AT_SYMLINK_NOFOLLOW) != 0)
            return -1;
        errno = 0;
    }
    return errno == 0 ? 0 : -1;
}

/* The directory itself comes last: before that, nobody but root can put anything into it. */
static int give_directory(const char *path, const struct stat *to, struct err *err)
{
    DIR *files = opendir(path);
    int result = files != NULL && give_files(files, to) == 0 && fchown(dirfd(files), to->st_uid, to->st_gid) == 0
                     ? 0 : err_set(err, EX_NOPERM, "could not give %s to the owner of the state directory of "
                                   "did-optimizer-sync: %s", path, strerror(errno));
    if (files != NULL)
        (void)closedir(files);
    return result;
}

int page_user_settle(const char *state_dir, const char *dialer_dir, struct err *err)
{
    struct stat own, dialer;
    if (geteuid() != 0)
        return 0;
    if (fileutil_check_dir(state_dir, &own, err) != 0)
        return -1;
    if (own.st_uid != 0)
        return 0;
    if (fileutil_check_dir(dialer_dir, &dialer, err) != 0)
        return -1;
    if (dialer.st_uid == 0)
        return err_set(err, EX_CONFIG, "the page must not run as root, but root owns %s and %s: make a system user and "
                       "give it both directories: chown -R USER: DIRECTORY", state_dir, dialer_dir);
    if ((own.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, EX_CONFIG, "the page must not run as root, but root owns %s, and others may write there: "
                       "give the directory to the user who owns %s: chown -R USER: DIRECTORY", state_dir, dialer_dir);
    return give_directory(state_dir, &dialer, err);
}

int page_user_become(const char *state_dir, const char *dialer_dir, struct err *err)
{
    return page_user_settle(state_dir, dialer_dir, err) == 0 ? privileges_drop_to_owner(state_dir, err) : -1;
}
