/* clock: the time, in the two kinds the program needs, and the words for it. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* clock_now_epoch: this host's wall clock in seconds since 1970 UTC. What is compared with the dialer's rows uses
 * the database's clock instead (source_now). */
int64_t clock_now_epoch(void);

/* clock_mono_ms: milliseconds that only ever grow; for durations and deadlines. */
int64_t clock_mono_ms(void);

/* clock_mono_exact_ms: the same clock, with fractions of a millisecond. */
double clock_mono_exact_ms(void);

/* The dialer's clock: what its database said, and when by clock_mono_ms that was heard. So it runs on between two
 * looks, never ahead of the database, and a wait before or after the look does not matter. */
struct clock_reading {
    int64_t epoch, heard_ms;
};

/* clock_heard: a reading of epoch, heard just now. clock_reading_now: what that clock shows now, in epoch seconds. */
struct clock_reading clock_heard(int64_t epoch);
int64_t clock_reading_now(const struct clock_reading *reading);

/* clock_local: writes epoch as local time, "2024-10-24 12:00:00 +0200", to out, for which CLOCK_TEXT_SIZE is enough.
 * Returns out. */
#define CLOCK_TEXT_SIZE 40
const char *clock_local(int64_t epoch, char *out, size_t size);

/* clock_iso: the same as ISO 8601 has it, "2024-10-24T12:00:00+02:00". */
const char *clock_iso(int64_t epoch, char *out, size_t size);

/* clock_offset: how many seconds local time is ahead of UTC at epoch. */
int64_t clock_offset(int64_t epoch);

/* clock_midnight: the epoch at which the local day of epoch began. */
int64_t clock_midnight(int64_t epoch);

#endif
