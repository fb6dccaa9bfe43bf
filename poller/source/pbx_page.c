/* pbx_page: one page of the list of calls, as the API of a hosted PBX answers it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
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

/* An API may repeat the header Authorization, or a part of it. */
static void hide_credentials(char *text, const char *scheme)
{
    size_t length = strlen(scheme);
    for (char *at = text; *at != '\0';) {
        if (strncasecmp(at, scheme, length) != 0) {
            at++;
            continue;
        }
        at += length;
        size_t hidden = strcspn(at, " \t\r\n\"'");
        memset(at, '*', hidden);
        at += hidden;
    }
}

/* Writes the API's words to out as one line without the secrets. A secret that is cut or changed would not be found, so
 * the secrets are hidden first. */
static const char *show(const char *text, const char *const secrets[PBX_PAGE_SECRETS], char *out, size_t size)
{
    char *shown = mem_copy(text);
    for (int i = 0; i < PBX_PAGE_SECRETS; i++)
        str_hide(shown, secrets[i]);
    hide_credentials(shown, "Basic ");
    hide_credentials(shown, "Bearer ");
    (void)str_printable(shown, out, size);
    free(shown);
    return out;
}

static const char *reason_of(const struct json *json, const char *const secrets[PBX_PAGE_SECRETS],
                             char out[PBX_PAGE_REASON_SIZE])
{
    static const char *const members[] = { "message", "error", "detail", "reason" };
    *out = '\0';
    for (size_t i = 0; json != NULL && *out == '\0' && i < sizeof members / sizeof members[0]; i++) {
        const struct json *member = json_member(json, members[i]);
        const char *text = json_text(json, members[i]);
        if (text == NULL && !json_is_null(member) && !json_is_list(member))
            text = json_text(member, "message");
        if (text != NULL)
            (void)show(text, secrets, out, PBX_PAGE_REASON_SIZE);
    }
    return out;
}

const char *pbx_page_reason(const char *body, const char *const secrets[PBX_PAGE_SECRETS],
                            char out[PBX_PAGE_REASON_SIZE])
{
    struct json *json = json_parse(body);
    (void)reason_of(json, secrets, out);
    json_free(json);
    return out;
}

/* Reads the members around the rows. */
static int read_envelope(struct pbx_page *page, const char *const secrets[PBX_PAGE_SECRETS], struct err *err)
{
    char reason[PBX_PAGE_REASON_SIZE], word[40];
    const char *status = json_text(page->json, "status");
    if (json_is(page->json, "success", true))
        page->dialect = PBX_DOCUMENTED;
    if (status != NULL && strcasecmp(status, "success") == 0)
        page->dialect = PBX_EPOCH;
    bool failed = json_is(page->json, "success", false) || (status != NULL && page->dialect != PBX_EPOCH);
    if (failed)
        return err_set(err, EX_UNAVAILABLE, "the PBX's API says that the request failed (%s): %s",
                       status != NULL ? show(status, secrets, word, sizeof word) : "success is false",
                       *reason_of(page->json, secrets, reason) != '\0' ? reason : "it gives no reason");
    if (page->dialect == PBX_AUTO)
        return err_set(err, EX_UNAVAILABLE, "the answer of the PBX's API has neither success nor status, so it is no "
                       "list of calls");
    return 0;
}

int pbx_page_read(const char *body, const char *const secrets[PBX_PAGE_SECRETS], struct pbx_page *ret_page,
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
