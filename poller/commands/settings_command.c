/* settings_command: shows and changes the settings of our own file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fileutil.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands/settings_command.h"
#include "config/inifile.h"
#include "config/settings_edit.h"
#include "engine/route.h"

enum { FILE_MOST = 256 * 1024, NAME_SIZE = 80 };

/* Decides by the key's name too, because the type may be wrong. A setting that names a file counts as well: the file
 * may hold a secret, and root would read it. */
static bool is_secret(const char *section, const char *key)
{
    static const char *const parts[] = { "password", "secret", "token", "_key", "key_", "credential", "_file" };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcasestr(key, parts[i]) != NULL && strcasecmp(key, "ca_file") != 0)
            return true;
    return route_is_secret(section, key);
}

/* ---- show ---- */

/* The settings of the file, and which of the known ones it has. */
struct listing {
    settings_command_on_row *on_row;
    void *context;
    struct inifile_keys keys;
};

static void hand_out(const struct listing *listing, const char *section, const char *key, const char *value,
                     bool is_set)
{
    const struct settings_command_row row = { .section = section, .key = key, .is_set = is_set,
                                              .value = is_secret(section, key) ? NULL : value };
    listing->on_row(listing->context, &row);
}

static void on_value(void *context, const char *section, const char *key, const char *value, int line)
{
    struct listing *listing = context;
    (void)inifile_add_key(&listing->keys, section, key, line);
    hand_out(listing, section, key, value, true);
}

/* Ignores lines that are wrong: `check` reports them. */
static void on_problem(void *context, const char *section, const char *text, const char *problem, int line)
{
    (void)context;
    (void)section;
    (void)text;
    (void)problem;
    (void)line;
}

int settings_command_list(const char *path, settings_command_on_row *on_row, void *context, struct err *err)
{
    struct listing listing = { .on_row = on_row, .context = context };
    const char *section = NULL, *key = NULL, *value = NULL;
    char *text = NULL;
    bool missing = false;
    if (fileutil_read(path, FILE_MOST, FILEUTIL_FOLLOW_LINK, &text, &missing, err) != 0)
        return -1;
    inifile_read(str_or_empty(text), &(struct inifile_reader){ .on_value = on_value, .on_problem = on_problem,
                                                               .context = &listing, .verbatim = "password secret" });
    for (size_t i = 0; config_known(i, &section, &key, &value); i++)
        if (inifile_add_key(&listing.keys, section, key, 1) == 0)
            hand_out(&listing, section, key, value, false);
    inifile_keys_free(&listing.keys);
    mem_free_secret(text);
    return 0;
}

static void print_row(void *context, const struct settings_command_row *row)
{
    const struct options *options = context;
    char plain[500];
    if (!options->json) {
        (void)printf("%s.%s = %s%s\n", row->section, row->key,
                     str_printable(row->value != NULL ? row->value : "(secret)", plain, sizeof plain),
                     row->is_set ? "" : "  (default)");
        return;
    }
    struct json *object = json_object();
    json_add_text(object, "section", row->section);
    json_add_text(object, "key", row->key);
    json_add_text(object, "value", row->value);
    json_add_bool(object, "is_set", row->is_set);
    json_print_line(object);
}

/* ---- set ---- */

/* "sync.batch_size" */
static int split_name(const char *name, char section[NAME_SIZE], char key[NAME_SIZE], struct err *err)
{
    size_t dot = strcspn(name, ".");
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-*";
    bool valid = name[dot] == '.' && dot > 0 && dot < NAME_SIZE && strlen(name + dot + 1) < NAME_SIZE &&
                 name[dot + 1] != '\0' && strspn(name, letters) == dot &&
                 name[dot + 1 + strspn(name + dot + 1, letters)] == '\0';
    if (!valid)
        return err_set(err, EX_USAGE, "name the setting as SECTION.KEY, such as sync.batch_size");
    (void)snprintf(section, NAME_SIZE, "%.*s", (int)dot, name);
    (void)snprintf(key, NAME_SIZE, "%s", name + dot + 1);
    if (!is_secret(section, key))
        return 0;
    return err_set(err, EX_USAGE, "%s is or leads to a secret: write it into the file by hand", key);
}

/* A comment sign would cut the value off. */
static int check_value(const char *value, struct err *err)
{
    bool plain = str_is_utf8(value) && strlen(value) <= 1000;
    for (const char *at = value; *at != '\0'; at++)
        plain = plain && (unsigned char)*at >= ' ' && *at != 0x7F &&
                !((*at == ';' || *at == '#') && (at == value || at[-1] == ' '));
    return plain ? 0 : err_set(err, EX_USAGE, "the value must be one line, without a comment");
}

/* The problem without the place in the file at path that it names: the copy's lines are not those of our own file.
 * Within a sentence, own is named instead. Ownership: the caller frees the text. */
static char *without_line(const char *problem, const char *path, const char *own)
{
    const char *at = strstr(problem, path), *rest = at != NULL ? at + strlen(path) : NULL;
    if (at == NULL)
        return mem_copy(problem);
    if (*rest == ':' && rest[1] >= '0' && rest[1] <= '9')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (at == problem && strncmp(rest, ": ", 2) == 0)
        return mem_copy(rest + 2);
    return mem_format("%.*s%s%s", (int)(at - problem), problem, own, rest);
}

