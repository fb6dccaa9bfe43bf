/* callio_page: one page of a list of Callio's API. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "source/api_value.h"
#include "source/callio_page.h"

#define DOCS "docs"

/* So that a product of two counts is one, too. */
#define MOST_COUNT INT64_C(1000000000)

struct json *callio_page_parse(const char *body)
{
    const char *start = body + strspn(body, " \t\r\n");
    if (*start != '[')
        return json_parse(start);
    char *object = mem_format("{\"" DOCS "\":%s}", start);
    struct json *json = json_parse(object);
    free(object);
    return json;
}

/* A number of documents; -1: the API does not say, or not sensibly. */
static int64_t count_of(const struct json *json, const char *name)
{
    int64_t count = api_value_number(json, name, -1);
    return count >= 0 && count <= MOST_COUNT ? count : -1;
}

/* The last page is the one that says so; without such a word the one with the last number, or an empty one. */
static bool is_last(const struct callio_page *page, int64_t number)
{
    int64_t pages = count_of(page->json, "totalPages");
    if (page->count == 0 || json_is(page->json, "hasNextPage", false))
        return true;
    if (json_is(page->json, "hasNextPage", true))
        return false;
    if (pages >= 0)
        return number >= pages;
    return page->total >= 0 && page->limit > 0 && number * page->limit >= page->total;
}

int callio_page_read(struct json *json, int64_t number, const char *const secrets[API_WORDS_SECRETS],
                     struct callio_page *ret_page, struct err *err)
{
    char reason[API_WORDS_REASON_SIZE];
    const struct json *docs = json_member(json, DOCS);
    *ret_page = (struct callio_page){ .json = json };
    if (!json_is_list(docs))
        return err_set(err, EX_UNAVAILABLE, "the answer of Callio's API has no list in `docs`: %s",
                       *api_words_of(json, secrets, reason) != '\0' ? reason : "it gives no reason");
    ret_page->first = json_first(docs);
    ret_page->count = json_count(docs);
    ret_page->total = count_of(json, "totalDocs");
    ret_page->limit = count_of(json, "limit");
    ret_page->is_last = is_last(ret_page, number);
    if (number == 1 && ret_page->count == 0 && ret_page->total > 0)
        return err_set(err, EX_UNAVAILABLE, "the answer of Callio's API counts %" PRId64 " documents and lists none; "
                       "the next run asks again", ret_page->total);
    return 0;
}

void callio_page_clear(struct callio_page *page)
{
    json_free(page->json);
    *page = (struct callio_page){ .json = NULL };
}
