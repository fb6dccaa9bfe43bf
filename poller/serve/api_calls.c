/* api_calls: the calls of the live page's API. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/api_calls.h"

enum { USUAL_ROWS = 50, MOST_CHOICES = 2000, CSV_ROWS = 500 };

/* ---- the query ---- */

bool api_calls_filter(const struct api *api, const struct request *request, struct view_filter *ret_filter,
                      struct reply *reply)
{
    *ret_filter = (struct view_filter){ .profile = api_text(request, "profile"),
                                        .direction = api_text(request, "direction"),
                                        .status = api_text(request, "status"),
                                        .result = api_text(request, "result"),
                                        .campaign = api_text(request, "campaign"),
                                        .agent = api_text(request, "agent"),
                                        .state = api_text(request, "state"),
                                        .recording = api_text(request, "recording"),
                                        .number = api_text(request, "number") };
    ret_filter->masked = api_masks(api, request, ret_filter->profile);
    return api_number(request, "from", 0, 0, INT64_MAX, &ret_filter->from, reply) &&
           api_number(request, "to", 0, 0, INT64_MAX, &ret_filter->to, reply);
}

bool api_calls_query(const struct api *api, const struct request *request, struct view_query *ret_query,
                     struct reply *reply)
{
    const char *sort = api_text(request, "sort"), *order = api_text(request, "order");
    struct view_query query = { .after = api_text(request, "after") };
    if (!api_calls_filter(api, request, &query.filter, reply) ||
        !api_number(request, "size", USUAL_ROWS, 1, VIEW_MOST_ROWS, &query.size, reply) ||
        !api_number(request, "page", 1, 1, INT32_MAX, &query.page, reply))
        return false;
    if (sort != NULL && !view_sort_of(sort, &query.sort)) {
        reply_error(reply, REPLY_BAD_REQUEST,
                        "sort must be ended, length, status, result, campaign, agent or number");
        return false;
    }
    query.ascending = order != NULL && strcmp(order, "asc") == 0;
    if (order != NULL && !query.ascending && strcmp(order, "desc") != 0) {
        reply_error(reply, REPLY_BAD_REQUEST, "order must be asc or desc");
        return false;
    }
    *ret_query = query;
    return true;
}

/* ---- JSON ---- */

static const char *direction_name(int64_t direction)
{
    return direction >= CALL_OUTBOUND && direction <= CALL_INTERNAL
               ? call_direction_name((enum call_direction)direction) : NULL;
}

void api_calls_add_row(struct json_writer *object, const struct view_row *row, bool masks)
{
    json_writer_add_text(object, "profile", row->profile);
    json_writer_add_text(object, "id", row->id);
    json_writer_add_int(object, "ended", row->ended);
    json_writer_add_text(object, "direction", direction_name(row->direction));
    json_writer_add_text(object, "state", view_state_name((int64_t)row->state));
    json_writer_add_text(object, "status", row->status);
    json_writer_add_text(object, "result", row->result);
    json_writer_add_text(object, "campaign", row->campaign);
    json_writer_add_text(object, "agent", row->agent);
    api_add_masked(object, "number", row->number, row->number, masks);
    json_writer_add_known(object, "length", row->length, VIEW_UNKNOWN);
    json_writer_add_known(object, "tries", row->tries, VIEW_UNKNOWN);
    json_writer_add_known(object, "tried", row->tried, VIEW_UNKNOWN);
    json_writer_add_known(object, "due", row->due, VIEW_UNKNOWN);
    json_writer_add_known(object, "answer", row->answer, VIEW_UNKNOWN);
    json_writer_add_known(object, "took_ms", row->took_ms, VIEW_UNKNOWN);
    api_add_masked(object, "reason", row->reason, row->number, masks);
    json_writer_add_text(object, "recording", view_recording_name(row->recording));
}

void api_calls_add_page(struct json_writer *object, const struct view_query *query, int64_t total, const char *next)
{
    json_writer_add_known(object, "total", total, VIEW_UNKNOWN);
    json_writer_add_int(object, "page", query->page);
    json_writer_add_int(object, "size", query->size);
    json_writer_add_text(object, "next", *next != '\0' ? next : NULL);
}

