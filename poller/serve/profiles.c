/* profiles: the profiles of this host, as the live page knows them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/profile.h"
#include "ledger/feed.h"
#include "serve/profiles.h"

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
    config_problems_free(&problems);
    return may_read;
}

/* name NULL: the default profile. False: its paths are too long. */
static bool load(struct serve_profile *profile, const struct options *options, const char *name)
{
    struct err err;
    profile->name = mem_copy(name != NULL ? name : "default");
    profile->options = *options;
    if (name != NULL) {
        struct options *own = &profile->options;
        /* As tenants.c: a path on the command line belongs to the default profile. */
        own->config.required_own = own->config.required_dids = own->named_state_dir = own->named_log = false;
        if (profile_select(own, profile->name, &err) != 0) {
            free((char *)profile->name);
            return false;
        }
    }
    (void)load_settings(profile);
    return true;
}

void profiles_load(const struct options *options, struct profiles *ret_profiles)
{
    char **names = NULL;
    size_t count = profile_list(options->profiles_dir, &names);
    char *ledger = mem_format("%s/ledger.db", options->state_dir);
    bool is_used = access(ledger, F_OK) == 0;
    free(ledger);
    /* A profile's options point into themselves: the list never moves. */
    struct profiles made = { .list = mem_zero(count + 1, sizeof *made.list) };
    if ((count == 0 || is_used) && load(&made.list[0], options, NULL))
        made.count = 1;
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], "default") != 0 && load(&made.list[made.count], options, names[i]))
            made.count++;
    profile_list_free(names, count);
    *ret_profiles = made;
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
