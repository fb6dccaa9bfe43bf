/* throttle: limits the server's time that one session uses. */
#include "source/throttle.h"

/* A session may owe this much pause. So a run that reads little makes none: its statements are few, and each is short.
 * While calls are sent nothing is read, and that time pays for the statements before. */
#define DEBT_MS 25

/* A pause is never longer than this, even after a slow statement. */
#define PAUSE_MOST_MS 2000

#define MINUTE_MS 60000

/* The least time between two checks of the running statements: SHOW GLOBAL STATUS itself takes about a millisecond. */
#define ASK_MS 1000
#define ASK_EACH_USED_MS 5 /* a long session that reads little checks seldom */

/* A dialer with some hundred agents runs a few statements at once. Statements that wait for a MyISAM lock count as
 * running, so a blocked table shows at once. */
#define RUNNING_FINE 16

/* A statement is slow if it takes this many times longer than others, and at least this long. Ours take about 1 ms. */
#define SLOWER_THAN_OTHERS 4
#define SLOW_MS 10

#define STRAIN_MOST 16.0
#define STRAIN_DECAY 0.9
#define STRAINED 3.0 /* one slow statement may only have met a backup or a repair */

struct throttle throttle_start(double limit_ms, double pause, double now_ms)
{
    return (struct throttle){ .limit_ms = limit_ms, .pause = pause, .started_ms = now_ms, .ended_ms = now_ms,
                              .strain = 1, .asked_ms = now_ms - ASK_MS };
}

static double median(const struct throttle *throttle)
{
    double sorted[THROTTLE_RECENT];
    int count = throttle->statements < THROTTLE_RECENT ? (int)throttle->statements : THROTTLE_RECENT;
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && sorted[at - 1] > throttle->recent_ms[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = throttle->recent_ms[i];
    }
    return count > 0 ? sorted[count / 2] : 0;
}

static double most(double a, double b)
{
    return a > b ? a : b;
}

/* The factor that makes pauses longer than usual. */
static double pressure(const struct throttle *throttle)
{
    return throttle->strain * most(1, (double)throttle->running / RUNNING_FINE);
}

static void note_strain(struct throttle *throttle, double served_ms)
{
    bool is_slow = throttle->statements > 0 && served_ms > SLOW_MS && served_ms > SLOWER_THAN_OTHERS * median(throttle);
    throttle->strain = is_slow ? 2 * throttle->strain : most(1, STRAIN_DECAY * throttle->strain);
    if (throttle->strain > STRAIN_MOST)
        throttle->strain = STRAIN_MOST;
    throttle->most_strain = most(throttle->most_strain, throttle->strain);
    throttle->recent_ms[throttle->statements++ % THROTTLE_RECENT] = served_ms;
}

/* The time since the last statement counts as a pause. */
static void pay_off(struct throttle *throttle, double until_ms)
{
    throttle->owed_ms = most(0, throttle->owed_ms - most(0, until_ms - throttle->ended_ms));
    throttle->ended_ms = most(throttle->ended_ms, until_ms);
}

void throttle_add(struct throttle *throttle, double took_ms, double now_ms)
{
    pay_off(throttle, now_ms - took_ms);
    if (throttle->round_trip_ms == 0 || took_ms < throttle->round_trip_ms)
        throttle->round_trip_ms = took_ms;
    double served_ms = took_ms - throttle->round_trip_ms;
    throttle->used_ms += served_ms;
    throttle->longest_ms = most(throttle->longest_ms, served_ms);
    note_strain(throttle, served_ms);
    throttle->ended_ms = now_ms;
    throttle->owed_ms += served_ms * throttle->pause * pressure(throttle);
    if (throttle->owed_ms > DEBT_MS + PAUSE_MOST_MS)
        throttle->owed_ms = DEBT_MS + PAUSE_MOST_MS;
}

int64_t throttle_take_pause(struct throttle *throttle, double now_ms)
{
    pay_off(throttle, now_ms);
    int64_t whole_ms = (int64_t)most(0, throttle->owed_ms - DEBT_MS);
    throttle->owed_ms -= (double)whole_ms;
    throttle->ended_ms = now_ms + (double)whole_ms;
    return whole_ms;
}

bool throttle_wants_running(const struct throttle *throttle, double now_ms)
{
    return throttle->used_ms > DEBT_MS && now_ms - throttle->asked_ms >= ASK_MS &&
           throttle->used_ms - throttle->asked_at_used_ms >= ASK_EACH_USED_MS;
}

void throttle_note_running(struct throttle *throttle, int64_t running, double now_ms)
{
    throttle->asked_ms = now_ms;
    throttle->asked_at_used_ms = throttle->used_ms;
    throttle->running = running;
    if (running > throttle->most_running)
        throttle->most_running = running;
}

bool throttle_has_allowance(const struct throttle *throttle, double now_ms)
{
    double minutes = most(1, (now_ms - throttle->started_ms) / MINUTE_MS);
    return throttle->limit_ms <= 0 || throttle->used_ms < throttle->limit_ms * minutes;
}

bool throttle_is_strained(const struct throttle *throttle)
{
    return throttle->most_running > RUNNING_FINE || throttle->most_strain > STRAINED;
}