struct listing {
    const struct api *api;
    const struct request *request;
    struct api_list rows;
};

static void add_row(void *context, const struct view_row *row)
{
    struct listing *listing = context;
    struct json_writer object = { .text = NULL };
    api_calls_add_row(&object, row, api_masks(listing->api, listing->request, row->profile));
    api_list_add(&listing->rows, &object);
}

void api_calls(struct api *api, const struct request *request, struct reply *reply)
{
    struct listing listing = { .api = api, .request = request };
    struct view_query query;
    struct err err;
    char next[VIEW_CURSOR_SIZE];
    int64_t total = VIEW_UNKNOWN;
    const char *count = api_text(request, "count");
    if (!api_calls_query(api, request, &query, reply))
        return;
    if (count != NULL && str_yes_no(count) < 0) {
        reply_error(reply, REPLY_BAD_REQUEST, "count must be yes or no");
        return;
    }
    int result = view_list(api->view, &query, add_row, &listing, next, &err);
    if (result == 0 && (count == NULL || str_yes_no(count) != 0))
        result = view_count(api->view, &query.filter, &total, &err);
    struct json_writer object;
    if (!api_begin_json(&object, "calls", &listing.rows, result, &err, reply))
        return;
    api_calls_add_page(&object, &query, total, next);
    reply_json(reply, &object);
}

/* ---- choices ---- */

static void add_choice(void *context, const char *text)
{
    api_list_add_text(context, text);
}

void api_choices(struct api *api, const struct request *request, struct reply *reply)
{
    static const struct {
        const char *name;
        enum view_sort which;
    } filters[] = { { "status", VIEW_BY_STATUS },
                    { "result", VIEW_BY_RESULT },
                    { "campaign", VIEW_BY_CAMPAIGN },
                    { "agent", VIEW_BY_AGENT } };
    struct json_writer object = { .text = NULL };
    struct err err;
    int result = 0;
    (void)request;
    for (size_t i = 0; result == 0 && i < sizeof filters / sizeof filters[0]; i++) {
        struct api_list texts = { .text = NULL };
        result = view_choices(api->view, filters[i].which, MOST_CHOICES, add_choice, &texts, &err);
        char *list = api_list_end(&texts);
        json_writer_add_json(&object, filters[i].name, list);
        free(list);
    }
    if (result == 0) {
        reply_json(reply, &object);
        return;
    }
    free(json_writer_end(&object));
    reply_failure(reply, &err);
}

/* ---- CSV ---- */

/* A stream owns copies of the request's texts, because the request ends before it. */
struct csv {
    struct api *api;
    struct request request; /* role alone */
    struct view_query query;
    char after[VIEW_CURSOR_SIZE];
    char *texts[9];
    char *buffer; /* made, not sent yet: from sent up to length */
    size_t length, size, sent;
    bool is_last;
};

static void put(struct csv *csv, const char *text, size_t length)
{
    if (csv->length + length > csv->size) {
        csv->size = 2 * (csv->length + length);
        csv->buffer = mem_resize(csv->buffer, csv->size, 1);
    }
    memcpy(csv->buffer + csv->length, text, length);
    csv->length += length;
}

/* A spreadsheet would run a cell that begins like a formula. One with + and digits is a telephone number: nothing in it
 * can be run. */
static bool is_formula(const char *text)
{
    bool is_number = *text == '+' && text[1] != '\0' && strspn(text + 1, "0123456789") == strlen(text + 1);
    return *text != '\0' && strchr("=+-@\t\r", *text) != NULL && !is_number;
}

