/* api_graphql_records: the calls, for the queries getCallCenterRecords and getCallCenterRecordById. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "base/when.h"
#include "commands/why_record.h"
#include "serve/api_graphql.h"
#include "serve/api_graphql_records.h"
#include "serve/graphql_execute.h"

enum { USUAL_ROWS = 25 };

/* ---- one record ---- */

/* A list of records, and what each of them needs. */
struct listing {
    const struct graphql_call *call;
    const struct api_graphql *context;
    struct graphql_value *list;
};

static struct graphql_value *known_text(struct arena *arena, int64_t number)
{
    char room[STR_INT_SIZE];
    return number != VIEW_UNKNOWN ? graphql_new_text(arena, str_of_int(number, room)) : NULL;
}

struct graphql_value *api_graphql_masked(struct arena *arena, const char *text, const char *number, bool masks)
{
    if (!masks || text == NULL)
        return graphql_new_text(arena, text);
    char *own = arena_copy(arena, text, strlen(text));
    api_hide(own, arena_format(arena, "%s", str_or_empty(number)));
    return graphql_new_text(arena, own);
}

static const char *encoded(struct arena *arena, const char *text)
{
    char *out = arena_zero(arena, 3 * strlen(text) + 1, 1), *end = out;
    for (const char *at = text; *at != '\0'; at++) {
        if (isalnum((unsigned char)*at) || strchr("-._~", *at) != NULL)
            *end++ = *at;
        else
            end += snprintf(end, 4, "%%%02X", (unsigned char)*at);
    }
    return out;
}

/* Where this server plays the recording. */
static struct graphql_value *recording_path(struct arena *arena, const struct view_row *row)
{
    if (strcmp(view_recording_name(row->recording), "stored") != 0)
        return NULL;
    return graphql_new_text(arena, arena_format(arena, "/api/v1/recordings/%s/%s/audio", encoded(arena, row->profile),
                                                encoded(arena, row->id)));
}

static void add_identity(struct graphql_value *record, struct arena *arena, const struct view_row *row)
{
    static const char *const directions[] = { [CALL_OUTBOUND] = "OUTBOUND", [CALL_INBOUND] = "INBOUND",
                                              [CALL_INTERNAL] = "LOCAL" };
    bool is_known = row->direction >= CALL_OUTBOUND && row->direction <= CALL_INTERNAL;
    (void)graphql_add(record, "id", graphql_new_text(arena, arena_format(arena, "%s/%s", row->profile, row->id)));
    (void)graphql_add(record, "uuid", graphql_new_text(arena, row->id));
    (void)graphql_add(record, "externalUuid", graphql_new_text(arena, row->id));
    (void)graphql_add(record, "profile", graphql_new_text(arena, row->profile));
    (void)graphql_add(record, "direction", graphql_new_text(arena, is_known ? directions[row->direction] : NULL));
}

/* On a call from outside the caller is the customer, otherwise our own agent. */
static void add_parties(struct graphql_value *record, struct arena *arena, const struct view_row *row, bool masks)
{
    static const char *const callers[] = { "callerId", "callerIdNumber" }, *const called[] = { "destination",
                                                                                              "destinationNumber" };
    bool is_inbound = row->direction == CALL_INBOUND;
    for (int i = 0; i < 2; i++) {
        (void)graphql_add(record, is_inbound ? callers[i] : called[i],
                          api_graphql_masked(arena, row->number, row->number, masks));
        (void)graphql_add(record, is_inbound ? called[i] : callers[i], graphql_new_text(arena, row->agent));
    }
    (void)graphql_add(record, "number", api_graphql_masked(arena, row->number, row->number, masks));
    (void)graphql_add(record, "agent", graphql_new_text(arena, row->agent));
    (void)graphql_add(record, "campaign", graphql_new_text(arena, row->campaign));
}

