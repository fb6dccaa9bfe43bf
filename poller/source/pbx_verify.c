/* pbx_verify: tests what the API of a hosted PBX does not say: the shape of its rows, whether it heeds the dates, and
 * the time zone of the times that it is asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/pbx_verify.h"

#define DAY 86400

/* One of so many latest calls is looked for: the very latest may change meanwhile. Some list calls that have not ended
 * too, so more rows are read. */
#define LATEST_CALLS 5
#define LATEST_ROWS 100

/* A day without calls: 1 January 2001. */
#define NO_CALLS_FROM 978307200

/* Two zones differ by at most this much, and some. */
#define ZONES_SEC (27 * 3600)

/* The test is made again after this time. */
#define LASTS_SEC DAY

/* One of the latest calls. */
struct sample {
    char *uuid; /* NULL: there is none */
    int64_t started, ended;
    int64_t newest; /* when the first row began, ended or not; 0: there is none */
    int64_t made;   /* when its uuid was made; 0: the uuid does not tell */
    int count;      /* of the ended ones so far */
    bool found;
};

static int keep(void *context, const struct pbx_row *row, struct err *err)
{
    struct sample *sample = context;
    (void)err;
    if (sample->newest == 0) {
        sample->newest = row->started;
        sample->made = pbx_time_of_uuid(row->text[PBX_UUID]);
    }
    if (row->ended == 0) /* a list by the end of calls has it at no known time */
        return 0;
    free(sample->uuid);
    sample->uuid = mem_copy(row->text[PBX_UUID]);
    sample->started = row->started;
    sample->ended = row->ended > row->started ? row->ended : row->started;
    return ++sample->count == LATEST_CALLS ? 1 : 0;
}

static int find(void *context, const struct pbx_row *row, struct err *err)
{
    struct sample *sample = context;
    (void)err;
    sample->found = sample->found || strcmp(row->text[PBX_UUID], sample->uuid) == 0;
    return sample->found ? 1 : 0;
}

static int pass_over(void *context, const struct pbx_row *row, struct err *err)
{
    (void)context;
    (void)row;
    (void)err;
    return 0;
}

/* Whether the API heeds the dates: else it lists other calls than those of the day that is asked for. */
static int test_dates(struct pbx_pages *pages, struct err *err)
{
    const struct pbx_window window = { .from = NO_CALLS_FROM, .to = NO_CALLS_FROM + DAY - 1, .slack_sec = ZONES_SEC,
                                       .limit = LATEST_ROWS };
    return pbx_pages_read(pages, &window, pass_over, NULL, NULL, err) < 0 ? -1 : 0;
}

/* Whether the call is in the list of its own minutes. */
static int test_zone(struct pbx_pages *pages, struct sample *sample, struct err *err)
{
    char when[CLOCK_TEXT_SIZE], local[PBX_TIME_SIZE];
    const struct pbx_window window = { .from = sample->started, .to = sample->ended };
    if (pbx_pages_read(pages, &window, find, NULL, sample, err) < 0)
        return -1;
    if (sample->found)
        return 0;
    return err_set(err, EX_CONFIG, "the PBX's API does not list the call %.40s of %s when it is asked for %s, its time "
                   "in the time zone %s; correct time_zone, %s", sample->uuid,
                   clock_local(sample->started, when, sizeof when), pbx_time_local(pages->zone, sample->started, local),
                   *pages->zone->name != '\0' ? pages->zone->name : "of this host", pages->zone_place);
}

int pbx_verify(struct pbx_pages *pages, struct pbx_verified *ret_verified, struct err *err)
{
    int64_t now = clock_now_epoch();
    struct sample sample = { .uuid = NULL };
    const struct pbx_window window = { .from = now - 2 * DAY, .to = now + ZONES_SEC, .slack_sec = ZONES_SEC,
                                       .limit = LATEST_ROWS };
    *ret_verified = (struct pbx_verified){ .at = 0 };
    int result = pbx_pages_read(pages, &window, keep, NULL, &sample, err) < 0 ? -1 : 0;
    if (result == 0 && sample.newest != 0)
        result = test_dates(pages, err);
    if (result == 0 && sample.uuid != NULL && pages->seen != PBX_DOCUMENTED)
        result = test_zone(pages, &sample, err);
    ret_verified->at = result == 0 ? now : 0;
    ret_verified->newest = sample.newest;
    ret_verified->made = sample.made;
    ret_verified->zone_fits = result == 0 && sample.uuid != NULL;
    free(sample.uuid);
    return result;
}

/* ---- from run to run ---- */

void pbx_verify_write(const struct pbx_pages *pages, const struct pbx_verified *verified,
                      char memory[SOURCE_MEMORY_SIZE])
{
    *memory = '\0';
    if (verified->zone_fits && pages->seen != PBX_AUTO)
        (void)snprintf(memory, SOURCE_MEMORY_SIZE, "pbx %" PRId64 " %" PRId64 " %d %d %s", verified->at,
                       pbx_time_offset(pages->zone, verified->at), (int)pages->dialect, (int)pages->seen,
                       *pages->zone->name != '\0' ? pages->zone->name : "-");
}

bool pbx_verify_recall(struct pbx_pages *pages, struct pbx_verified *verified, const char *memory)
{
    char name[PBX_TIME_ZONE_SIZE] = "";
    int64_t at = 0, offset = 0, now = clock_now_epoch();
    int dialect = 0, seen = 0;
    if (sscanf(memory, "pbx %" SCNd64 " %" SCNd64 " %d %d %63s", &at, &offset, &dialect, &seen, name) != 5)
        return false;
    if (at > now || at < now - LASTS_SEC || offset != pbx_time_offset(pages->zone, now) ||
        dialect != (int)pages->dialect || (seen != PBX_DOCUMENTED && seen != PBX_EPOCH) ||
        strcmp(name, *pages->zone->name != '\0' ? pages->zone->name : "-") != 0)
        return false;
    *verified = (struct pbx_verified){ .at = at, .zone_fits = true };
    pages->seen = (enum pbx_dialect)seen;
    return true;
}
