/* vicidial_enrich_batch: the calls of a look-up and their results. For vicidial_enrich's files only. */
#ifndef VICIDIAL_ENRICH_BATCH_H
#define VICIDIAL_ENRICH_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/call.h"

/* The fields to look up, in the order of the extras of vicidial_table_shape. */
enum enrich_field {
    ENRICH_DID,
    ENRICH_DIAL_STATUS,
    ENRICH_HANGUP_CAUSE,
    ENRICH_SIP_HANGUP_CAUSE,
    ENRICH_SIP_HANGUP_REASON,
    ENRICH_RING_TIME,
    ENRICH_TALK_TIME,
    ENRICH_AMD_RESULT,
    ENRICH_CUSTOMER_STATE,
    ENRICH_CUSTOMER_ZIP,
    ENRICH_VENDOR_LEAD_CODE,
    ENRICH_FIELDS
};

#define ENRICH_CODE_SIZE 24 /* a dial code has 20 characters */

/* A call, and the data found so far. */
struct enrich_subject {
    const char *id, *lead_id;    /* borrowed from the call; "": none */
    int64_t local_sec;           /* call_date in seconds, read as if it were UTC; 0: unknown */
    bool may_be_archived;        /* the nightly job may have moved the call's rows */
    char code[ENRICH_CODE_SIZE]; /* the dial code of this attempt; "": unknown */
    int64_t code_sec;            /* the time of the row with that code */
    int64_t did_sec;             /* the time of the row with the DID; 0: no DID found yet */
    int carrier_rank;            /* how well the carrier's row fits; 0: no row */
    char *found[ENRICH_FIELDS];  /* NULL: unknown */
};

struct enrich_batch {
    struct enrich_subject *subjects;
    size_t count;
    int64_t oldest_sec; /* the earliest known local_sec */
};

/* enrich_batch_make: a batch of calls, without results. The calls are borrowed. Ownership: enrich_batch_free. */
struct enrich_batch enrich_batch_make(const struct call *const *calls, size_t count);
void enrich_batch_free(struct enrich_batch *batch);

/* enrich_set: stores a copy of the result, without blanks at its ends. If text is "" or NULL, the old result stays. */
void enrich_set(struct enrich_subject *subject, enum enrich_field field, const char *text);
void enrich_set_number(struct enrich_subject *subject, enum enrich_field field, int64_t number);

/* Calls in the order of a key. Several calls may have the same key. */
struct enrich_keys {
    const char **keys;
    struct enrich_subject **subjects;
    size_t count;
};

/* enrich_keys_make: the calls for which wants returns true and that have a key. Ownership: enrich_keys_free. */
typedef bool enrich_wants(const struct enrich_subject *subject);
typedef const char *enrich_key_of(const struct enrich_subject *subject);
struct enrich_keys enrich_keys_make(const struct enrich_batch *batch, enrich_wants *wants, enrich_key_of *key_of);
void enrich_keys_free(struct enrich_keys *keys);

/* enrich_keys_find: the number of calls with this key, and the index of the first of them. key may be NULL. */
size_t enrich_keys_find(const struct enrich_keys *keys, const char *key, size_t *ret_first);

/* The usual keys. */
const char *enrich_id_of(const struct enrich_subject *subject);
const char *enrich_lead_of(const struct enrich_subject *subject);
const char *enrich_code_of(const struct enrich_subject *subject);

#endif
