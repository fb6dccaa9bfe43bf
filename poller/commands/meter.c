/* meter: the progress of long work. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "commands/meter.h"

#define BAR_WIDTH 30
#define TERMINAL_EVERY_MS 200
#define LOG_EVERY_MS 10000

struct meter meter_start(void)
{
    int64_t now_ms = clock_mono_ms();
    return (struct meter){ .terminal = isatty(STDERR_FILENO) != 0, .started_ms = now_ms, .shown_ms = now_ms };
}

/* ", 3 min left"; "" while it is too early for an estimate. */
static const char *time_left(double share, double took_sec, char *out, size_t size)
{
    if (share <= 0.01 || took_sec < 1.0)
        return "";
    int64_t left = (int64_t)(took_sec * (1.0 - share) / share + 0.5);
    if (left < 120)
        (void)snprintf(out, size, ", %" PRId64 " s left", left);
    else if (left < 7200)
        (void)snprintf(out, size, ", %" PRId64 " min left", left / 60);
    else
        (void)snprintf(out, size, ", %" PRId64 " h left", left / 3600);
    return out;
}

static void show_bar(struct meter *meter, double share, const char *text)
{
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(share * BAR_WIDTH) ? '#' : '-';
    bar[BAR_WIDTH] = '\0';
    int width = fprintf(stderr, "\r[%s] %s", bar, text);
    if (width < meter->width)
        (void)fprintf(stderr, "%*s", meter->width - width, "");
    meter->width = width;
    (void)fflush(stderr);
}

void meter_show(struct meter *meter, double share, int64_t calls)
{
    char text[160], left[40];
    int64_t now_ms = clock_mono_ms();
    if (now_ms - meter->shown_ms < (meter->terminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS))
        return;
    meter->shown_ms = now_ms;
    share = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
    double took_sec = (double)(now_ms - meter->started_ms) / 1000.0;
    (void)snprintf(text, sizeof text, "%3.0f %%, %" PRId64 " calls, %.0f/s%s", share * 100.0, calls,
                   took_sec > 0.0 ? (double)calls / took_sec : 0.0, time_left(share, took_sec, left, sizeof left));
    if (meter->terminal) {
        show_bar(meter, share, text);
        return;
    }
    log_info("⏳ %s", text);
    (void)printf("%s\n", text);
    (void)fflush(stdout);
}

void meter_end(struct meter *meter)
{
    if (meter->terminal && meter->width > 0)
        (void)fprintf(stderr, "\r%*s\r", meter->width, "");
    meter->width = 0;
}
