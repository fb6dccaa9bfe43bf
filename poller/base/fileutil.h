/* fileutil: small files read with care and replaced durably. */
#ifndef FILEUTIL_H
#define FILEUTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <stdint.h>

#include "base/err.h"

/* Whether path may be a symbolic link: in our own directory that is somebody's trick, elsewhere the owner's choice. */
enum fileutil_links { FILEUTIL_REFUSE_LINK, FILEUTIL_FOLLOW_LINK };

/* fileutil_read: reads a whole regular file of at most max_bytes into *ret_text, NUL-terminated.
 * Ownership: the caller frees *ret_text. *ret_missing is set when the file does not exist; *ret_text is then NULL and
 * the result 0. Errors: EX_NOPERM (may not be read), EX_IOERR (link, directory, too large, read error). */
int fileutil_read(const char *path, size_t max_bytes, enum fileutil_links links, char **ret_text, bool *ret_missing,
                  struct err *err) MUST_CHECK;

/* fileutil_replace: makes text the content of the file name in directory, all or nothing: a temporary file is
 * written, synced and renamed over the old one, then the directory is synced.
 * Errors: EX_IOERR; the old file then stands unchanged. Durable: on return. */
int fileutil_replace(const char *directory, const char *name, const char *text, struct err *err) MUST_CHECK;

/* fileutil_mark: a number for the content of path, a file of at most max_bytes: it tells one content from another.
 * FILEUTIL_NO_FILE where there is none, FILEUTIL_NO_TEXT for an empty file, and for what fileutil_read refuses. */
enum { FILEUTIL_NO_FILE, FILEUTIL_NO_TEXT };
uint64_t fileutil_mark(const char *path, size_t max_bytes);

/* fileutil_mark_of: what fileutil_mark gives for a file that holds text. */
uint64_t fileutil_mark_of(const char *text);

/* fileutil_replace_marked: fileutil_replace, but only while fileutil_mark still gives that mark for the file. That is
 * asked last, after all slow steps. *ret_replaced says whether it did; where it did not, the file stands as it is. */
int fileutil_replace_marked(const char *directory, const char *name, const char *text, uint64_t mark, size_t max_bytes,
                            bool *ret_replaced, struct err *err) MUST_CHECK;

/* fileutil_publish: the same with the file path, which everybody may read afterwards. What stands there must be a file.
 * Errors: EX_IOERR, EX_NOPERM (the directory must not be written), EX_USAGE (a directory, a link, a device). */
int fileutil_publish(const char *path, const char *text, struct err *err) MUST_CHECK;

/* fileutil_set_aside: renames the file (or directory) path to "path.damaged-YYYYMMDD-HHMMSS" and, when ret_aside is not
 * NULL, writes that name there. Errors: EX_IOERR. Durable: on return. */
int fileutil_set_aside(const char *path, char *ret_aside, size_t size, struct err *err) MUST_CHECK;

/* fileutil_directory_of: the directory that path lies in, "." for a bare name. Ownership: the caller frees it. */
char *fileutil_directory_of(const char *path) MUST_CHECK;

/* fileutil_absolute: path, so that it stays right when the process changes its working directory; "" stays "".
 * Ownership: the caller frees it. */
char *fileutil_absolute(const char *path) MUST_CHECK;

/* fileutil_sync_directory: makes what was renamed in directory durable. Errors: EX_IOERR. */
int fileutil_sync_directory(const char *directory, struct err *err) MUST_CHECK;

/* fileutil_find_directory: looks at the state directory path. It may be a symbolic link, to another disk say, that root,
 * this user or the directory's own owner made. Errors: EX_IOERR or EX_NOPERM, with the remedy. */
int fileutil_find_directory(const char *path, struct stat *ret_info, struct err *err) MUST_CHECK;

/* fileutil_need_directory: the same, and checks that this process may create files there.
 * Errors: EX_IOERR or EX_NOPERM, with the remedy. */
int fileutil_need_directory(const char *path, struct err *err) MUST_CHECK;

/* fileutil_look_into_directory: the same for who only reads in it. */
int fileutil_look_into_directory(const char *path, struct err *err) MUST_CHECK;

#endif
