/* profiles: the profiles of this host, as the live page knows them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands/state_view.h"
#include "config/profile.h"
#include "ledger/feed.h"
#include "serve/profiles.h"

#define DEFAULT "default"

static struct stat look_at_file(const struct serve_profile *profile)
{
    struct stat info;
    return stat(profile->options.config.own, &info) == 0 ? info : (struct stat){ .st_size = -1 };
}

/* False: this process may not read the file. */
static bool load_settings(struct serve_profile *profile)
{
    struct config_problems problems;
    const struct config_paths paths = profile->options.config;
    profile->file_read = look_at_file(profile); /* first: a later change is another file */
    route_load_to_show(&paths, &profile->config, &profile->kinds, &problems);
    profile->masks = profile->config.mask_phone || problems.code != EX_OK; /* what cannot be read may say so */
    profile->problem = problems.count > 0 ? mem_copy(problems.texts[0]) : NULL;
    bool may_read = problems.code != EX_NOPERM;
    if (may_read)
        state_view_find_problem(&profile->options);
    config_problems_free(&problems);
    return may_read;
}

/* False: its paths are too long. Ownership: takes name. */
static bool name_paths(struct serve_profile *profile, const struct options *options, char *name)
{
    struct options *own = &profile->options;
    struct err err;
    profile->name = name;
    *own = *options;
    if (strcmp(name, DEFAULT) == 0)
        return true;
    /* As tenants.c: a path on the command line belongs to the default profile. */
    own->config.required_own = own->config.required_dids = own->named_state_dir = own->named_log = false;
    if (profile_select(own, name, &err) == 0)
        return true;
    free(name);
    return false;
}

/* All but its paths, which point into the profile itself. */
static void move_profile(struct serve_profile *from, struct serve_profile *to)
{
    (void)snprintf(to->options.settings_problem, sizeof to->options.settings_problem, "%s",
                   from->options.settings_problem);
    to->config = from->config;
    to->kinds = from->kinds;
    to->masks = from->masks;
    to->problem = from->problem;
    to->file_read = from->file_read;
    to->ledger = from->ledger;
    to->device = from->device;
    to->file = from->file;
    from->config = (struct config){ .dispositions = NULL };
    from->problem = NULL;
    from->ledger = NULL;
}

/* The default profile's name comes first, if its ledger exists or there are no others. Each name has a blank behind
 * it. Ownership: the caller frees it. */
static char *list_names(const struct options *options)
{
    char **names = NULL;
    struct json_writer text = { .text = NULL };
    size_t count = profile_list(options->profiles_dir, &names);
    char *ledger = mem_format("%s/ledger.db", options->state_dir);
    if (count == 0 || access(ledger, F_OK) == 0 || errno != ENOENT)
        json_writer_put(&text, DEFAULT " ");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], DEFAULT) == 0)
            continue;
        json_writer_put(&text, names[i]);
        json_writer_put(&text, " ");
    }
    profile_list_free(names, count);
    free(ledger);
    return text.text != NULL ? text.text : mem_copy("");
}

/* A profile that old has too keeps its settings and its open ledger. Ownership: takes names, and these from old. */
static struct profiles make(const struct options *options, char *names, struct profiles *old)
{
    struct profiles made = { .names = names };
    size_t most = 0;
    for (const char *at = strchr(names, ' '); at != NULL; at = strchr(at + 1, ' '))
        most++;
    /* A profile's options point into themselves: the list never moves. */
    made.list = mem_zero(most + 1, sizeof *made.list);
    for (const char *at = names; *at != '\0'; at += strcspn(at, " ") + 1) {
        struct serve_profile *profile = &made.list[made.count];
        if (!name_paths(profile, options, mem_copy_bytes(at, strcspn(at, " "))))
            continue;
        struct serve_profile *known = profiles_find(old, profile->name);
        if (known != NULL)
            move_profile(known, profile);
        else
            (void)load_settings(profile);
        made.count++;
    }
    return made;
}

void profiles_load(const struct options *options, struct profiles *ret_profiles)
{
    struct profiles none = { .list = NULL };
    *ret_profiles = make(options, list_names(options), &none);
}

