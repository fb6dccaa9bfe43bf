/* profiles: the profiles of this host, as the live page knows them. */
#ifndef PROFILES_H
#define PROFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "config/config.h"
#include "config/options.h"
#include "engine/route.h"
#include "ledger/ledger.h"
#include "serve/view_feed.h"

/* One profile. Texts live as long as the profiles. */
struct serve_profile {
    const char *name;       /* "default" for the profile without a name */
    struct options options; /* its paths */
    struct config config;   /* its settings, without secrets: see route_load_to_show */
    struct route_kinds kinds;
    bool masks;             /* mask_phone: viewers see the last four digits of a number */
    const char *problem;    /* why the settings could not be read; NULL: they could */
    struct stat file_read;  /* the file of the settings, as it was when they were read */
    struct ledger *ledger;  /* open, for reading; NULL: not open. Use profiles_ledger */
    dev_t device;
    ino_t file;
};

struct profiles {
    struct serve_profile *list;
    size_t count;
    char *names; /* of all, as the directory had them ... */
    char *seen;  /* ... and when profiles_follow last looked; NULL: it has not looked yet */
};

/* profiles_load: reads the settings of the default profile and of all others in options->profiles_dir. The default
 * profile comes first; it is left out if it has no ledger and there are others. options is borrowed. Ownership:
 * profiles_free. */
void profiles_load(const struct options *options, struct profiles *ret_profiles);
void profiles_free(struct profiles *profiles);

/* profiles_follow: whether profiles were added or removed, and two calls one after the other saw the same: an editor
 * may take a file away for a moment. The page may no longer be allowed to read the directory: then nothing has changed.
 * True: *ret_now are the present profiles, and have what was open of those that stay. Ownership: the caller frees
 * both. */
bool profiles_follow(const struct options *options, struct profiles *profiles, struct profiles *ret_now) MUST_CHECK;

/* profiles_read_changed: reads a profile's settings again if somebody has changed their file. It is cheap enough for
 * each request. Where only root may read the file, the earlier settings hold, but numbers are masked: the file may
 * say so now. */
void profiles_read_changed(struct profiles *profiles);

/* profiles_sources: what view_feed needs of each. Their texts are borrowed. Ownership: the caller frees it. */
struct view_feed_profile *profiles_sources(const struct profiles *profiles) MUST_CHECK;

/* profiles_find: the profile with that name; NULL: there is none. */
struct serve_profile *profiles_find(const struct profiles *profiles, const char *name);

/* profiles_ledger: the profile's ledger, for reading; opens it again if the file was replaced. Never copies a large
 * ledger. Ownership: borrowed from the profile. Errors: EX_TEMPFAIL (no run has made today's ledger yet), EX_IOERR,
 * EX_NOPERM, EX_CONFIG. */
int profiles_ledger(struct serve_profile *profile, struct ledger **ret_ledger, struct err *err) MUST_CHECK;

/* profiles_mask_any: whether that profile, or with NULL or "" any profile, masks numbers. An unknown one does. */
bool profiles_mask_any(const struct profiles *profiles, const char *name);

#endif
