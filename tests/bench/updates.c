/* updates: the dialer's writes while something reads. Updates single rows by uniqueid at a fixed rate until it is told
 * to stop (SIGTERM) or the seconds are over, and prints how long each took, in microseconds, one a line.
 *
 * The time counts from when the update was due, not from when the one before it let it go: a dialer's agents do not
 * wait for each other.
 *
 *     updates SOCKET DATABASE FILE_OF_UNIQUEIDS RATE SECONDS */
#include <errno.h>
#include <mysql.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_UNIQUEIDS 10000

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static int64_t now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void sleep_until(int64_t at_us)
{
    struct timespec time = { .tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000 };
    while (!stopping && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
        ;
}

int main(int argc, char **argv)
{
    static char uniqueids[MOST_UNIQUEIDS][32];
    size_t known = 0;
    struct sigaction action = { .sa_handler = on_signal };
    MYSQL *mysql = mysql_init(NULL);
    FILE *in = argc == 6 ? fopen(argv[3], "r") : NULL;
    if (in == NULL || mysql == NULL || atof(argv[4]) <= 0) {
        fputs("usage: updates SOCKET DATABASE FILE_OF_UNIQUEIDS RATE SECONDS\n", stderr);
        return 64;
    }
    while (known < MOST_UNIQUEIDS && fscanf(in, "%31s", uniqueids[known]) == 1)
        known++;
    fclose(in);
    if (known == 0 || mysql_real_connect(mysql, "localhost", "cron", "1234", argv[2], 0, argv[1], 0) == NULL) {
        fprintf(stderr, "updates: %s\n", mysql_error(mysql));
        return 1;
    }
    sigaction(SIGTERM, &action, NULL);
    int64_t step_us = (int64_t)(1e6 / atof(argv[4])), due = now_us(), end = due + (int64_t)(atof(argv[5]) * 1e6);
    for (size_t i = 0; !stopping && due < end; i++, due += step_us) {
        char sql[128];
        sleep_until(due);
        /* A column that the poller does not send: to it, nothing has changed. */
        snprintf(sql, sizeof sql, "UPDATE vicidial_log SET processed=IF(processed='Y','N','Y') WHERE uniqueid='%s'",
                 uniqueids[i % known]);
        if (mysql_query(mysql, sql) != 0) {
            fprintf(stderr, "updates: %s\n", mysql_error(mysql));
            return 1;
        }
        printf("%lld\n", (long long)(now_us() - due));
    }
    mysql_close(mysql);
    return 0;
}
