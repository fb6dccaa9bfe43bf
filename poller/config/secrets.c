/* secrets: reads the file that KEY_file in [source] or [sink] names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/secrets.h"

#define VARIABLE "environment variable " /* see environment_read */
#define MAX_SECRET_BYTES ((size_t)64 * 1024)

/* A file that every user can write is refused: any user could then choose the secret. */
static int read_file(const struct param *param, char **ret_text, struct err *err)
{
    struct stat info;
    bool missing = false;
    const char *path = param->value;
    if (*path != '/')
        return err_set(err, EX_CONFIG, "%s: %s: write the whole path of the file, from /", param->origin, param->key);
    if (stat(path, &info) == 0 && (info.st_mode & S_IWOTH) != 0)
        return err_set(err, EX_CONFIG, "%s: %s can be written by every user: chmod o-w it", param->origin, path);
    if (fileutil_read(path, MAX_SECRET_BYTES, FILEUTIL_FOLLOW_LINK, ret_text, &missing, err) != 0) {
        const struct err why = *err;
        return err_set(err, why.code == EX_NOPERM ? EX_NOPERM : EX_CONFIG, "%s: %s: %.700s%s", param->origin,
                       param->key, why.message, why.code == EX_NOPERM ? "; run as root, or let this user read it" : "");
    }
    if (missing)
        return err_set(err, EX_CONFIG, "%s: %s: there is no file %s", param->origin, param->key, path);
    if (*str_trim(*ret_text) == '\0')
        return err_set(err, EX_CONFIG, "%s: %s: the file %s is empty; write the secret into it", param->origin,
                       param->key, path);
    return 0;
}

static int read_secret(struct params *params, struct param *param, const struct param_spec *spec, struct err *err)
{
    char *text = NULL;
    const struct param *other = params_find(params, spec->key);
    int result = other == NULL ? read_file(param, &text, err)
                               : err_set(err, EX_CONFIG, "%s: %s: %s is already set in %s; keep one of the two lines",
                                         param->origin, param->key, spec->key, other->origin);
    free(param->key);
    param->key = mem_copy(spec->key);
    param->file = param->value;
    param->value = mem_copy(result == 0 ? str_trim(text) : "");
    mem_free_secret(text);
    return result;
}

void secrets_read(struct params *params, const struct param_spec *specs, unsigned parts,
                  struct config_problems *problems)
{
    struct err err;
    for (size_t i = 0; i < params->count; i++) {
        const struct param_spec *spec = params_secret_of(specs, params->items[i].key);
        if (spec != NULL && read_secret(params, &params->items[i], spec, &err) != 0)
            config_add_problem(problems, parts, &err);
    }
}

/* Whether an address has a password: postgresql://user:password@host, or ?password=. */
static bool has_password(const char *value)
{
    const char *scheme = strstr(value, "://");
    if (scheme == NULL)
        return false;
    const char *host = scheme + 3, *at = memchr(host, '@', strcspn(host, "/?#"));
    return (at != NULL && memchr(host, ':', (size_t)(at - host)) != NULL) || strstr(host, "password=") != NULL;
}

const char *secrets_readable_by_all(const struct params *params, const struct param_spec *specs, const char *own,
                                    size_t *at)
{
    struct stat info;
    while (*at < params->count) {
        const struct param *param = &params->items[(*at)++];
        const struct param_spec *spec = params_spec_of(specs, param->key);
        bool is_in_file = param->file != NULL || strncmp(param->origin, VARIABLE, sizeof VARIABLE - 1) != 0;
        bool is_secret = spec != NULL && (spec->secret || has_password(param->value));
        const char *path = param->file != NULL ? param->file : own;
        if (is_in_file && is_secret && stat(path, &info) == 0 && (info.st_mode & S_IROTH) != 0)
            return path;
    }
    return NULL;
}
