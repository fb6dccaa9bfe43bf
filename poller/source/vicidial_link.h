/* vicidial_link: the common part of the sources that read VICIdial's database. For the files of those sources only. */
#ifndef VICIDIAL_LINK_H
#define VICIDIAL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/settings.h"
#include "source/findings.h"
#include "source/session.h"
#include "source/source.h"
#include "source/zone.h"

/* The first member of the state of each of these sources, so that the functions below can be members of its
 * source_ops. */
struct vicidial_link {
    struct session *session;
    const struct settings_database *database; /* borrowed */
    struct session_words words;
    struct zone zone;           /* of the latest rows; set by the source's inspect */
    char archive_problem[1024]; /* see source_archive_problem */
};

/* vicidial_link_open: connects. damaged: the remedy for a damaged table. database and damaged are borrowed until
 * vicidial_link_close, which may also be called for a link that was not opened. Errors: those of session_open. */
int vicidial_link_open(struct vicidial_link *link, const struct settings_database *database, const char *damaged,
                       struct err *err) MUST_CHECK;
void vicidial_link_close(struct vicidial_link *link);

/* The functions of source_ops; state begins with a struct vicidial_link. */
int vicidial_link_now(void *state, int64_t *ret_epoch, struct err *err);
struct source_effort vicidial_link_effort(void *state);
bool vicidial_link_may_read(const void *state);
int64_t vicidial_link_spread(const void *state);
void vicidial_link_recall(void *state, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                          char problem[SOURCE_PROBLEM_SIZE]);
const char *vicidial_link_archive_problem(const void *state);

/* vicidial_link_fetched: returns the result of a source_fetch, after its statements ended with this result and failure.
 * An archive that is missing or not usable is no failure. */
int vicidial_link_fetched(struct vicidial_link *link, enum source_table table, int result, const struct err *failure,
                          struct err *err) MUST_CHECK;

/* vicidial_link_list: reports each value of a table's primary key; what names them in errors. Errors: those of
 * source_list_campaigns. */
int vicidial_link_list(struct vicidial_link *link, const char *key, const char *table, const char *what,
                       source_on_campaign *on_campaign, void *context, struct err *err) MUST_CHECK;

/* vicidial_link_check: reports the findings of `check`: missing columns, the right to read calls, zones and the
 * archive. Call it after a successful inspect. no_call is an id that no call has. */
void vicidial_link_check(const struct source_ops *ops, void *state, const char *missing, const char *no_call,
                         const struct findings *findings);

#endif
