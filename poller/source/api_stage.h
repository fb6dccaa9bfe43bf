/* api_stage: the rows of a window of time while it is read, outside of the memory. For the sources that read an HTTP
 * API page by page.
 *
 * No row may be handed out before the whole window was read: only then it is known that the list is complete, and which
 * of several rows with one id counts. */
#ifndef API_STAGE_H
#define API_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct api_stage;

/* A row. Of the rows with one id the stage keeps the one with the greatest rank; of those with one rank the one with
 * the greatest amount; of those the one whose body is last in the alphabet. So each reading of the same rows keeps
 * the same one, in whatever order they come. Ownership: the texts are borrowed. */
struct api_staged {
    const char *id, *body;
    int64_t began; /* rows are handed out in this order */
    int64_t rank, amount;
};

/* api_stage_open: an empty stage. title says what it is, for errors, and is borrowed. Ownership: api_stage_close, also
 * after an error. Errors: EX_IOERR. */
int api_stage_open(const char *title, struct api_stage **ret_stage, struct err *err) MUST_CHECK;

/* api_stage_add: adds a row. Errors: EX_IOERR. */
int api_stage_add(struct api_stage *stage, const struct api_staged *row, struct err *err) MUST_CHECK;

/* api_stage_had_variants: whether one of the rows so far had the id of another one that was different. */
bool api_stage_had_variants(const struct api_stage *stage);

/* Called for each row; its texts are borrowed until the callback returns. 0 goes on, 1 and -1 end the reading. */
typedef int api_stage_on_row(void *context, const char *id, const char *body, struct err *err);

/* api_stage_empty: hands out all rows, those that began first at first, and forgets them, also after an error. Returns
 * 0, or what ended the reading. Errors: EX_IOERR, and those of the callback. */
int api_stage_empty(struct api_stage *stage, api_stage_on_row *on_row, void *context, struct err *err) MUST_CHECK;

/* api_stage_close: stage may be NULL. */
void api_stage_close(struct api_stage *stage);

#endif
