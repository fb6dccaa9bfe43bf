/* asterisk_account: finds the database account of the PBX's own software. */
#include <stdlib.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/freepbx.h"
#include "source/asterisk_account.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)

/* The name in FreePBX and Issabel. */
#define DATABASE "asteriskcdrdb"

/* The files of FreePBX, of Issabel and older FreePBX, and of Asterisk's own modules. */
static const char *const files[] = { "/etc/freepbx.conf", "/etc/amportal.conf", "/etc/asterisk/cdr_mysql.conf",
                                     "/etc/asterisk/res_odbc_additional.conf", "/etc/asterisk/res_odbc.conf" };

#define FILES (sizeof files / sizeof files[0])

static void set_text(char **target, const char *value)
{
    if (value == NULL)
        return;
    char *copy = mem_copy(value);
    mem_free_secret(*target);
    *target = copy;
}

/* Copies the values that our own file does not set. */
static void apply(const struct freepbx_account *account, struct settings_database *database)
{
    int64_t port = 0;
    if (!database->user_in_own_file && !database->password_in_own_file) {
        set_text(&database->user, account->user);
        set_text(&database->password, account->password);
    }
    if (!database->name_in_own_file)
        set_text(&database->name, account->name);
    if (database->host_in_own_file || account->host == NULL)
        return;
    set_text(&database->host, account->host);
    if (!database->socket_in_own_file)
        set_text(&database->socket, account->socket);
    if (!database->port_in_own_file && account->port != NULL && str_to_int(account->port, &port) && port > 0 &&
        port < 65536)
        database->port = port;
}

/* *ret_found: the file has a user and a password. named NULL: a usual file, which may be missing. */
static int read_file(const char *path, const struct param *named, struct settings_database *database, bool *ret_found,
                     struct err *err)
{
    char *text = NULL;
    bool missing = false;
    struct err failure = { .code = EX_OK };
    struct freepbx_account account;
    *ret_found = false;
    if (fileutil_read(path, MAX_FILE_BYTES, FILEUTIL_FOLLOW_LINK, &text, &missing, &failure) != 0)
        return err_set(err, failure.code == EX_NOPERM ? EX_NOPERM : EX_CONFIG, "%s%s", failure.message,
                       failure.code == EX_NOPERM ? "; run as root, let this user read it, or set user and password in "
                                                   "[database]" : "");
    if (missing)
        return named == NULL ? 0 : err_set(err, EX_CONFIG, "%s: %s: the file %s does not exist", named->origin,
                                           named->key, path);
    freepbx_read(text, &account);
    mem_free_secret(text);
    *ret_found = account.user != NULL && account.password != NULL;
    if (*ret_found)
        apply(&account, database);
    freepbx_free(&account);
    if (*ret_found || named == NULL)
        return 0;
    return err_set(err, EX_CONFIG, "%s: %s: %s has no user and password for a database", named->origin, named->key,
                   path);
}

int asterisk_account_find(const struct params *params, struct settings_database *database, struct err *err)
{
    const struct param *named = params_find(params, "freepbx_conf");
    bool found = false;
    bool is_ours = database->user_in_own_file || database->password_in_own_file;
    if (!database->name_in_own_file)
        set_text(&database->name, DATABASE);
    if (named != NULL)
        return read_file(named->value, named, database, &found, err);
    for (size_t i = 0; !is_ours && !found && i < FILES; i++)
        if (read_file(files[i], NULL, database, &found, err) != 0)
            return -1;
    if (found || is_ours)
        return 0;
    return err_set(err, EX_CONFIG, "no account for the database of calls was found in [database], %s, %s, %s, %s "
                   "or %s; set user and password in [database]", files[0], files[1], files[2], files[3], files[4]);
}
