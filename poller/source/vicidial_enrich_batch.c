/* vicidial_enrich_batch: the calls of a look-up and their results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/vicidial_enrich_batch.h"

/* The nightly job may leave only 24 h in these tables (ADMIN_archive_log_tables.pl --daily), with some hours of
 * slack. */
#define SURELY_LIVE_SEC (20 * 3600)

/* Converts a date such as "2026-01-31 12:00:00" to seconds, as if it were UTC; 0: date has another form. */
static int64_t local_sec_of(const char *date)
{
    struct tm parts = { .tm_mday = 0 };
    const char *end = date != NULL ? strptime(date, "%Y-%m-%d %H:%M:%S", &parts) : NULL;
    return end != NULL && *end == '\0' && parts.tm_year > 70 ? (int64_t)timegm(&parts) : 0;
}

struct enrich_batch enrich_batch_make(const struct call *const *calls, size_t count)
{
    struct enrich_batch batch = { .subjects = mem_zero(count, sizeof *batch.subjects), .count = count };
    for (size_t i = 0; i < count; i++) {
        const struct call *call = calls[i];
        struct enrich_subject *subject = &batch.subjects[i];
        *subject = (struct enrich_subject){ .id = str_or_empty(call->id),
                                            .lead_id = str_or_empty(call_extra(call, "lead_id")),
                                            .local_sec = local_sec_of(call_extra(call, "call_date")),
                                            .may_be_archived = call->age < 0 || call->age > SURELY_LIVE_SEC };
        if (subject->local_sec != 0 && (batch.oldest_sec == 0 || subject->local_sec < batch.oldest_sec))
            batch.oldest_sec = subject->local_sec;
    }
    return batch;
}

void enrich_batch_free(struct enrich_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        for (int field = 0; field < ENRICH_FIELDS; field++)
            free(batch->subjects[i].found[field]);
    free(batch->subjects);
    *batch = (struct enrich_batch){ .count = 0 };
}

void enrich_set(struct enrich_subject *subject, enum enrich_field field, const char *text)
{
    char *copy = mem_copy(str_or_empty(text)), *trimmed = str_trim(copy);
    if (*trimmed != '\0') {
        free(subject->found[field]);
        subject->found[field] = mem_copy(trimmed);
    }
    free(copy);
}

void enrich_set_number(struct enrich_subject *subject, enum enrich_field field, int64_t number)
{
    char room[STR_INT_SIZE];
    enrich_set(subject, field, str_of_int(number, room));
}

/* ---- by key ---- */

const char *enrich_id_of(const struct enrich_subject *subject)
{
    return subject->id;
}

const char *enrich_lead_of(const struct enrich_subject *subject)
{
    return subject->lead_id;
}

const char *enrich_code_of(const struct enrich_subject *subject)
{
    return subject->code;
}

struct pair {
    const char *key;
    struct enrich_subject *subject;
};

static int compare(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = strcmp(a->key, b->key);
    return order != 0 ? order : (a->subject > b->subject) - (a->subject < b->subject);
}

struct enrich_keys enrich_keys_make(const struct enrich_batch *batch, enrich_wants *wants, enrich_key_of *key_of)
{
    struct enrich_keys keys = { .keys = mem_zero(batch->count, sizeof *keys.keys),
                                .subjects = mem_zero(batch->count, sizeof *keys.subjects) };
    struct pair *pairs = mem_zero(batch->count, sizeof *pairs);
    for (size_t i = 0; i < batch->count; i++) {
        struct enrich_subject *subject = &batch->subjects[i];
        if (*key_of(subject) != '\0' && wants(subject))
            pairs[keys.count++] = (struct pair){ .key = key_of(subject), .subject = subject };
    }
    if (keys.count > 1)
        qsort(pairs, keys.count, sizeof *pairs, compare);
    for (size_t i = 0; i < keys.count; i++) {
        keys.keys[i] = pairs[i].key;
        keys.subjects[i] = pairs[i].subject;
    }
    free(pairs);
    return keys;
}

void enrich_keys_free(struct enrich_keys *keys)
{
    free(keys->keys);
    free(keys->subjects);
    *keys = (struct enrich_keys){ .count = 0 };
}

size_t enrich_keys_find(const struct enrich_keys *keys, const char *key, size_t *ret_first)
{
    size_t first = 0, end = keys->count, count = 0;
    if (key == NULL)
        return 0;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(keys->keys[middle], key) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    while (first + count < keys->count && strcmp(keys->keys[first + count], key) == 0)
        count++;
    *ret_first = first;
    return count;
}