/* text: without_line. */
static bool had_problem(const struct config_problems *problems, const char *text, const char *own)
{
    bool had = false;
    for (int i = 0; i < problems->count && !had; i++) {
        char *old = without_line(problems->texts[i], own, own);
        had = strcmp(old, text) == 0;
        free(old);
    }
    return had;
}

/* problem: without_line. One of the setting itself begins with the setting's key. */
static int refuse(const struct options *options, const char *problem, struct err *err)
{
    const char *name = options->arguments[0], *dot = strchr(name, '.'), *key = dot != NULL ? dot + 1 : name;
    size_t length = strlen(key);
    bool is_own = strncasecmp(problem, key, length) == 0 && strncmp(problem + length, ": ", 2) == 0;
    return err_set(err, EX_USAGE, "nothing was changed: %s: %s", name, is_own ? problem + length + 2 : problem);
}

/* A sink tests its settings when it opens, and sends nothing. */
static int open_sink(const struct options *options, const struct config *config, const struct sink_ops *kind,
                     struct err *err)
{
    struct sink sink = { .ops = NULL };
    const struct sink_settings settings = route_sink_settings(config, options->state_dir, options->profile_option);
    if (sink_open(kind, &settings, &sink, err) != 0)
        return -1;
    sink_close(&sink);
    return 0;
}

/* A new type of sink may need settings that are not there. Settings that were not complete before may stay so: else
 * nobody could complete them one by one. */
static int check_sink(const struct options *options, const struct config *before, const struct sink_ops *kind_before,
                      const struct config *after, const struct sink_ops *kind_after, struct err *err)
{
    struct err why;
    if (open_sink(options, before, kind_before, &why) != 0 || open_sink(options, after, kind_after, &why) == 0)
        return 0;
    return err_set(err, EX_USAGE, "nothing was changed: with this alone no call could be sent: %.700s; write all lines "
                   "that belong together into %.200s by hand", why.message, options->config.own);
}

/* Checks the changed copy as `check` does. A problem that the file had before, such as a missing key, is no reason to
 * refuse the change. */
static int check_copy(const struct options *options, const char *copy, struct err *err)
{
    struct config_paths paths = options->config;
    struct config before, after;
    struct config_problems old_problems, problems;
    struct route_kinds kinds, old_kinds;
    int result = 0;
    route_load(&paths, &before, &old_kinds, &old_problems);
    paths.own = copy;
    route_load(&paths, &after, &kinds, &problems);
    for (int i = 0; result == 0 && i < problems.count; i++) {
        char *problem = without_line(problems.texts[i], copy, options->config.own);
        if (!had_problem(&old_problems, problem, options->config.own))
            result = refuse(options, problem, err);
        free(problem);
    }
    if (old_problems.count == 0 && problems.count == 0)
        result = check_sink(options, &before, old_kinds.sink, &after, kinds.sink, err);
    config_free(&before);
    config_free(&after);
    config_problems_free(&old_problems);
    config_problems_free(&problems);
    return result;
}

/* Writes the copy beside the file, so that relative names and rights are the same. */
static int check_text(const struct options *options, const char *text, struct err *err)
{
    char *copy = mem_format("%s.new", options->config.own);
    int result = fileutil_rewrite(copy, text, getegid(), err);
    if (result == 0)
        result = check_copy(options, copy, err);
    (void)unlink(copy);
    free(copy);
    return result;
}

static int replace(const struct options *options, const char *old, const char *text, struct err *err)
{
    char *kept = mem_format("%s.old", options->config.own);
    struct stat info;
    int result = 0;
    if (stat(options->config.own, &info) == 0) {
        result = fileutil_rewrite(kept, old, info.st_gid, err);
        if (result == 0 && chmod(kept, info.st_mode & 0777) != 0)
            result = err_set(err, EX_IOERR, "could not set the rights of %s: %s", kept, strerror(errno));
    }
    if (result == 0)
        result = fileutil_rewrite(options->config.own, text, getegid(), err);
    free(kept);
    return result;
}

static int set(const struct options *options, const char *old, struct err *err)
{
    char section[NAME_SIZE], key[NAME_SIZE];
    const char *value = options->arguments[1];
    if (split_name(options->arguments[0], section, key, err) != 0 || check_value(value, err) != 0)
        return -1;
    char *text = settings_edit(old, section, key, value);
    int result = check_text(options, text, err);
    if (result == 0)
        result = replace(options, old, text, err);
    free(text);
    if (result == 0)
        (void)printf("%s: %s.%s = %s; the next run uses it\n", options->config.own, section, key, value);
    return result;
}

/* One after the other: of two changes at once, the page starts them so, one would be lost. */
static int read_and_set(const struct options *options, struct err *err)
{
    struct lock *lock = NULL;
    char *text = NULL;
    bool missing = false;
    if (lock_acquire_to_change(options->config.own, &lock, err) != 0)
        return -1;
    int result = fileutil_read(options->config.own, FILE_MOST, FILEUTIL_FOLLOW_LINK, &text, &missing, err);
    if (result == 0)
        result = set(options, str_or_empty(text), err);
    mem_free_secret(text);
    lock_release(lock);
    return result;
}

int settings_command(const struct options *options)
{
    struct err err = { .code = EX_OK };
    struct options own = *options;
    int result = options->command == COMMAND_SETTINGS_SHOW
                     ? settings_command_list(options->config.own, print_row, &own, &err)
                     : read_and_set(options, &err);
    if (result == 0)
        return EX_OK;
    (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    return err.code;
}
