/* pbx_page: one page of the list of calls, as the API of a hosted PBX answers it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "source/pbx_page.h"

/* A number, written as one or as text; -1: there is none. */
static int64_t read_count(const struct json *object, const char *name)
{
    int64_t number = -1;
    char *text = json_text_or_number(json_member(object, name));
    bool known = text != NULL && str_to_int(text, &number) && number >= 0;
    free(text);
    return known ? number : -1;
}

/* Reads the members around the rows. */
static int read_envelope(struct pbx_page *page, const char *const secrets[API_WORDS_SECRETS], struct err *err)
{
    char reason[API_WORDS_REASON_SIZE], word[40];
    const char *status = json_text(page->json, "status");
    if (json_is(page->json, "success", true))
        page->dialect = PBX_DOCUMENTED;
    if (status != NULL && strcasecmp(status, "success") == 0)
        page->dialect = PBX_EPOCH;
    bool failed = json_is(page->json, "success", false) || (status != NULL && page->dialect != PBX_EPOCH);
    if (failed)
        return err_set(err, EX_UNAVAILABLE, "the PBX's API says that the request failed (%s): %s",
                       status != NULL ? api_words_show(status, secrets, word, sizeof word) : "success is false",
                       *api_words_of(page->json, secrets, reason) != '\0' ? reason : "it gives no reason");
    if (page->dialect == PBX_AUTO)
        return err_set(err, EX_UNAVAILABLE, "the answer of the PBX's API has neither success nor status, so it is no "
                       "list of calls");
    return 0;
}

int pbx_page_read(const char *body, const char *const secrets[API_WORDS_SECRETS], struct pbx_page *ret_page,
                  struct err *err)
{
    *ret_page = (struct pbx_page){ .json = json_parse(body), .dialect = PBX_AUTO };
    if (ret_page->json == NULL)
        return err_set(err, EX_UNAVAILABLE, "the answer of the PBX's API is not a JSON object, or was cut");
    if (read_envelope(ret_page, secrets, err) != 0)
        return -1;
    const struct json *data = json_member(ret_page->json, "data");
    const char *text = json_text(ret_page->json, "data");
    bool is_empty = data != NULL && (json_is_null(data) || (text != NULL && *text == '\0'));
    if (!is_empty && !json_is_list(data))
        return err_set(err, EX_UNAVAILABLE, "the answer of the PBX's API has no list of calls in `data`");
    ret_page->first = json_first(data);
    ret_page->count = json_count(data);
    ret_page->total = read_count(ret_page->json, "total");
    ret_page->next_offset = read_count(ret_page->json, "next_offset");
    return 0;
}

bool pbx_page_has(const struct pbx_page *page, const char *uuid)
{
    for (const struct json *row = page->first; row != NULL; row = json_next(row)) {
        const char *text = json_text(row, "uuid");
        if (text != NULL && strcmp(text, uuid) == 0)
            return true;
    }
    return false;
}

void pbx_page_clear(struct pbx_page *page)
{
    json_free(page->json);
    *page = (struct pbx_page){ .json = NULL };
}
