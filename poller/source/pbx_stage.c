/* pbx_stage: the rows of a window of the PBX's list. */
#include <stdlib.h>

#include "source/pbx_stage.h"

/* What hands out a row. */
struct handing {
    const struct pbx_zone *zone;
    pbx_stage_on_row *on_row;
    void *context;
};

int pbx_stage_open(struct api_stage **ret_stage, struct err *err)
{
    return api_stage_open("a temporary file for the PBX's list", ret_stage, err);
}

int pbx_stage_add(struct api_stage *stage, const struct pbx_row *row, struct err *err)
{
    char *body = json_print(row->json);
    const struct api_staged staged = { .id = row->text[PBX_UUID], .body = body, .began = row->started,
                                       .rank = row->ended, .amount = pbx_row_amount(row) };
    int result = api_stage_add(stage, &staged, err);
    free(body);
    return result;
}

static int hand_out(void *context, const char *id, const char *body, struct err *err)
{
    const struct handing *handing = context;
    struct pbx_row row;
    struct json *json = json_parse(body);
    int result = 0;
    (void)id;
    if (pbx_row_read(json, handing->zone, &row) == NULL)
        result = handing->on_row(handing->context, &row, err);
    pbx_row_clear(&row);
    json_free(json);
    return result;
}

int pbx_stage_empty(struct api_stage *stage, const struct pbx_zone *zone, pbx_stage_on_row *on_row, void *context,
                    struct err *err)
{
    struct handing handing = { .zone = zone, .on_row = on_row, .context = context };
    return api_stage_empty(stage, hand_out, &handing, err);
}
