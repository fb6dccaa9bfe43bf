/* spool: recordings as files in a directory of the state. ID.part is incomplete; ID.done is complete and synced. A file
 * that nobody expects any more is deleted. One spool has the recordings on their way; `played` has another. */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"

struct spool {
    char *directory;
    int64_t limit, used; /* bytes; used: with the reserved ones */
    int64_t reserved;    /* bytes that downloads will still write */
};

#define SPOOL_ON_THEIR_WAY "spool"

/* spool_open: makes the directory state_dir/name, deletes the files of calls that is_wanted does not want, and adds up
 * the others. Ownership: spool_close. Errors: EX_IOERR, EX_NOPERM. */
typedef bool spool_is_wanted(void *context, const char *call);
int spool_open(const char *state_dir, const char *name, int64_t limit, spool_is_wanted *is_wanted, void *context,
               struct spool *ret_spool, struct err *err) MUST_CHECK;

/* spool_part, spool_done: the paths of a call's files; NULL: the id is too long for a file's name. Ownership: the
 * caller frees them. */
char *spool_part(const struct spool *spool, const char *call) MUST_CHECK;
char *spool_done(const struct spool *spool, const char *call) MUST_CHECK;

/* spool_size: the size of a file; -1: there is none. */
int64_t spool_size(const char *path);

/* spool_has_room: whether this many more bytes fit: into the limit, and on the disk. The ledger may be on the same
 * disk, and calls need it, so SPOOL_DISK_RESERVE bytes stay free. spool_add: so many bytes were written; negative:
 * deleted. */
#define SPOOL_DISK_RESERVE ((int64_t)256 << 20)
bool spool_has_room(const struct spool *spool, int64_t bytes);
void spool_add(struct spool *spool, int64_t bytes);

/* spool_reserve: keeps room for bytes that a download will write; negative: gives it back. spool_fill: so many of the
 * reserved bytes were written. */
void spool_reserve(struct spool *spool, int64_t bytes);
void spool_fill(struct spool *spool, int64_t bytes);

/* spool_finish: syncs the open file part, and gives it the name done. The content is durable before the new name, which
 * may be lost: then the download ends again. Errors: EX_IOERR. */
int spool_finish(int file, const char *part, const char *done, struct err *err) MUST_CHECK;

/* spool_forget: deletes both files of a call. Missing files are no error. */
void spool_forget(struct spool *spool, const char *call);

/* spool_md5: reads the file and writes its MD5 in hexadecimal digits to out. Errors: EX_IOERR; EX_CONFIG: this system
 * forbids MD5. */
#define SPOOL_MD5_SIZE CRYPTO_HEX_SIZE(CRYPTO_MD5_SIZE)
int spool_md5(const char *path, char out[SPOOL_MD5_SIZE], struct err *err) MUST_CHECK;

/* spool_md5_bytes: the same of length bytes from there on; writes CRYPTO_MD5_SIZE bytes to out. */
int spool_md5_bytes(const char *path, int64_t from, int64_t length, unsigned char out[CRYPTO_SHA256_SIZE],
                    struct err *err) MUST_CHECK;

/* spool_sha256: in hexadecimal digits, for SHA-256, of length bytes from there on. A file that ends before is no error
 * here. */
#define SPOOL_SHA256_SIZE CRYPTO_HEX_SIZE(CRYPTO_SHA256_SIZE)
int spool_sha256(const char *path, int64_t from, int64_t length, char out[SPOOL_SHA256_SIZE], struct err *err)
    MUST_CHECK;

/* spool_close: frees the paths. */
void spool_close(struct spool *spool);

#endif
