/* users: the file of the live page's users. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/users.h"

enum { FILE_MOST = 256 * 1024, SALT = 16, HASH = 32, NAME_MOST = 32 };

/* 16 MiB and some 100 ms. The numbers stand in each line, so they can grow later. */
static const struct crypto_scrypt_cost usual_cost = { .n = 16384, .r = 8, .p = 5 };

struct users {
    char *path, *text; /* the file, cut into pieces that list borrows */
    struct user *list;
    size_t count;
    struct stat read; /* the file that was read */
    bool was_read;
};

/* ---- passwords ---- */

static char *make_verifier(const char *password)
{
    unsigned char salt[SALT], hash[HASH];
    char salt_text[BASE64_SIZE(SALT)], hash_text[BASE64_SIZE(HASH)];
    crypto_random(salt, sizeof salt);
    if (!crypto_scrypt(password, salt, sizeof salt, &usual_cost, hash, sizeof hash))
        mem_out_of_memory(); /* GCOVR_EXCL_LINE: the cost is known to be right */
    base64_encode(salt, sizeof salt, salt_text);
    base64_encode(hash, sizeof hash, hash_text);
    return mem_format("scrypt$%" PRIu64 "$%" PRIu64 "$%" PRIu64 "$%s$%s", usual_cost.n, usual_cost.r, usual_cost.p,
                      salt_text, hash_text);
}

struct verifier {
    struct crypto_scrypt_cost cost;
    unsigned char salt[72], hash[72]; /* of at most 88 letters each */
    size_t salt_size, hash_size;
};

static bool read_number(const char **at, uint64_t *ret_number)
{
    char digits[12];
    int64_t number = 0;
    size_t length = strcspn(*at, "$");
    if (length == 0 || length >= sizeof digits || (*at)[length] != '$')
        return false;
    (void)snprintf(digits, sizeof digits, "%.*s", (int)length, *at);
    *at += length + 1;
    if (!str_to_int(digits, &number) || number < 1)
        return false;
    *ret_number = (uint64_t)number;
    return true;
}

static bool parse_verifier(const char *text, struct verifier *ret)
{
    static const char kind[] = "scrypt$";
    const char *at = text + sizeof kind - 1;
    if (strncmp(text, kind, sizeof kind - 1) != 0 || !read_number(&at, &ret->cost.n) ||
        !read_number(&at, &ret->cost.r) || !read_number(&at, &ret->cost.p))
        return false;
    size_t salt = strcspn(at, "$"), hash = at[salt] == '$' ? strlen(at + salt + 1) : 0;
    return salt > 0 && salt <= 88 && hash > 0 && hash <= 88 && base64_decode(at, salt, ret->salt, &ret->salt_size) &&
           base64_decode(at + salt + 1, hash, ret->hash, &ret->hash_size) && ret->hash_size >= 16;
}

static bool verify(const char *text, const char *password)
{
    struct verifier verifier;
    unsigned char hash[72];
    return parse_verifier(text, &verifier) &&
           crypto_scrypt(password, verifier.salt, verifier.salt_size, &verifier.cost, hash, verifier.hash_size) &&
           crypto_equal(hash, verifier.hash, verifier.hash_size);
}

/* ---- the file ---- */

struct users *users_open(const char *path)
{
    struct users *users = mem_zero(1, sizeof *users);
    users->path = mem_copy(path);
    return users;
}

static void forget(struct users *users)
{
    free(users->text);
    free(users->list);
    users->text = NULL;
    users->list = NULL;
    users->count = 0;
}

void users_close(struct users *users)
{
    if (users == NULL)
        return;
    forget(users);
    free(users->path);
    free(users);
}

bool users_is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@";
    size_t length = strlen(name);
    return length >= 1 && length <= NAME_MOST && strspn(name, allowed) == length;
}

const char *users_role_name(enum role role)
{
    return role == ROLE_ADMIN ? "admin" : "viewer";
}

static enum role role_of(const char *word)
{
    return strcmp(word, "admin") == 0 ? ROLE_ADMIN : strcmp(word, "viewer") == 0 ? ROLE_VIEWER : ROLE_NONE;
}

/* Cuts a line into its three pieces. NULL: it is right; otherwise what is wrong. */
static const char *parse_line(const struct users *users, char *line, struct user *ret_user)
{
    struct verifier verifier;
    char *role = strchr(line, ':'), *password = role != NULL ? strchr(role + 1, ':') : NULL;
    if (password == NULL)
        return "is not NAME:ROLE:PASSWORD; write it with did-optimizer-sync-serve user add";
    *role++ = *password++ = '\0';
    *ret_user = (struct user){ .name = line, .role = role_of(role), .verifier = password,
                               .stamp = str_hash(STR_HASH_START, password, strlen(password)) };
    if (!users_is_name(line))
        return "has a name that is not 1 to 32 letters, digits and . _ - @; correct the name";
    if (ret_user->role == ROLE_NONE)
        return "has a role that is not admin or viewer; write one of the two";
    if (!parse_verifier(password, &verifier))
        return "has a password that is not scrypt$...; write it with did-optimizer-sync-serve user password";
    return users_find(users, line) != NULL ? "has the name of an earlier line; delete one of the two" : NULL;
}

