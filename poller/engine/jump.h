/* jump: a checkpoint that a person sets, and the finished calls that it skips or sends again. */
#ifndef JUMP_H
#define JUMP_H

#include "domain/settings.h"
#include "engine/progress.h"
#include "ledger/ledger.h"
#include "source/source.h"

struct jump {
    struct position before, after; /* where runs would have gone on, and where they go on now */
    int64_t from;                  /* forward: calls that ended before this epoch were sent or skipped already */
    int64_t calls;                 /* forward: those that no run sends now; back: those that the next run sends */
    int64_t first, last;           /* the ends of those calls */
    bool more;                     /* there may be more: the time for counting was over */
};

/* jump_count: counts the calls, by index and in short statements, for a few seconds at most. What the ledger knows as
 * sent, rejected or waiting is not counted. The caller sets before, after and from. Errors: those of the source and
 * the ledger. */
int jump_count(struct jump *jump, const struct source *source, struct ledger *ledger,
               const struct settings_sync *settings, struct err *err) MUST_CHECK;

/* jump_sentence: what becomes of the calls, and the command that sends those that are skipped. profile_option: as in
 * struct options. Returns out. */
const char *jump_sentence(const struct jump *jump, const char *profile_option, char *out, size_t size);

/* jump_report: says it in the log, where the checkpoint was set since the last run and calls are concerned. */
void jump_report(const struct progress *progress, const struct source *source, const struct settings_sync *settings,
                 const char *profile_option);

#endif