static void add_times(struct graphql_value *record, struct arena *arena, const struct view_row *row)
{
    int64_t started = row->length != VIEW_UNKNOWN ? row->ended - row->length : VIEW_UNKNOWN;
    (void)graphql_add(record, "startEpoch", known_text(arena, started));
    (void)graphql_add(record, "endEpoch", known_text(arena, row->ended));
    (void)graphql_add(record, "startTime", graphql_new_known(arena, started, VIEW_UNKNOWN));
    (void)graphql_add(record, "endTime", graphql_new_known(arena, row->ended, VIEW_UNKNOWN));
    (void)graphql_add(record, "duration", known_text(arena, row->length));
    (void)graphql_add(record, "createdAt", graphql_new_known(arena, row->seen, VIEW_UNKNOWN));
    (void)graphql_add(record, "updatedAt", graphql_new_known(arena, row->updated, VIEW_UNKNOWN));
    (void)graphql_add(record, "syncedAt",
                      row->state == CALL_ACCEPTED ? graphql_new_known(arena, row->tried, VIEW_UNKNOWN) : NULL);
}

/* As the columns disposition and call_status of the sink records. */
static void add_outcome(struct graphql_value *record, struct arena *arena, const struct view_row *row, bool masks)
{
    (void)graphql_add(record, "callStatus", graphql_new_text(arena, row->result));
    (void)graphql_add(record, "disposition", graphql_new_text(arena, row->status));
    (void)graphql_add(record, "state", graphql_new_text(arena, view_state_name((int64_t)row->state)));
    (void)graphql_add(record, "reason", api_graphql_masked(arena, row->reason, row->number, masks));
    (void)graphql_add(record, "answerCode", graphql_new_known(arena, row->answer, VIEW_UNKNOWN));
    (void)graphql_add(record, "retryCount", graphql_new_known(arena, row->tries, VIEW_UNKNOWN));
    (void)graphql_add(record, "recording", graphql_new_text(arena, view_recording_name(row->recording)));
    (void)graphql_add(record, "recordPath", recording_path(arena, row));
    (void)graphql_add(record, "recordingPath", recording_path(arena, row));
}

static const char *domain_of(const struct serve_profile *profile)
{
    return profile != NULL ? params_text(&profile->config.source_params, "domain", NULL) : NULL;
}

static void add_record(void *context, const struct view_row *row)
{
    struct listing *listing = context;
    const struct api *api = listing->context->api;
    struct arena *arena = listing->call->arena;
    struct graphql_value *record = graphql_new(arena, GRAPHQL_OBJECT);
    bool masks = api_masks(api, listing->context->request, row->profile);
    add_identity(record, arena, row);
    add_parties(record, arena, row, masks);
    add_times(record, arena, row);
    add_outcome(record, arena, row, masks);
    (void)graphql_add(record, "domain", graphql_new_text(arena, domain_of(profiles_find(api->profiles, row->profile))));
    (void)graphql_add(listing->list, NULL, record);
}

/* ---- by its id ---- */

static int find_in(struct listing *listing, const char *profile, const char *id, struct err *err)
{
    return view_find(listing->context->api->view, profile, id, add_record, listing, err);
}

/* What only the sink's own row knows. */
static void add_columns(struct graphql_value *record, struct arena *arena, const struct json *row)
{
    static const struct {
        const char *field, *column;
    } names[] = { { "answerEpoch", "answer_epoch" }, { "billsec", "billsec" },
                  { "googleDriveUrl", "google_drive_url" }, { "rawData", "raw_data" } };
    const char *answered = json_text(row, "answer_epoch");
    int64_t epoch = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)graphql_add(record, names[i].field, graphql_new_text(arena, json_text(row, names[i].column)));
    if (answered != NULL && str_to_int(answered, &epoch))
        (void)graphql_add(record, "answerTime", graphql_new_integer(arena, epoch));
}

static bool asks_for_columns(const struct graphql_call *call)
{
    return graphql_asks(call, "answerEpoch") || graphql_asks(call, "answerTime") || graphql_asks(call, "billsec") ||
           graphql_asks(call, "googleDriveUrl") || graphql_asks(call, "rawData");
}

/* For one call only: a list of calls does not open the sink's table for each of them. */
static void read_columns(const struct graphql_call *call, struct graphql_value *record)
{
    const struct api_graphql *context = call->context;
    const char *name = graphql_text_of(record, "profile"), *id = graphql_text_of(record, "uuid");
    const struct serve_profile *profile = profiles_find(context->api->profiles, name);
    if (profile == NULL || !asks_for_columns(call))
        return;
    const struct sink_row_query query = { .id = id, .masks = api_masks(context->api, context->request, name),
                                          .is_at_once = true };
    const struct sink_settings settings = route_sink_settings(&profile->config, profile->options.state_dir, "");
    char *text = why_record(profile->kinds.sink, &settings, &query, NULL);
    struct json *object = json_parse(text);
    add_columns(record, call->arena, json_member(object, "row"));
    json_free(object);
    free(text);
}