static int parse(struct users *users, struct err *err)
{
    int number = 1;
    for (char *line = users->text, *next = NULL; line != NULL; line = next, number++) {
        size_t length = strcspn(line, "\n");
        next = line[length] == '\n' ? line + length + 1 : NULL;
        line[length] = '\0';
        line = str_trim(line);
        if (*line == '\0' || *line == '#')
            continue;
        struct user user;
        const char *problem = parse_line(users, line, &user);
        if (problem != NULL)
            return err_set(err, EX_CONFIG, "%s:%d: the line %s", users->path, number, problem);
        users->list = mem_resize(users->list, users->count + 1, sizeof *users->list);
        users->list[users->count++] = user;
    }
    return 0;
}

static int read_file(struct users *users, struct err *err)
{
    bool missing = false;
    struct stat info;
    struct err why;
    forget(users);
    if (stat(users->path, &info) == 0 && (info.st_mode & S_IWOTH) != 0)
        return err_set(err, EX_CONFIG, "%s can be written by every user, who could become an administrator: chmod o-w "
                       "it", users->path);
    if (fileutil_read(users->path, FILE_MOST, FILEUTIL_FOLLOW_LINK, &users->text, &missing, &why) != 0)
        return err_set(err, why.code, "%.900s%s", why.message, why.code == EX_NOPERM ? "; the page's user must read "
                       "it: chgrp it to that user's group, and chmod 640" : "");
    if (parse(users, err) == 0)
        return 0;
    forget(users);
    return -1;
}

int users_refresh(struct users *users, struct err *err)
{
    struct stat now = { .st_size = 0 };
    if (stat(users->path, &now) != 0)
        now = (struct stat){ .st_size = -1 };
    if (users->was_read && now.st_ino == users->read.st_ino && now.st_dev == users->read.st_dev &&
        now.st_size == users->read.st_size && now.st_mtim.tv_sec == users->read.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == users->read.st_mtim.tv_nsec)
        return 0;
    users->was_read = read_file(users, err) == 0; /* what failed is tried again */
    users->read = now;
    return users->was_read ? 0 : -1;
}

const struct user *users_find(const struct users *users, const char *name)
{
    for (size_t i = 0; i < users->count; i++)
        if (strcmp(users->list[i].name, name) == 0)
            return &users->list[i];
    return NULL;
}

const struct user *users_at(const struct users *users, size_t index)
{
    return index < users->count ? &users->list[index] : NULL;
}

const struct user *users_login(const struct users *users, const char *name, const char *password)
{
    /* Nobody knows a password for it; it costs as much as the usual ones. */
    static const char nobody[] = "scrypt$16384$8$5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const struct user *user = users_find(users, name);
    bool right = strlen(password) <= USERS_PASSWORD_MOST && verify(user != NULL ? user->verifier : nobody, password);
    return right ? user : NULL;
}

/* ---- changes ---- */

/* The file's text with this line in the place of that of name; line NULL: without it. Comments stay. Ownership: the
 * caller frees it. */
static char *replace_line(const char *text, const char *name, const char *line)
{
    char *made = mem_copy("");
    size_t length = strlen(name);
    bool is_done = line == NULL;
    for (const char *at = text; *at != '\0';) {
        size_t whole = strcspn(at, "\n");
        const char *start = at + strspn(at, " \t");
        bool is_name = strncmp(start, name, length) == 0 && start[length] == ':';
        char *longer = is_name ? mem_format("%s%s%s", made, is_done ? "" : line, is_done ? "" : "\n")
                               : mem_format("%s%.*s\n", made, (int)whole, at);
        is_done = is_done || is_name;
        free(made);
        made = longer;
        at += whole + (at[whole] == '\n');
    }
    char *longer = is_done ? mem_copy(made) : mem_format("%s%s\n", made, line);
    free(made);
    return longer;
}

static int write_line(struct users *users, const char *name, const char *line, gid_t group, struct err *err)
{
    char *text = NULL;
    bool missing = false;
    if (fileutil_read(users->path, FILE_MOST, FILEUTIL_FOLLOW_LINK, &text, &missing, err) != 0)
        return -1;
    char *changed = replace_line(str_or_empty(text), name, line);
    int result = fileutil_rewrite(users->path, changed, group, err);
    free(changed);
    free(text);
    return result;
}

int users_put(struct users *users, const char *name, enum role role, const char *password, gid_t group,
              struct err *err)
{
    if (users_refresh(users, err) != 0)
        return -1;
    const struct user *old = users_find(users, name);
    if (!users_is_name(name))
        return err_set(err, EX_USAGE, "a user's name has 1 to 32 letters, digits and . _ - @");
    if (old == NULL && (role == ROLE_NONE || password == NULL))
        return err_set(err, EX_USAGE, "there is no user %s: add it with user add NAME --role ROLE", name);
    if (password != NULL && (strlen(password) < USERS_PASSWORD_LEAST || strlen(password) > USERS_PASSWORD_MOST))
        return err_set(err, EX_USAGE, "a password has %d to %d characters", USERS_PASSWORD_LEAST, USERS_PASSWORD_MOST);
    char *verifier = password != NULL ? make_verifier(password) : mem_copy(old->verifier);
    char *line = mem_format("%s:%s:%s", name, users_role_name(role != ROLE_NONE ? role : old->role), verifier);
    int result = write_line(users, name, line, group, err);
    mem_free_secret(line);
    mem_free_secret(verifier);
    return result;
}

int users_remove(struct users *users, const char *name, struct err *err)
{
    if (users_refresh(users, err) != 0)
        return -1;
    if (users_find(users, name) == NULL)
        return err_set(err, EX_USAGE, "there is no user %s", name);
    return write_line(users, name, NULL, 0, err);
}