static void put_cell(struct csv *csv, const char *text)
{
    put(csv, "\"", 1);
    if (is_formula(text))
        put(csv, "'", 1);
    for (const char *at = text; *at != '\0'; at++)
        put(csv, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
    put(csv, "\"", 1);
}

static void put_text(struct csv *csv, const char *text, const char *number, bool masks)
{
    char *own = mem_copy(str_or_empty(text));
    if (masks) {
        char *hidden = mem_copy(str_or_empty(number));
        api_hide(own, hidden);
        free(hidden);
    }
    char *valid = str_make_utf8(own, strlen(own));
    put_cell(csv, valid);
    put(csv, ",", 1);
    free(valid);
    free(own);
}

static void put_number(struct csv *csv, int64_t number, const char *end)
{
    char room[STR_INT_SIZE];
    const char *digits = number != VIEW_UNKNOWN ? str_of_int(number, room) : "";
    put(csv, digits, strlen(digits));
    put(csv, end, strlen(end));
}

static void put_row(void *context, const struct view_row *row)
{
    struct csv *csv = context;
    char local[CLOCK_TEXT_SIZE];
    bool masks = api_masks(csv->api, &csv->request, row->profile);
    const char *const texts[] = { row->profile, row->id, clock_local(row->ended, local, sizeof local),
                                  direction_name(row->direction), view_state_name((int64_t)row->state), row->status,
                                  row->result, row->campaign, row->agent };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put_text(csv, texts[i], NULL, false);
    put_text(csv, row->number, row->number, masks);
    put_text(csv, row->reason, row->number, masks);
    put_number(csv, row->ended, ",");
    put_number(csv, row->length, ",");
    put_number(csv, row->tries, ",");
    put_number(csv, row->tried, ",");
    put_number(csv, row->answer, "\r\n");
}

static ssize_t read_csv(void *context, char *out, size_t size)
{
    struct csv *csv = context;
    struct err err;
    char next[VIEW_CURSOR_SIZE];
    while (csv->sent == csv->length) {
        if (csv->is_last)
            return -1;
        csv->sent = csv->length = 0;
        csv->query.after = csv->after;
        if (view_list(csv->api->view, &csv->query, put_row, csv, next, &err) != 0)
            return -2;
        (void)snprintf(csv->after, sizeof csv->after, "%s", next);
        csv->is_last = *next == '\0';
    }
    size_t part = csv->length - csv->sent < size ? csv->length - csv->sent : size;
    memcpy(out, csv->buffer + csv->sent, part);
    csv->sent += part;
    return (ssize_t)part;
}

static void end_csv(void *context)
{
    struct csv *csv = context;
    for (size_t i = 0; i < sizeof csv->texts / sizeof csv->texts[0]; i++)
        free(csv->texts[i]);
    free(csv->buffer);
    free(csv);
}

static void own_texts(struct csv *csv)
{
    struct view_filter *filter = &csv->query.filter;
    const char **const texts[] = { &filter->profile, &filter->status, &filter->result, &filter->campaign,
                                   &filter->agent, &filter->direction, &filter->state, &filter->recording,
                                   &filter->number };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (*texts[i] != NULL)
            *texts[i] = csv->texts[i] = mem_copy(*texts[i]);
}

void api_calls_csv(struct api *api, const struct request *request, struct reply *reply)
{
    /* The byte order mark tells a spreadsheet that this is UTF-8. */
    static const char head[] = "\xEF\xBB\xBFprofile,id,ended_local,direction,state,status,result,campaign,agent,number,"
                               "reason,ended,length,tries,tried,answer\r\n";
    struct view_query query = { .size = 1 };
    struct err err;
    int64_t ignored = 0;
    if (!api_calls_filter(api, request, &query.filter, reply))
        return;
    if (view_count(api->view, &query.filter, &ignored, &err) != 0) { /* while the status can still say so */
        reply_failure(reply, &err);
        return;
    }
    struct csv *csv = mem_zero(1, sizeof *csv);
    csv->api = api;
    csv->request.role = request->role;
    csv->query = query;
    csv->query.size = CSV_ROWS;
    own_texts(csv);
    put(csv, head, sizeof head - 1);
    reply->type = "text/csv; charset=utf-8";
    reply->read = read_csv;
    reply->end = end_csv;
    reply->context = csv;
    reply_header(reply, "Content-Disposition", "attachment; filename=\"calls.csv\"");
}
