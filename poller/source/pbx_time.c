/* pbx_time: the times of a hosted PBX: its time zone, ISO 8601, and the time in the id of a call. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/when.h"
#include "source/pbx_time.h"

/* UUIDs count 100 ns from 1582-10-15. */
#define UUID_TICKS_PER_SEC INT64_C(10000000)
#define UUID_EPOCH_SEC INT64_C(12219292800)

/* A later time is no time of a call: the year 2200. */
#define LATEST INT64_C(7258118400)

/* Reads exactly `digits` digits at *at, and moves *at behind them; -1: they are not there. */
static int read_digits(const char **at, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

/* ---- zones ---- */

/* Reads "+07:00", "+0700" or "+07" at *at, and moves *at behind it. */
static bool read_offset(const char **at, int64_t *ret_sec)
{
    if (**at != '+' && **at != '-')
        return false;
    int sign = *(*at)++ == '-' ? -1 : 1, hours = read_digits(at, 2), minutes = 0;
    if (**at == ':')
        (*at)++;
    if (isdigit((unsigned char)**at))
        minutes = read_digits(at, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return false;
    *ret_sec = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
    return true;
}

/* The C library takes an unknown zone for UTC, without an error. */
static bool is_known(const char *name)
{
    const char *directory = getenv("TZDIR");
    if (strlen(name) >= PBX_TIME_ZONE_SIZE || strstr(name, "..") != NULL || !isalpha((unsigned char)*name))
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("/_+-", *at) == NULL)
            return false;
    char *path = mem_format("%s/%s", directory != NULL ? directory : "/usr/share/zoneinfo", name);
    bool known = access(path, R_OK) == 0;
    free(path);
    return known && name[strlen(name) - 1] != '/';
}

int pbx_time_zone(const char *text, const char *place, struct pbx_zone *ret_zone, struct err *err)
{
    const char *at = text;
    *ret_zone = (struct pbx_zone){ .is_fixed = false };
    (void)snprintf(ret_zone->name, sizeof ret_zone->name, "%s", text);
    if (*text == '\0')
        return 0;
    ret_zone->is_fixed = strcasecmp(text, "UTC") == 0 || strcmp(text, "Z") == 0 ||
                         (read_offset(&at, &ret_zone->fixed_sec) && *at == '\0');
    if (ret_zone->is_fixed || is_known(text))
        return 0;
    return err_set(err, EX_CONFIG, "%s: time_zone: this host does not know the time zone '%.60s'; write a name like "
                   "Asia/Ho_Chi_Minh (package tzdata), or an offset like +07:00", place, text);
}

int64_t pbx_time_offset(const struct pbx_zone *zone, int64_t epoch)
{
    struct tm local;
    time_t when = (time_t)epoch;
    if (zone->is_fixed)
        return zone->fixed_sec;
    /* The C library has no other way to ask for another zone than its own; the process has one thread. */
    const char *own = getenv("TZ");
    char *kept = own != NULL ? mem_copy(own) : NULL;
    if (*zone->name != '\0') {
        (void)setenv("TZ", zone->name, 1);
        tzset();
    }
    bool known = localtime_r(&when, &local) != NULL;
    if (*zone->name != '\0') {
        (void)(kept != NULL ? setenv("TZ", kept, 1) : unsetenv("TZ"));
        tzset();
    }
    free(kept);
    return known ? (int64_t)local.tm_gmtoff : 0;
}

const char *pbx_time_rule(const struct pbx_zone *zone, char out[PBX_TIME_RULE_SIZE])
{
    int64_t west = -zone->fixed_sec; /* POSIX counts from local time to UTC */
    int64_t minutes = (west < 0 ? -west : west) / 60;
    if (!zone->is_fixed)
        (void)snprintf(out, PBX_TIME_RULE_SIZE, "%s", zone->name);
    else
        (void)snprintf(out, PBX_TIME_RULE_SIZE, "<PBX>%c%02" PRId64 ":%02" PRId64, west < 0 ? '-' : '+', minutes / 60,
                       minutes % 60);
    return out;
}

const char *pbx_time_local(const struct pbx_zone *zone, int64_t epoch, char out[PBX_TIME_SIZE])
{
    struct tm local;
    time_t shifted = (time_t)(epoch + pbx_time_offset(zone, epoch));
    if (gmtime_r(&shifted, &local) == NULL || strftime(out, PBX_TIME_SIZE, "%Y-%m-%d %H:%M:%S", &local) == 0)
        *out = '\0';
    return out;
}

/* ---- texts ---- */

/* Reads a date and a time of day at *at, and moves *at behind them. *ret_sec: as if there were no time zones. */
static bool read_date(const char **at, int64_t *ret_sec)
{
    static const char separators[] = "--T::";
    int parts[6] = { 0 };
    for (int i = 0; i < 6; i++) {
        parts[i] = read_digits(at, i == 0 ? 4 : 2);
        if (parts[i] < 0 || (i < 5 && **at != separators[i] && (i != 2 || **at != ' ')))
            return false;
        *at += i < 5 ? 1 : 0;
    }
    struct tm date = { .tm_year = parts[0] - 1900, .tm_mon = parts[1] - 1, .tm_mday = parts[2], .tm_hour = parts[3],
                       .tm_min = parts[4], .tm_sec = parts[5] };
    if (parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[2] > 31 || parts[3] > 23 || parts[4] > 59 ||
        parts[5] > 60)
        return false;
    *ret_sec = (int64_t)timegm(&date);
    return date.tm_mday == parts[2] || parts[5] == 60; /* no 31st of June */
}

bool pbx_time_parse(const char *text, const struct pbx_zone *zone, int64_t *ret_epoch)
{
    const char *at = text;
    int64_t local_sec = 0, offset = 0;
    if (!read_date(&at, &local_sec))
        return false;
    if (*at == '.')
        for (at++; isdigit((unsigned char)*at); at++) {}
    at += strspn(at, " ");
    if (*at == 'Z')
        at++;
    else if (*at == '\0') /* in the hour that occurs twice: the second one */
        offset = pbx_time_offset(zone, local_sec - pbx_time_offset(zone, local_sec));
    else if (!read_offset(&at, &offset))
        return false;
    if (*at != '\0' || local_sec - offset < WHEN_EARLIEST || local_sec - offset > LATEST)
        return false;
    *ret_epoch = local_sec - offset;
    return true;
}

/* Whether it is a UUID of version 1, which has a time. */
static bool has_time(const char *uuid)
{
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? uuid[i] != '-' : !isxdigit((unsigned char)uuid[i]))
            return false;
    }
    return uuid[36] == '\0' && uuid[14] == '1' && strchr("89abAB", uuid[19]) != NULL;
}

int64_t pbx_time_of_uuid(const char *uuid)
{
    /* The digits of the time, highest first. */
    static const int order[] = { 15, 16, 17, 9, 10, 11, 12, 0, 1, 2, 3, 4, 5, 6, 7 };
    uint64_t ticks = 0;
    if (!has_time(uuid))
        return 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        char digit = uuid[order[i]];
        int value = isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
        ticks = ticks << 4 | (uint64_t)value;
    }
    int64_t epoch = (int64_t)(ticks / UUID_TICKS_PER_SEC) - UUID_EPOCH_SEC;
    return epoch >= WHEN_EARLIEST && epoch <= LATEST ? epoch : 0;
}
