/* Any bytes as the answer of a hosted PBX's API: a page, its rows, their calls. */
#include "fuzz.h"

#include "source/pbx_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pbx_zone zone = { .name = "+07:00", .is_fixed = true, .fixed_sec = 25200 };
    static const struct pbx_rules rules = { .zone = &zone, .campaign = "C", .now = 1760000000 };
    char *body = fuzz_text(data, size), reason[API_WORDS_REASON_SIZE];
    struct pbx_page page;
    struct err err = { .code = EX_OK };
    size_t count = 0;
    int64_t epoch = 0;
    static const char *const secrets[API_WORDS_SECRETS] = { "a", NULL };
    fuzz_printable(api_words_reason(body, secrets, reason), sizeof reason);
    HOLDS(strchr(reason, 'a') == NULL);
    HOLDS(pbx_time_of_uuid(body) == 0 || strlen(body) == 36);
    HOLDS(!pbx_time_parse(body, &zone, &epoch) || epoch > 0);
    if (pbx_page_read(body, secrets, &page, &err) != 0) {
        HOLDS(err.code == EX_UNAVAILABLE);
        fuzz_printable(err.message, sizeof err.message);
    } else {
        HOLDS(page.dialect != PBX_AUTO && page.total >= -1 && page.next_offset >= -1);
    }
    for (const struct json *json = page.first; json != NULL; json = json_next(json), count++) {
        struct pbx_row row;
        struct pbx_call made;
        if (pbx_row_read(json, &zone, &row) == NULL) {
            pbx_row_call(&row, &rules, &made);
            HOLDS(made.call.id != NULL && *made.call.id != '\0' && *made.call.status != '\0' && made.call.started > 0);
            HOLDS((made.call.ended == 0) == (made.call.finality == CALL_NOT_ENDED) && made.call.ended >= 0);
            HOLDS(call_fingerprint(&made.call) != 0);
        }
        pbx_row_clear(&row);
    }
    HOLDS(count == page.count);
    pbx_page_clear(&page);
    free(body);
    return 0;
}
