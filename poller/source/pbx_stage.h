/* pbx_stage: the rows of a window of the PBX's list, in an api_stage. For pbx's files only. */
#ifndef PBX_STAGE_H
#define PBX_STAGE_H

#include "source/api_stage.h"
#include "source/pbx_row.h"

/* pbx_stage_open: an empty stage. Ownership: api_stage_close, also after an error. Errors: EX_IOERR. */
int pbx_stage_open(struct api_stage **ret_stage, struct err *err) MUST_CHECK;

/* pbx_stage_add: adds a row. Of the rows with one uuid the stage keeps the one that ended last; of those that ended at
 * the same time the one with the most data. Errors: EX_IOERR. */
int pbx_stage_add(struct api_stage *stage, const struct pbx_row *row, struct err *err) MUST_CHECK;

/* Called for each row, which is borrowed until the callback returns. 0 goes on, 1 and -1 end the reading. */
typedef int pbx_stage_on_row(void *context, const struct pbx_row *row, struct err *err);

/* pbx_stage_empty: see api_stage_empty. zone is that of times without an offset. */
int pbx_stage_empty(struct api_stage *stage, const struct pbx_zone *zone, pbx_stage_on_row *on_row, void *context,
                    struct err *err) MUST_CHECK;

#endif
