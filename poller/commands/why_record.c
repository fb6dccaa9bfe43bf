/* why_record: the row that the sink has of one call, for `why` and for the live page. */
#include <stdlib.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "commands/why_record.h"

char *why_record(const struct sink_ops *sink, const struct sink_settings *settings, const struct sink_row_query *query,
                 const char *wrong)
{
    struct json_writer object = { .text = NULL };
    char *row = NULL;
    struct err err;
    if (sink == NULL || sink->read_row == NULL)
        return mem_copy("null");
    int result = wrong != NULL
                     ? err_set(&err, EX_CONFIG, "the configuration has a problem: %.900s", wrong)
                     : sink->read_row(settings, query, &row, &err);
    json_writer_add_json(&object, "row", row != NULL ? row : "null");
    json_writer_add_text(&object, "problem", result != 0 ? err.message : NULL);
    free(row);
    return json_writer_end(&object);
}
