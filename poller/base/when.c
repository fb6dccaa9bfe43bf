/* when: parses times that people write. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/when.h"

/* mktime for standard time (is_dst 0) or DST (1). False if this local time does not exist so: mktime then changes
 * tm_isdst. */
static bool local_epoch(const struct tm *fields, int is_dst, int64_t *ret_epoch)
{
    struct tm tried = *fields;
    tried.tm_isdst = is_dst;
    time_t seconds = mktime(&tried);
    if (seconds == (time_t)-1 || tried.tm_isdst != is_dst)
        return false;
    *ret_epoch = (int64_t)seconds;
    return true;
}

static bool date_exists(const struct tm *fields)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = fields->tm_year + 1900;
    if (fields->tm_mon < 0 || fields->tm_mon > 11)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int last = days[fields->tm_mon] + (leap && fields->tm_mon == 1 ? 1 : 0);
    return year >= 2000 && year <= 2100 && fields->tm_mday >= 1 && fields->tm_mday <= last &&
           fields->tm_hour >= 0 && fields->tm_hour <= 23 && fields->tm_min >= 0 && fields->tm_min <= 59 &&
           fields->tm_sec >= 0 && fields->tm_sec <= 59;
}

/* The moment at which the clocks skip a local time: where the offset to UTC changes, between its two readings. */
static int64_t moment_of_jump(const struct tm *fields)
{
    struct tm summer = *fields, winter = *fields;
    summer.tm_isdst = 1;
    winter.tm_isdst = 0;
    time_t a = mktime(&summer), b = mktime(&winter);
    time_t before = a < b ? a : b, after = a < b ? b : a;
    while (after - before > 1) {
        time_t middle = before + (after - before) / 2;
        if (clock_offset(middle) == clock_offset(after))
            after = middle;
        else
            before = middle;
    }
    return (int64_t)after;
}

/* The epoch of a local time. If the time occurs twice (DST ends), the earlier one, so that no call is skipped. */
static int64_t earliest_epoch(const struct tm *fields)
{
    int64_t summer = 0, winter = 0;
    bool in_summer = local_epoch(fields, 1, &summer), in_winter = local_epoch(fields, 0, &winter);
    if (in_summer && in_winter)
        return summer < winter ? summer : winter;
    if (in_summer || in_winter)
        return in_summer ? summer : winter;
    return moment_of_jump(fields);
}

static bool two_digits(const char *text, int most, int *ret_number)
{
    if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]))
        return false;
    *ret_number = (text[0] - '0') * 10 + (text[1] - '0');
    return *ret_number <= most;
}

/* Parses an offset to UTC: "Z", "-05", "-0500" or "-05:00", perhaps after a blank. */
static bool parse_offset(const char *text, int64_t *ret_seconds)
{
    int hours = 0, minutes = 0;
    if (*text == ' ')
        text++;
    *ret_seconds = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if ((*text != '+' && *text != '-') || !two_digits(text + 1, 14, &hours))
        return false;
    const char *rest = text + 3;
    if (*rest == ':' && rest[1] != '\0')
        rest++;
    if (*rest != '\0' && (!two_digits(rest, 59, &minutes) || rest[2] != '\0'))
        return false;
    *ret_seconds = (*text == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
    return true;
}

/* Ignores fractions of a second, which other programs write. */
static const char *skip_fraction(const char *text)
{
    return (*text == '.' || *text == ',') && isdigit((unsigned char)text[1]) ? text + 1 + strspn(text + 1, "0123456789")
                                                                            : text;
}

static bool parse_date(const char *text, int64_t *ret_epoch)
{
    static const struct {
        const char *form;
        bool has_seconds, may_have_offset;
    } forms[] = { { "%Y-%m-%d %H:%M:%S", true, true }, { "%Y-%m-%dT%H:%M:%S", true, true },
                  { "%Y-%m-%d %H:%M", false, true },   { "%Y-%m-%dT%H:%M", false, true },
                  { "%Y-%m-%d", false, false } };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm fields = { .tm_isdst = -1 };
        int64_t offset = 0;
        const char *end = strptime(text, forms[i].form, &fields);
        if (end == NULL || !isdigit((unsigned char)*text) || !date_exists(&fields))
            continue;
        if (forms[i].has_seconds)
            end = skip_fraction(end);
        if (*end == '\0')
            *ret_epoch = earliest_epoch(&fields);
        else if (forms[i].may_have_offset && parse_offset(end, &offset))
            *ret_epoch = (int64_t)timegm(&fields) - offset;
        else
            continue;
        return *ret_epoch > 0;
    }
    return false;
}

