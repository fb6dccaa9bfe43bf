/* profile: a tenant of a dialer that several tenants share, with its own settings, key, state and log. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/privileges.h"
#include "config/profile.h"

#define MAX_NAME 32

bool profile_is_name(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(text);
    return length >= 1 && length <= MAX_NAME && strspn(text, allowed) == length;
}

/* "/var/log/some.log" -> "/var/log/some-NAME.log". False if the result is too long. */
static bool insert_name(char *out, const char *path, const char *name, const char *ending)
{
    size_t length = strlen(path), ending_length = strlen(ending);
    if (length >= ending_length && strcmp(path + length - ending_length, ending) == 0)
        length -= ending_length;
    else
        ending = "";
    return snprintf(out, OPTIONS_PATH_SIZE, "%.*s-%s%s", (int)length, path, name, ending) < OPTIONS_PATH_SIZE;
}

int profile_select(struct options *options, const char *name, struct err *err)
{
    struct options_paths *own = &options->own_paths;
    bool fits = true;
    if (!profile_is_name(name))
        return err_set(err, EX_USAGE, "'%.40s' is no profile name: use 1 to %d letters, digits, - and _; see --help",
                       name, MAX_NAME);
    options->profile = name;
    (void)snprintf(options->profile_option, sizeof options->profile_option, " --profile %s", name);
    if (!options->config.required_own) {
        fits = snprintf(own->config, OPTIONS_PATH_SIZE, "%s/%s.conf", options->profiles_dir, name) < OPTIONS_PATH_SIZE;
        options->config.own = own->config;
        options->config.required_own = true;
    }
    if (!options->config.required_dids) {
        fits = insert_name(own->dids, options->config.dids, name, ".conf") && fits;
        options->config.dids = own->dids;
    }
    if (!options->named_state_dir) {
        fits = snprintf(own->state_parent, OPTIONS_PATH_SIZE, "%s/profiles", options->state_dir) < OPTIONS_PATH_SIZE &&
               snprintf(own->state_dir, OPTIONS_PATH_SIZE, "%s/profiles/%s", options->state_dir, name) <
                   OPTIONS_PATH_SIZE &&
               fits;
        options->state_base = options->state_dir;
        options->state_dir = own->state_dir;
    }
    if (!options->named_log && strcmp(options->log, "-") != 0) {
        fits = insert_name(own->log, options->log, name, ".log") && fits;
        options->log = own->log;
    }
    if (!options->named_legacy)
        options->legacy = ""; /* the older script had no tenants */
    return fits ? 0 : err_set(err, EX_USAGE, "the paths of profile %s are too long", name);
}

int profile_check(const struct options *options, struct err *err)
{
    if (options->profile != NULL && access(options->config.own, F_OK) != 0 && errno == ENOENT)
        return err_set(err, EX_CONFIG,
                       "there is no profile %s: its settings, %s, do not exist; make that file (it may be empty)",
                       options->profile, options->config.own);
    return 0;
}

/* Creates a missing directory. chmod: the umask may have removed bits of mode. */
static int make_directory(const char *path, mode_t mode, struct err *err)
{
    if (mkdir(path, mode) == 0)
        return chmod(path, mode) == 0
                   ? 0 : err_set(err, EX_IOERR, "could not set the mode of %s: %s", path, strerror(errno));
    if (errno == EEXIST)
        return 0;
    return err_set(err, errno == EACCES ? EX_NOPERM : EX_IOERR, "could not make the directory %s: %s%s", path,
                   strerror(errno), errno == EACCES ? "; run it once as root" : "");
}

int profile_drop_privileges(const struct options *options, struct err *err)
{
    struct stat info;
    if (options->state_base == NULL)
        return privileges_drop_to_owner(options->state_dir, err);
    /* The parent directory may belong to an ordinary user, who could have put links there: root must not write in
     * it. */
    if (privileges_drop_to_owner(options->state_base, err) != 0)
        return -1;
    if (stat(options->state_base, &info) != 0)
        return err_set(err, errno == EACCES ? EX_NOPERM : EX_IOERR, "could not use the state directory %s: %s",
                       options->state_base, strerror(errno));
    mode_t mode = info.st_mode & 0777;
    return make_directory(options->own_paths.state_parent, mode, err) == 0
               ? make_directory(options->state_dir, mode, err) : -1;
}

/* ---- the profiles of this host ---- */

#define ENDING ".conf"

/* The profile's name, from its settings file's name; NULL: not a profile's file. Ownership: the caller frees it. */
static char *name_of(const char *file)
{
    size_t length = strlen(file), tail = strlen(ENDING);
    if (length <= tail || strcmp(file + length - tail, ENDING) != 0)
        return NULL;
    char *name = mem_copy_bytes(file, length - tail);
    if (profile_is_name(name))
        return name;
    free(name);
    return NULL;
}

size_t profile_list(const char *directory, char ***ret_names)
{
    struct dirent **files = NULL;
    size_t count = 0;
    int found = scandir(directory, &files, NULL, alphasort);
    if (found < 0 && errno != ENOENT)
        (void)fprintf(stderr, "did-optimizer-sync: could not read the profiles in %s: %s\n", directory,
                      strerror(errno));
    *ret_names = found > 0 ? mem_zero((size_t)found, sizeof **ret_names) : NULL;
    for (int i = 0; i < found; i++) {
        char *name = name_of(files[i]->d_name);
        if (name != NULL)
            (*ret_names)[count++] = name;
        free(files[i]);
    }
    free(files);
    return count;
}

void profile_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
