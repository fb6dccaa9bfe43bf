/* pbx_row: one call as the API of a hosted PBX lists it, in either of its two shapes. For pbx's files only. */
#ifndef PBX_ROW_H
#define PBX_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "domain/call.h"
#include "domain/disposition.h"
#include "source/pbx_time.h"

/* The shapes of the API's rows. */
enum pbx_dialect {
    PBX_AUTO,       /* not known yet */
    PBX_DOCUMENTED, /* start_time, disposition */
    PBX_EPOCH       /* start_epoch, call_status */
};

/* The texts of a row, whatever their names are in its shape. */
enum pbx_field {
    PBX_UUID,
    PBX_DIRECTION,
    PBX_CALLER,
    PBX_CALLER_NAME,
    PBX_SHOWN,  /* the number that the called party saw */
    PBX_CALLEE,
    PBX_STATUS,
    PBX_ENDED_BY,
    PBX_RECORDING,
    PBX_FIELDS
};

struct pbx_row {
    char *text[PBX_FIELDS];         /* NULL: absent */
    int64_t started, answered, ended; /* epochs; 0: absent */
    int64_t duration, billsec;      /* seconds, or CALL_NO_NUMBER */
    enum pbx_dialect dialect;       /* PBX_AUTO: the row does not show it */
    const struct json *json;        /* what was read; borrowed */
};

/* A call, and those of its texts that are in no row. */
struct pbx_call {
    struct call call; /* its texts are borrowed from the row, from the rules and from this struct */
    char billsec[24], answer_epoch[24], call_date[PBX_TIME_SIZE];
};

struct pbx_rules {
    const struct pbx_zone *zone; /* of times without an offset */
    const char *campaign;
    int64_t now;
};

/* The extras of a call, and the results of the API's statuses. */
extern const struct call_shape pbx_row_shape;
extern const struct disposition_default pbx_row_dispositions[];

/* pbx_row_read: reads a row. A row without a start has the time of its uuid. An answer that is no time is absent; a
 * start or end that is no time makes the row unreadable: without its end the call would never be sent. Ownership:
 * pbx_row_clear. Returns NULL, or why it is not the row of a call. */
const char *pbx_row_read(const struct json *json, const struct pbx_zone *zone, struct pbx_row *ret_row);

/* pbx_row_is_recognised: whether this is an object with a member of a call, even if pbx_row_read refuses it. */
bool pbx_row_is_recognised(const struct json *json);

/* pbx_row_is_internal: whether the call was between extensions. */
bool pbx_row_is_internal(const struct pbx_row *row);

/* pbx_row_call: makes the call of a row. A call without an end has not ended. */
void pbx_row_call(const struct pbx_row *row, const struct pbx_rules *rules, struct pbx_call *ret_call);

/* pbx_row_amount: how much data a row has: the number of its texts, times and lengths. */
int64_t pbx_row_amount(const struct pbx_row *row);

/* pbx_row_clear: frees the row's texts. */
void pbx_row_clear(struct pbx_row *row);

#endif