/* "PROFILE/CALL", or only the call's own id: then the first profile that has it. */
int api_graphql_record(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct api_graphql *context = call->context;
    const struct profiles *profiles = context->api->profiles;
    struct listing listing = { call, context, graphql_new(call->arena, GRAPHQL_LIST) };
    const char *id = graphql_text_of(call->arguments, "id"), *slash = strchr(id, '/');
    const struct serve_profile *named =
        slash != NULL ? profiles_find(profiles, arena_copy(call->arena, id, (size_t)(slash - id))) : NULL;
    if (named != NULL && find_in(&listing, named->name, slash + 1, err) != 0)
        return -1;
    for (size_t i = 0; named == NULL && i < profiles->count && listing.list->first == NULL; i++)
        if (find_in(&listing, profiles->list[i].name, id, err) != 0)
            return -1;
    *ret_value = listing.list->first;
    if (*ret_value != NULL)
        read_columns(call, *ret_value);
    return 0;
}

/* ---- a page ---- */

static const char *either(const struct graphql_value *object, const char *name, const char *other)
{
    const char *text = graphql_text_of(object, name);
    return text != NULL ? text : graphql_text_of(object, other);
}

/* The last second of a time is within; of a day, its last second is. */
static int read_times(const struct graphql_value *filters, struct view_filter *filter, struct err *err)
{
    const char *until = either(filters, "to", "startDateTo");
    int64_t ignored = 0;
    filter->from = graphql_integer_of(filters, "from", graphql_integer_of(filters, "startDateFrom", 0));
    if (until == NULL)
        return 0;
    if (when_parse_range("", until, until, clock_now_epoch(), &ignored, &filter->to, err) != 0)
        return -1;
    filter->to++;
    return 0;
}

static const char *direction_of(const char *name)
{
    if (name == NULL)
        return NULL;
    return strcmp(name, "INBOUND") == 0 ? "inbound" : strcmp(name, "OUTBOUND") == 0 ? "outbound" : "internal";
}

/* A domain stands for the profile with it. False: no profile has it. */
static bool read_domain(const struct profiles *profiles, const char *domain, struct view_filter *filter)
{
    for (size_t i = 0; domain != NULL && i < profiles->count; i++) {
        const struct serve_profile *profile = &profiles->list[i];
        const char *own = domain_of(profile);
        if (own == NULL || strcasecmp(own, domain) != 0 ||
            (filter->profile != NULL && strcmp(filter->profile, profile->name) != 0))
            continue;
        filter->profile = profile->name;
        return true;
    }
    return domain == NULL;
}

/* One number can be searched at once. */
static int read_number(const struct graphql_value *filters, struct view_filter *filter, struct err *err)
{
    static const char *const names[] = { "search", "number", "callerIdNumber", "destinationNumber" };
    for (int i = 0; i < 4; i++) {
        const char *text = graphql_text_of(filters, names[i]);
        if (text == NULL || *text == '\0')
            continue;
        if (filter->number != NULL && strcmp(filter->number, text) != 0)
            return err_set(err, EX_USAGE, "give only one of search, number, callerIdNumber and destinationNumber");
        filter->number = text;
    }
    return 0;
}

static int read_filter(const struct api_graphql *context, const struct graphql_value *filters,
                       struct view_filter *filter, struct err *err)
{
    *filter = (struct view_filter){ .profile = graphql_text_of(filters, "profile"),
                                    .direction = direction_of(graphql_text_of(filters, "direction")),
                                    .status = either(filters, "disposition", "status"),
                                    .result = either(filters, "callStatus", "result"),
                                    .campaign = graphql_text_of(filters, "campaign"),
                                    .agent = graphql_text_of(filters, "agent"),
                                    .state = graphql_text_of(filters, "state"),
                                    .recording = graphql_text_of(filters, "recording") };
    if (filter->profile != NULL && profiles_find(context->api->profiles, filter->profile) == NULL)
        return err_set(err, EX_USAGE, "there is no such profile: getCallCenterConfigs lists them");
    if (read_number(filters, filter, err) != 0 || read_times(filters, filter, err) != 0)
        return -1;
    filter->masked = api_masks(context->api, context->request, filter->profile);
    return 0;
}