bool profiles_follow(const struct options *options, struct profiles *profiles, struct profiles *ret_now)
{
    if (access(options->profiles_dir, R_OK | X_OK) != 0 && errno != ENOENT)
        return false;
    char *names = list_names(options);
    bool is_new = strcmp(names, profiles->names) != 0;
    bool is_settled = profiles->seen != NULL && strcmp(names, profiles->seen) == 0;
    free(profiles->seen);
    profiles->seen = names;
    if (!is_new || !is_settled)
        return false;
    *ret_now = make(options, mem_copy(names), profiles);
    return true;
}

void profiles_free(struct profiles *profiles)
{
    for (size_t i = 0; i < profiles->count; i++) {
        struct serve_profile *profile = &profiles->list[i];
        ledger_close(profile->ledger);
        config_free(&profile->config);
        free((char *)profile->problem);
        free((char *)profile->name);
    }
    free(profiles->list);
    free(profiles->names);
    free(profiles->seen);
    *profiles = (struct profiles){ .list = NULL };
}

static void read_again(struct serve_profile *profile)
{
    struct config old = profile->config;
    const struct route_kinds old_kinds = profile->kinds;
    free((char *)profile->problem);
    if (load_settings(profile)) {
        config_free(&old);
        return;
    }
    config_free(&profile->config);
    profile->config = old;
    profile->kinds = old_kinds;
}

void profiles_read_changed(struct profiles *profiles)
{
    for (size_t i = 0; i < profiles->count; i++) {
        const struct stat *read = &profiles->list[i].file_read, now = look_at_file(&profiles->list[i]);
        if (now.st_dev != read->st_dev || now.st_ino != read->st_ino || now.st_size != read->st_size ||
            now.st_mode != read->st_mode || now.st_uid != read->st_uid || now.st_gid != read->st_gid ||
            now.st_mtim.tv_sec != read->st_mtim.tv_sec || now.st_mtim.tv_nsec != read->st_mtim.tv_nsec)
            read_again(&profiles->list[i]);
    }
}

struct view_feed_profile *profiles_sources(const struct profiles *profiles)
{
    struct view_feed_profile *sources = mem_zero(profiles->count + 1, sizeof *sources);
    for (size_t i = 0; i < profiles->count; i++)
        sources[i] = (struct view_feed_profile){ .name = profiles->list[i].name,
                                                 .state_dir = profiles->list[i].options.state_dir };
    return sources;
}

struct serve_profile *profiles_find(const struct profiles *profiles, const char *name)
{
    for (size_t i = 0; i < profiles->count; i++)
        if (strcmp(profiles->list[i].name, str_or_empty(name)) == 0)
            return &profiles->list[i];
    return NULL;
}

static int open_ledger(struct serve_profile *profile, struct err *err)
{
    struct feed *feed = NULL;
    /* ledger_open would copy an older ledger into memory to migrate it. */
    if (feed_open(profile->options.state_dir, &feed, err) != 0)
        return -1;
    bool is_current = feed != NULL;
    feed_close(feed);
    if (!is_current)
        return err_set(err, EX_TEMPFAIL, "there is no ledger of this version yet: the next run makes it");
    return ledger_open(profile->options.state_dir, LEDGER_READ_ONLY, &profile->ledger, NULL, err);
}

int profiles_ledger(struct serve_profile *profile, struct ledger **ret_ledger, struct err *err)
{
    struct stat info = { .st_ino = 0 };
    char *path = mem_format("%s/ledger.db", profile->options.state_dir);
    bool exists = stat(path, &info) == 0;
    free(path);
    if (profile->ledger != NULL && (!exists || info.st_dev != profile->device || info.st_ino != profile->file ||
                                    ledger_is_damaged(profile->ledger))) {
        ledger_close(profile->ledger);
        profile->ledger = NULL;
    }
    profile->device = info.st_dev;
    profile->file = info.st_ino;
    if (profile->ledger == NULL && open_ledger(profile, err) != 0)
        return -1;
    *ret_ledger = profile->ledger;
    return 0;
}

bool profiles_mask_any(const struct profiles *profiles, const char *name)
{
    if (*str_or_empty(name) != '\0') {
        const struct serve_profile *profile = profiles_find(profiles, name);
        return profile == NULL || profile->masks;
    }
    for (size_t i = 0; i < profiles->count; i++)
        if (profiles->list[i].masks)
            return true;
    return false;
}
