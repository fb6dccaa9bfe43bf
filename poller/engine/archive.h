/* archive: the calls of a run's scan that the live table no longer has. After a long outage, or where a person set the
 * checkpoint far back, the dialer may have moved them to its archive. Each of them is found there, also if it is moved
 * while the run reads:
 *
 *   1. How far back the live table goes is asked before the archive is read, and the archive before the live table.
 *   2. It is asked again before what the live table gave counts as read. Where calls have been moved since, the archive
 *      is read as far as the live table now begins.
 *
 * So a call that a scan of the live table did not meet was archived before, and the archive is read after that. Calls
 * that are in both tables are read in the live one. */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include "base/err.h"
#include "engine/walk.h"

enum archive_state {
    ARCHIVE_OFF,    /* nothing is read there: the run is an ordinary one, or the archive is missing or not readable */
    ARCHIVE_UNREAD, /* what was read of the live table does not count: the archive is not read as far as that begins */
    ARCHIVE_READ
};

struct archive {
    struct engine *engine;      /* borrowed */
    enum archive_state state;   /* at first OFF or UNREAD, see archive_may_have */
    struct position floor, checkpoint; /* see struct walk, as for the next three */
    int64_t note_before;
    struct work *first;
    int64_t must_pass;          /* archive_follow moves it on, for the scan of the live table: so the next run need not
                                 * read the end of the archive again */
    int64_t end_to;             /* epoch: the run leaves calls alone that ended later */
    const char *profile_option; /* for commands that the log names; borrowed */
    walk_on_reached *on_reached; /* called with how far both tables are read */
    void *context;
    /* Set by archive.c; all zero at first. */
    int64_t whole;      /* see struct source_reach: the archive has been read up to there; 0: not at all */
    bool is_open;       /* it can be read, and the log says that this run does */
    struct err
        trouble; /* why it cannot be read now, for the end of the run: first the live calls are sent. EX_OK: it can */
};

/* archive_may_have: whether the archive may have calls that began, or ended, since this epoch. False for ordinary
 * runs. */
bool archive_may_have(const struct engine *engine, int64_t since);

/* archive_follow: reads the archive's calls since `from`, as far as the live table no longer has them. from: the begin
 * of the calls that no scan has read; where the source does not show open calls, their end. Call it before a scan of
 * the live table, and before what that has read counts. A stop of the run leaves state at ARCHIVE_UNREAD. Where there
 * is no archive, or no right to read it, the log says which calls are passed, and ARCHIVE_OFF follows. In the second
 * case the ledger notes them as well (LEDGER_NOTE_UNREAD_FROM): `status` and `health` say so until a backfill has read
 * them. An archive that is damaged or locked is no error either: trouble is set, state stays at ARCHIVE_UNREAD, and the
 * archive is not asked again. Durable: as walk_run says. Errors: those of walk_run. */
int archive_follow(struct archive *archive, int64_t from, struct err *err) MUST_CHECK;

#endif