static bool parse_ago(const char *text, int64_t now_epoch, int64_t *ret_epoch)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = { { "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 }, { "week", 604800 } };
    int count = 0, used = 0;
    char unit[16] = "";
    if (sscanf(text, "%6d %15[A-Za-z] ago%n", &count, unit, &used) != 2 || text[used] != '\0' ||
        !isdigit((unsigned char)*text))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].name);
        if (strncasecmp(unit, units[i].name, length) == 0 &&
            (unit[length] == '\0' || strcasecmp(unit + length, "s") == 0)) {
            *ret_epoch = now_epoch - count * units[i].seconds;
            return true;
        }
    }
    return false;
}

int when_parse(const char *text, int64_t now_epoch, int64_t *ret_epoch, struct err *err)
{
    int64_t epoch = 0;
    bool understood = true;
    if (strcasecmp(text, "now") == 0)
        epoch = now_epoch;
    else if (strcasecmp(text, "today") == 0)
        epoch = clock_midnight(now_epoch);
    else if (strcasecmp(text, "yesterday") == 0)
        epoch = clock_midnight(clock_midnight(now_epoch) - 12 * 3600); /* a day may have 23 hours */
    else if (!str_to_int(text, &epoch) && !parse_date(text, &epoch) && !parse_ago(text, now_epoch, &epoch))
        understood = false;
    if (!understood || *text == '+')
        return err_set(err, EX_USAGE,
                       "could not understand the time '%.60s'; write an epoch (1729771200), a local time "
                       "('2024-10-24 12:00:00', an offset like -0500 may follow), 'now', 'today', 'yesterday', or "
                       "'N minutes|hours|days ago'",
                       text);
    if (epoch < WHEN_EARLIEST)
        return err_set(err, EX_USAGE, "could not accept the time '%.60s': it lies before the year 2000", text);
    *ret_epoch = epoch;
    return 0;
}

static bool names_day(const char *text)
{
    int64_t ignored = 0;
    return strcasecmp(text, "today") == 0 || strcasecmp(text, "yesterday") == 0 ||
           (strchr(text, ':') == NULL && strchr(text, '-') != NULL && parse_date(text, &ignored));
}

static int parse_both(const char *from, const char *to, int64_t now_epoch, int64_t *ret_from, int64_t *ret_to,
                      struct err *err)
{
    if (when_parse(from, now_epoch, ret_from, err) != 0 || when_parse(to, now_epoch, ret_to, err) != 0)
        return -1;
    if (names_day(to))
        *ret_to = clock_midnight(*ret_to + 36 * 3600) - 1; /* a day has 23 to 25 hours */
    return 0;
}

int when_parse_range(const char *zone, const char *from, const char *to, int64_t now_epoch, int64_t *ret_from,
                     int64_t *ret_to, struct err *err)
{
    if (*zone == '\0')
        return parse_both(from, to, now_epoch, ret_from, ret_to, err);
    /* The C library converts times only in the zone of TZ. Changing TZ is safe: callers that pass a zone have one
     * thread. */
    const char *own = getenv("TZ");
    char *kept = own != NULL ? mem_copy(own) : NULL;
    (void)setenv("TZ", zone, 1);
    tzset();
    int result = parse_both(from, to, now_epoch, ret_from, ret_to, err);
    (void)(kept != NULL ? setenv("TZ", kept, 1) : unsetenv("TZ"));
    tzset();
    free(kept);
    return result;
}
