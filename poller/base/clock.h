/* clock: wall time, monotonic time, and times as text. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* clock_now_epoch: this host's wall clock, in seconds since 1970 UTC. Use source_now instead for a time that is
 * compared with rows of the source: the source has a clock of its own. */
int64_t clock_now_epoch(void);

/* clock_mono_ms: milliseconds on a clock that never goes back; for durations and deadlines. */
int64_t clock_mono_ms(void);

/* clock_mono_exact_ms: the same clock, with fractions of a millisecond. */
double clock_mono_exact_ms(void);

/* A reading of the source's clock: the epoch that the source reported, and the clock_mono_ms when the answer arrived.
 * The program adds the time since then, and so asks the source less often; the sum is never ahead of the source's
 * clock. */
struct clock_reading {
    int64_t epoch, read_ms;
};

/* clock_reading_from: a reading for an epoch that the source reported just now.
 * clock_reading_now: the epoch seconds that the same clock shows now. */
struct clock_reading clock_reading_from(int64_t epoch);
int64_t clock_reading_now(const struct clock_reading *reading);

/* clock_local: writes epoch to out as local time, "2024-10-24 12:00:00 +0200". CLOCK_TEXT_SIZE bytes are enough.
 * Returns out. */
#define CLOCK_TEXT_SIZE 40
const char *clock_local(int64_t epoch, char *out, size_t size);

/* clock_iso: the same in ISO 8601, "2024-10-24T12:00:00+02:00". */
const char *clock_iso(int64_t epoch, char *out, size_t size);

/* clock_offset: the seconds by which local time is ahead of UTC at epoch. */
int64_t clock_offset(int64_t epoch);

/* clock_midnight: the epoch at which epoch's local day began. */
int64_t clock_midnight(int64_t epoch);

#endif
