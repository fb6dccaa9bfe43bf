/* jump: a checkpoint that a person sets, and the finished calls that it skips or sends again. */
#ifndef JUMP_H
#define JUMP_H

#include "domain/settings.h"
#include "engine/progress.h"
#include "ledger/ledger.h"
#include "source/source.h"

struct jump {
    struct position before, after; /* the checkpoint before and after it was set */
    int64_t from;                  /* forward: calls that ended before this epoch were sent or skipped already */
    int64_t calls;                 /* forward: calls that no run sends now; back: calls that the next run sends */
    int64_t first, last;           /* epochs: the first and the last end of those calls */
    bool more;                     /* there may be more: the time for counting was over */
};

/* jump_count: counts the calls, by index and in short statements, for a few seconds at most. Calls that the ledger has
 * as sent, rejected or waiting do not count. The caller sets before, after and from. Errors: those of the source and
 * the ledger. */
int jump_count(struct jump *jump, const struct source *source, struct ledger *ledger,
               const struct settings_sync *settings, struct err *err) MUST_CHECK;

/* jump_sentence: writes how many calls are skipped or sent, and the command that sends skipped ones. profile_option: as
 * in struct options. Returns out. */
const char *jump_sentence(const struct jump *jump, const char *profile_option, char *out, size_t size);

/* jump_report: logs that sentence if the checkpoint was set since the last run and affects calls. */
void jump_report(const struct progress *progress, const struct source *source, const struct settings_sync *settings,
                 const char *profile_option);

#endif
