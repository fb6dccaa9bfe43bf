/* fileutil: reads small files safely and replaces them durably. */
#ifndef FILEUTIL_H
#define FILEUTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

/* Whether path may be a symbolic link. Refuse one in our own directory, where only an attacker would make it. Follow
 * one elsewhere, where the administrator may have made it. */
enum fileutil_links { FILEUTIL_REFUSE_LINK, FILEUTIL_FOLLOW_LINK };

/* fileutil_read: reads a whole regular file of at most max_bytes into *ret_text, NUL-terminated. If the file does not
 * exist, *ret_missing is true, *ret_text NULL and the result 0. Ownership: the caller frees *ret_text.
 * Errors: EX_NOPERM (no right to read), EX_IOERR (link, directory, too large, zero bytes, read error). */
int fileutil_read(const char *path, size_t max_bytes, enum fileutil_links links, char **ret_text, bool *ret_missing,
                  struct err *err) MUST_CHECK;

/* fileutil_replace: atomically replaces the content of directory/name by text: writes and syncs a temporary file,
 * renames it over the old one and syncs the directory. Errors: EX_NOPERM, EX_IOERR; the old file stays unless the last
 * sync failed. Durable: on return. */
int fileutil_replace(const char *directory, const char *name, const char *text, struct err *err) MUST_CHECK;

/* fileutil_checksum: a checksum of the content of path, a file of at most max_bytes. FILEUTIL_NO_FILE if the file does
 * not exist; FILEUTIL_NO_TEXT if it is empty or if fileutil_read refuses it. */
enum { FILEUTIL_NO_FILE, FILEUTIL_NO_TEXT };
uint64_t fileutil_checksum(const char *path, size_t max_bytes);

/* fileutil_checksum_of: the fileutil_checksum of a file that contains text. */
uint64_t fileutil_checksum_of(const char *text);

/* fileutil_replace_if_unchanged: fileutil_replace, if the file still has this fileutil_checksum. The check comes last,
 * just before the rename. *ret_replaced is false if the content was another; the file then stays as it is. */
int fileutil_replace_if_unchanged(const char *directory, const char *name, const char *text, uint64_t checksum,
                                  size_t max_bytes, bool *ret_replaced, struct err *err) MUST_CHECK;

/* fileutil_publish: fileutil_replace for the file path, with mode 0644, so that everybody may read the new file.
 * Errors: EX_IOERR, EX_NOPERM (no right to write in the directory), EX_USAGE (path is a directory, link or device). */
int fileutil_publish(const char *path, const char *text, struct err *err) MUST_CHECK;

/* fileutil_rewrite: fileutil_replace for a file of an administrator, at path: owner, group and mode stay, and a
 * symbolic link is followed. A missing file gets mode 0640 and this group. Errors: EX_IOERR, EX_NOPERM; the old
 * file stays. */
int fileutil_rewrite(const char *path, const char *text, gid_t group, struct err *err) MUST_CHECK;

/* fileutil_keep_damaged: renames the file (or directory) path to "path.damaged-YYYYMMDD-HHMMSS", in UTC. Writes the new
 * name to ret_path, of size bytes, unless ret_path is NULL. Errors: EX_IOERR, EX_SOFTWARE. Durable: on return. */
int fileutil_keep_damaged(const char *path, char *ret_path, size_t size, struct err *err) MUST_CHECK;

/* fileutil_delete: deletes the file path; a missing one is no error. Errors: EX_IOERR. Not durable by itself. */
int fileutil_delete(const char *path, struct err *err) MUST_CHECK;

/* fileutil_directory_of: the directory that contains path; "." for a name without a slash. Ownership: the caller frees
 * it. */
char *fileutil_directory_of(const char *path) MUST_CHECK;

/* fileutil_absolute: path as an absolute path, for a process that changes its working directory; "" stays "".
 * Ownership: the caller frees it. */
char *fileutil_absolute(const char *path) MUST_CHECK;

/* fileutil_sync_directory: makes renames in directory durable. Errors: EX_IOERR. */
int fileutil_sync_directory(const char *directory, struct err *err) MUST_CHECK;

/* fileutil_check_dir: checks that the state directory path exists, and fills *ret_info. path may be a symbolic link (to
 * another disk, say) if root, this user or the owner of the directory made it. Errors: EX_IOERR or EX_NOPERM, with the
 * remedy. */
int fileutil_check_dir(const char *path, struct stat *ret_info, struct err *err) MUST_CHECK;

/* fileutil_check_writable_dir: fileutil_check_dir, and checks that this process may read and create files there.
 * Errors: EX_IOERR or EX_NOPERM, with the remedy. */
int fileutil_check_writable_dir(const char *path, struct err *err) MUST_CHECK;

/* fileutil_check_readable_dir: the same for a process that only reads. */
int fileutil_check_readable_dir(const char *path, struct err *err) MUST_CHECK;

#endif
