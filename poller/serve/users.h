/* users: the file of the live page's users.
 *
 * A line each, NAME:ROLE:scrypt$N$r$p$SALT$HASH, salt and hash in base64; lines that begin with # are comments. The
 * file belongs to root, and only the page's own user may read it besides. */
#ifndef USERS_H
#define USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "serve/request.h"

struct user {
    const char *name;
    enum role role;
    const char *verifier; /* scrypt$... */
    uint64_t stamp;       /* changes with the password: older sessions and tokens are then worth nothing */
};

struct users;

/* users_open: path is copied. Nothing is read yet. Ownership: users_close, which allows NULL. */
struct users *users_open(const char *path) MUST_CHECK;
void users_close(struct users *users);

/* users_refresh: reads the file if it has changed. A missing file has no users. Errors: EX_CONFIG (a line is wrong),
 * EX_NOPERM, EX_IOERR: then there are no users. */
int users_refresh(struct users *users, struct err *err) MUST_CHECK;

/* users_find: NULL: there is no such user. Borrowed until the next users_refresh. users_at: by their place in the
 * file. */
const struct user *users_find(const struct users *users, const char *name);
const struct user *users_at(const struct users *users, size_t index);

/* users_login: the user, if the password is right; otherwise NULL, after the same time for a name that does not exist.
 * Takes some 100 ms. Borrowed as users_find. */
const struct user *users_login(const struct users *users, const char *name, const char *password);

/* users_is_name: 1 to 32 letters, digits and . _ - @ */
bool users_is_name(const char *name);

/* users_put: adds the user to the file, or changes it: role ROLE_NONE and password NULL keep the old one. A new file
 * belongs to group. users_remove: removes the user. Durable: on return. Errors: EX_USAGE (no such user, bad name or
 * password), and those of users_refresh. */
enum { USERS_PASSWORD_LEAST = 10, USERS_PASSWORD_MOST = 1000 };
int users_put(struct users *users, const char *name, enum role role, const char *password, gid_t group,
              struct err *err) MUST_CHECK;
int users_remove(struct users *users, const char *name, struct err *err) MUST_CHECK;

/* users_role_name: "admin" or "viewer". */
const char *users_role_name(enum role role);

#endif
