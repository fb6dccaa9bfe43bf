/* pbx_stage: the rows of a window while it is read, outside of the memory. For pbx's files only.
 *
 * No row may be handed out before the whole window was read: only then it is known that the list is complete, and which
 * of several rows with one uuid counts. */
#ifndef PBX_STAGE_H
#define PBX_STAGE_H

#include "source/pbx_row.h"

struct pbx_stage;

/* pbx_stage_open: an empty stage. zone is borrowed. Ownership: pbx_stage_close, also after an error. Errors: EX_IOERR.
 */
int pbx_stage_open(const struct pbx_zone *zone, struct pbx_stage **ret_stage, struct err *err) MUST_CHECK;

/* pbx_stage_add: adds a row. Of the rows with one uuid the stage keeps the one that ended last; of those that ended at
 * the same time the one with the most data; of those the one whose text is last in the alphabet. So each reading of the
 * same rows keeps the same one, in whatever order they come. Errors: EX_IOERR. */
int pbx_stage_add(struct pbx_stage *stage, const struct pbx_row *row, struct err *err) MUST_CHECK;

/* pbx_stage_had_variants: whether one of the rows so far had the uuid of another one that was different. */
bool pbx_stage_had_variants(const struct pbx_stage *stage);

/* Called for each row, which is borrowed until the callback returns. 0 goes on, 1 and -1 end the reading. */
typedef int pbx_stage_on_row(void *context, const struct pbx_row *row, struct err *err);

/* pbx_stage_empty: hands out all rows, those that began first at first, and forgets them, also after an error. Returns
 * 0, or what ended the reading. Errors: EX_IOERR, and those of the callback. */
int pbx_stage_empty(struct pbx_stage *stage, pbx_stage_on_row *on_row, void *context, struct err *err) MUST_CHECK;

/* pbx_stage_close: stage may be NULL. */
void pbx_stage_close(struct pbx_stage *stage);

#endif
