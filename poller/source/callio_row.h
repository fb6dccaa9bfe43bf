/* callio_row: one call as Callio's API lists it. For callio's files only. */
#ifndef CALLIO_ROW_H
#define CALLIO_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "domain/call.h"
#include "domain/disposition.h"
#include "source/callio_accounts.h"

/* The times and lengths of a row; those of enum callio_number that are times are in milliseconds. */
enum callio_number {
    CALLIO_CREATED,
    CALLIO_STARTED,
    CALLIO_ANSWERED,
    CALLIO_ENDED,
    CALLIO_CHARGED,
    CALLIO_DURATION,
    CALLIO_BILLED,
    CALLIO_RECORDED, /* the seconds that are recorded */
    CALLIO_NUMBERS
};

enum callio_text {
    CALLIO_ID,
    CALLIO_DIRECTION,
    CALLIO_FROM,
    CALLIO_TO,
    CALLIO_FROM_EXT,
    CALLIO_TO_EXT,
    CALLIO_CAUSE,
    CALLIO_USER_ID,
    CALLIO_USER_NAME,
    CALLIO_GROUP_ID,
    CALLIO_TEXTS
};

struct callio_row {
    char *text[CALLIO_TEXTS];        /* NULL: absent */
    int64_t number[CALLIO_NUMBERS];  /* CALL_NO_NUMBER: absent; a time of 0 is absent too */
};

/* The bytes of a document's _id, which has 24. Two longer ones must not become one by being cut. */
#define CALLIO_ROW_ID_MOST 150

/* A call, and those of its texts that are in no row. */
struct callio_call {
    struct call call; /* its texts are borrowed from the row, the tenant and this struct */
    char id[CALLIO_ROW_ID_MOST + 1 + CALLIO_ACCOUNTS_NAME_MOST + 1];
    char numbers[CALLIO_NUMBERS][24];
    char answer_epoch[24];
};

/* The extras of a call, and the results of its statuses: ANSWERED, or why it was not answered. */
extern const struct call_shape callio_row_shape;
extern const struct disposition_default callio_row_dispositions[];

/* callio_row_read: reads a document. A user or group may be an object, its id, or a text with the object's JSON.
 * Ownership: callio_row_clear. Returns NULL, or why it is not the row of a call. */
const char *callio_row_read(const struct json *doc, struct callio_row *ret_row);

/* What callio_row_read returns for an _id of more than CALLIO_ROW_ID_MOST bytes. */
extern const char callio_row_too_long[];

/* callio_row_began: the epoch by which the API finds the call. */
int64_t callio_row_began(const struct callio_row *row);

bool callio_row_is_internal(const struct callio_row *row);

/* callio_row_call: makes the call of a row. Its id begins with the tenant, as two tenants may have the same id. A call
 * without an end has not ended. now is an epoch. */
void callio_row_call(const struct callio_row *row, const char *tenant, int64_t now, struct callio_call *ret_call);

void callio_row_clear(struct callio_row *row);

#endif
