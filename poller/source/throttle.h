/* throttle: limits the server's time that one session uses. The dialer's tables are MyISAM: a read delays every write
 * to the same table. So statements are short, each makes the session owe a pause in proportion to its time, and a run
 * has an allowance. All times are in milliseconds; now_ms is clock_mono_exact_ms. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_RECENT 15

/* Set by throttle_start; read used_ms, longest_ms and most_running. */
struct throttle {
    double limit_ms, pause, started_ms;
    double round_trip_ms;  /* the time of the quickest statement, taken as the network's share */
    double used_ms;        /* the server's time so far, without the network's share */
    double longest_ms;     /* the longest statement, without the network's share */
    double owed_ms;        /* the pause that is still due after the last statement */
    double ended_ms;       /* the end of the last statement */
    double recent_ms[THROTTLE_RECENT]; /* the times of the last statements, as a ring */
    int64_t statements;
    double strain;         /* grows with each statement that is much slower than others; 1: no strain */
    double most_strain;    /* the most strain so far */
    int64_t running, most_running; /* statements on the server at the last check, and the most so far */
    double asked_ms;       /* the time of that check */
    double asked_at_used_ms; /* used_ms at that check */
};

/* throttle_start: limit_ms is the server's time that the session may use in each minute; 0: no limit. pause: the pause
 * after a statement, as a multiple of the statement's time. */
struct throttle throttle_start(double limit_ms, double pause, double now_ms);

/* throttle_add: a statement has ended; took_ms is its time, with the network's share. */
void throttle_add(struct throttle *throttle, double took_ms, double now_ms);

/* throttle_take_pause: returns the pause before the next statement, in whole milliseconds, and counts it as done. */
int64_t throttle_take_pause(struct throttle *throttle, double now_ms);

/* throttle_wants_running: whether to ask the server how many statements it runs; never in a run that reads little.
 * throttle_note_running: takes the answer. If many statements run, the server is busy, and pauses become longer. */
bool throttle_wants_running(const struct throttle *throttle, double now_ms);
void throttle_note_running(struct throttle *throttle, int64_t running, double now_ms);

/* throttle_has_allowance: whether the session may read further. */
bool throttle_has_allowance(const struct throttle *throttle, double now_ms);

/* throttle_is_strained: whether the server was slow or busy, so that pauses became longer. */
bool throttle_is_strained(const struct throttle *throttle);

#endif