/* Names of fields, and the API's own names of orders. */
static int read_order(const struct graphql_value *pagination, struct view_query *query, struct err *err)
{
    static const struct {
        const char *field, *order;
    } names[] = { { "startEpoch", "ended" },   { "endEpoch", "ended" },     { "startTime", "ended" },
                  { "endTime", "ended" },      { "duration", "length" },    { "callStatus", "result" },
                  { "disposition", "status" }, { "callerIdNumber", "number" }, { "destinationNumber", "number" } };
    const char *by = graphql_text_of(pagination, "sortBy"), *order = graphql_text_of(pagination, "sortOrder");
    for (size_t i = 0; by != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(by, names[i].field) == 0)
            by = names[i].order;
    if (by != NULL && !view_sort_of(by, &query->sort))
        return err_set(err, EX_USAGE,
                       "sortBy must be endTime, duration, callStatus, disposition, campaign, agent or number");
    query->ascending = order != NULL && strcasecmp(order, "asc") == 0;
    if (order != NULL && !query->ascending && strcasecmp(order, "desc") != 0)
        return err_set(err, EX_USAGE, "sortOrder must be ASC or DESC");
    return 0;
}

static int read_page(const struct graphql_value *pagination, struct view_query *query, struct err *err)
{
    query->page = graphql_integer_of(pagination, "page", 1);
    query->size = graphql_integer_of(pagination, "pageSize", graphql_integer_of(pagination, "limit", USUAL_ROWS));
    if (query->page < 1)
        return err_set(err, EX_USAGE, "page must be 1 or more");
    if (query->size < 1 || query->size > VIEW_MOST_ROWS)
        return err_set(err, EX_USAGE, "pageSize must be from 1 to %d", VIEW_MOST_ROWS);
    return read_order(pagination, query, err);
}

static void add_page(const struct graphql_call *call, struct graphql_value *page, const struct view_query *query,
                     int64_t total)
{
    struct arena *arena = call->arena;
    int64_t pages = (total + query->size - 1) / query->size;
    struct graphql_value *info = graphql_add(page, "pagination", graphql_new(arena, GRAPHQL_OBJECT));
    (void)graphql_add(page, "total", graphql_new_integer(arena, total));
    (void)graphql_add(page, "pages", graphql_new_integer(arena, pages));
    (void)graphql_add(info, "totalItems", graphql_new_integer(arena, total));
    (void)graphql_add(info, "totalPages", graphql_new_integer(arena, pages));
    (void)graphql_add(info, "currentPage", graphql_new_integer(arena, query->page));
    (void)graphql_add(info, "pageSize", graphql_new_integer(arena, query->size));
    (void)graphql_add(info, "hasNextPage", graphql_new_boolean(arena, query->page < pages));
    (void)graphql_add(info, "hasPreviousPage", graphql_new_boolean(arena, query->page > 1));
}

static bool asks_for_count(const struct graphql_call *call)
{
    return graphql_asks(call, "pagination") || graphql_asks(call, "total") || graphql_asks(call, "pages");
}

int api_graphql_records(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    static const struct graphql_value none = { .kind = GRAPHQL_OBJECT };
    const struct api_graphql *context = call->context;
    const struct graphql_value *filters = graphql_member(call->arguments, "filters"),
                               *pagination = graphql_member(call->arguments, "pagination");
    struct listing listing = { call, context, graphql_new(call->arena, GRAPHQL_LIST) };
    struct view_query query = { .size = 0 };
    char next[VIEW_CURSOR_SIZE];
    int64_t total = 0;
    filters = filters != NULL ? filters : &none;
    if (read_filter(context, filters, &query.filter, err) != 0 ||
        read_page(pagination != NULL ? pagination : &none, &query, err) != 0)
        return -1;
    bool is_empty = !read_domain(context->api->profiles, graphql_text_of(filters, "domain"), &query.filter);
    if (!is_empty && graphql_asks(call, "items") &&
        view_list(context->api->view, &query, add_record, &listing, next, err) != 0)
        return -1;
    if (!is_empty && asks_for_count(call) && view_count(context->api->view, &query.filter, &total, err) != 0)
        return -1;
    *ret_value = graphql_new(call->arena, GRAPHQL_OBJECT);
    (void)graphql_add(*ret_value, "items", listing.list);
    add_page(call, *ret_value, &query, total);
    return 0;
}
