/* standin: a local stand-in of the DID Optimizer API, for tests and demonstrations.
 *
 * It answers POST /api/v1/call-results as the API does, remembers every result it was given, and fails on demand:
 * rules set with PUT /_standin/rules make it slow, wrong, cut off or silent; "slots" lets it serve no more requests at
 * a time than that, the others wait their turn. GET /_standin/state tells what arrived. With --published it is the
 * API's published server: it recognizes no repetition, so each result is another record, and a member of a wrong type
 * or size is answered 500. It is stricter than the real API where that can uncover a fault of the client: JSON must be
 * free of raw control characters and be valid UTF-8, and the three required fields must be strings.
 *
 * Each connection has its own thread, so a delayed request holds up nobody else; one mutex guards what is shared. */
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CALL_RESULTS "/api/v1/call-results"
#define BUCKETS 131072
#define HUGE_BYTES (UINT64_C(200) * 1000 * 1000)
#define HANG_MS 60000
#define CAPTIVE_PORTAL "<!DOCTYPE html><html><body><h1>Hotel WiFi</h1><a href=\"/login\">Log in</a></body></html>\n"

/* One recorded version of a call: a new call, or a body that differs from the version before it. */
struct version {
    char *uniqueid, *body;
    struct version *next; /* the next older one in the same bucket */
};

struct request {
    char *body;
    size_t size;
    bool logged, key_ok, is_in_flight;
    unsigned seq;
    uintptr_t era; /* in which it began: after a clearing it leaves no trace */
    cJSON *entry;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stop_now = PTHREAD_COND_INITIALIZER;
static pthread_cond_t slot_free = PTHREAD_COND_INITIALIZER;
static bool stopping;
static const char *api_key;
static bool quiet, published;

/* Guarded by the lock. */
static cJSON *rules;
static unsigned dice; /* the state of the generator behind "probability" */
static cJSON *recorded, *entries; /* what GET /_standin/state shows */
static struct version *versions[BUCKETS]; /* by the hash of the uniqueid, the newest first */
static unsigned n_requests, n_connections, n_in_flight, max_in_flight;
static uint64_t tickets, served; /* drawn by those who need a slot, and how many of them are done */
static uintptr_t era = 1; /* counts the clearings: a connection is counted once in each */

/* ---- small things ---- */

static void *need(void *pointer)
{
    if (pointer == NULL) {
        perror("standin");
        abort();
    }
    return pointer;
}

static char *copy(const char *text)
{
    return text == NULL ? NULL : need(strdup(text));
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sleeps, but not beyond the end of the program. False when the end has come. */
static bool rest(int64_t ms)
{
    int64_t end = now_ms() + ms;
    struct timespec until = {.tv_sec = end / 1000, .tv_nsec = (end % 1000) * 1000000};
    pthread_mutex_lock(&lock);
    while (!stopping && pthread_cond_timedwait(&stop_now, &lock, &until) != ETIMEDOUT)
        ;
    bool go_on = !stopping;
    pthread_mutex_unlock(&lock);
    return go_on;
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static double number_of(const cJSON *object, const char *name, double otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

/* Parses what a strict parser would take; cJSON alone lets control characters and broken UTF-8 pass. */
static cJSON *parse(const char *text, size_t size)
{
    bool in_string = false;
    if (strlen(text) != size || mbstowcs(NULL, text, 0) == (size_t)-1)
        return NULL;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"')
            in_string = !in_string;
        else if (in_string && (unsigned char)*at < 0x20)
            return NULL;
        else if (in_string && *at == '\\' && at[1] != '\0')
            at++;
    }
    return cJSON_ParseWithOpts(text, NULL, true);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    cJSON_AddItemToObject(object, name, text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text));
}

/* Sets a member of the request's entry in the log, unless the log has been cleared since. */
static void note(const struct request *request, const char *name, cJSON *value)
{
    pthread_mutex_lock(&lock);
    if (request->logged && request->era == era)
        cJSON_ReplaceItemInObjectCaseSensitive(request->entry, name, value);
    else
        cJSON_Delete(value);
    pthread_mutex_unlock(&lock);
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* ---- answers ---- */

static struct MHD_Response *plain(char *body)
{
    return need(MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE));
}

/* A body that may hold any bytes, told in hexadecimal: compressed ones are no JSON text. */
static struct MHD_Response *binary(const char *hex)
{
    size_t size = strlen(hex) / 2;
    unsigned char *bytes = need(malloc(size + 1));
    for (size_t i = 0; i < size; i++)
        sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
    return need(MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE));
}

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
    if (MHD_get_response_header(response, "Content-Type") == NULL)
        MHD_add_response_header(response, "Content-Type", "application/json; charset=utf-8");
    enum MHD_Result sent = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *body)
{
    return send_response(connection, status, plain(copy(body)));
}

/* The three bodies that do not arrive as they should. pos: how much of it went before; cls: its text. */
static ssize_t half_of_it(void *cls, uint64_t pos, char *to, size_t most)
{
    size_t half = strlen(cls) / 2;
    if (pos >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t size = half - pos < most ? half - pos : most;
    memcpy(to, (char *)cls + pos, size);
    return (ssize_t)size;
}

static ssize_t drop_by_drop(void *cls, uint64_t pos, char *to, size_t most)
{
    (void)most;
    if (!rest(1000))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    *to = ((char *)cls)[pos];
    return 1;
}

static ssize_t without_end(void *cls, uint64_t pos, char *to, size_t most)
{
    (void)cls;
    if (pos >= HUGE_BYTES)
        return MHD_CONTENT_READER_END_OF_STREAM;
    memset(to, 'x', most);
    return (ssize_t)most;
}

static struct MHD_Response *shaped(const char *action, char *body)
{
    uint64_t size = strlen(body);
    if (strcmp(action, "partial") == 0)
        return need(MHD_create_response_from_callback(size, 1024, half_of_it, body, free));
    if (strcmp(action, "drip") == 0)
        return need(MHD_create_response_from_callback(size, 1, drop_by_drop, body, free));
    if (strcmp(action, "huge") == 0)
        return need(MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, without_end, body, free));
    return plain(body);
}

/* Ends the connection with a TCP reset. Dissolving the association sends it at once; a close would come only after
 * the orderly end of stream that libmicrohttpd sends first. */
static enum MHD_Result reset(struct MHD_Connection *connection)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connect(fd, &nobody, sizeof nobody);
    return MHD_NO;
}

static enum MHD_Result hang(struct MHD_Connection *connection)
{
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct pollfd client = {.fd = fd, .events = POLLRDHUP};
    int64_t end = now_ms() + HANG_MS;
    while (now_ms() < end && poll(&client, 1, 0) == 0 && rest(50))
        ;
    return MHD_NO;
}

/* ---- recording ---- */

/* The version itself or the first after it that belongs to the call. */
static struct version *find(struct version *version, const char *uniqueid)
{
    while (version != NULL && strcmp(version->uniqueid, uniqueid) != 0)
        version = version->next;
    return version;
}

static struct version **bucket(const char *uniqueid)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (; *uniqueid != '\0'; uniqueid++)
        hash = (hash ^ (unsigned char)*uniqueid) * 16777619U;
    return &versions[hash % BUCKETS];
}

/* Records a body, unless the call's newest version is the same; returns whether it is. What began before the last
 * clearing belongs to an earlier test, which may have left while its request was delayed: it is not recorded. */
static bool record(const struct request *request, struct MHD_Connection *connection, const char *uniqueid)
{
    pthread_mutex_lock(&lock);
    struct version **first = bucket(uniqueid), *older = find(*first, uniqueid);
    bool duplicate = !published && older != NULL && strcmp(older->body, request->body) == 0;
    if (!duplicate && request->era == era) {
        bool seen_before = false; /* true when the call was changed back to what it was */
        for (; older != NULL && !seen_before; older = find(older->next, uniqueid))
            seen_before = strcmp(older->body, request->body) == 0;
        struct version *version = need(malloc(sizeof *version));
        *version = (struct version){copy(uniqueid), copy(request->body), *first};
        *first = version;
        cJSON *shown = need(cJSON_CreateObject());
        cJSON_AddNumberToObject(shown, "seq", request->seq); /* as in the log */
        cJSON_AddNumberToObject(shown, "at_ms", (double)now_ms());
        add_text(shown, "uniqueid", uniqueid);
        cJSON_AddRawToObject(shown, "body", request->body); /* as it came: it is JSON */
        add_text(shown, "idempotency_key", header_of(connection, "Idempotency-Key"));
        add_text(shown, "user_agent", header_of(connection, "User-Agent"));
        cJSON_AddBoolToObject(shown, "duplicate_of_content", seen_before);
        cJSON_AddItemToArray(recorded, shown);
    }
    pthread_mutex_unlock(&lock);
    return duplicate;
}

/* The body of the API's answer to a result that it took. The caller frees it. */
static char *acceptance(unsigned seq, bool duplicate, const cJSON *call)
{
    char id[32];
    snprintf(id, sizeof id, "rec-%u", seq);
    cJSON *reply = need(cJSON_CreateObject());
    cJSON_AddTrueToObject(reply, "success");
    add_text(reply, "message", duplicate ? "Call result already processed" : "Call result recorded");
    cJSON *data = duplicate ? reply : cJSON_AddObjectToObject(reply, "data");
    add_text(data, "recordId", id);
    if (duplicate) {
        cJSON_AddTrueToObject(reply, "duplicate");
    } else {
        add_text(data, "uniqueid", text_of(call, "uniqueid"));
        add_text(data, "disposition", text_of(call, "disposition"));
    }
    char *text = need(cJSON_PrintUnformatted(reply));
    cJSON_Delete(reply);
    return text;
}

static bool has(const cJSON *call, const char *name)
{
    const char *text = text_of(call, name);
    return text != NULL && *text != '\0';
}

/* What the API's published server refuses with 500: the first member of a wrong type or size; NULL: none. */
static const char *invalid_member(const cJSON *call)
{
    static const char *const strings[] = {"phoneNumber", "customerPhone", "customerState", "customerZip", "dialStatus"};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(call, strings[i]);
        if (member != NULL && !cJSON_IsString(member))
            return strings[i];
    }
    const cJSON *duration = cJSON_GetObjectItemCaseSensitive(call, "duration");
    const cJSON *zip = cJSON_GetObjectItemCaseSensitive(call, "customerZip");
    if (duration != NULL && (!cJSON_IsNumber(duration) || duration->valuedouble < 0))
        return "duration";
    return zip != NULL && strlen(zip->valuestring) > 10 ? "customerZip" : NULL;
}

/* Does what the API does with a result. Sets *ret_status, returns the answer's body, which the caller frees. */
static char *process(const struct request *request, struct MHD_Connection *connection, const cJSON *call,
    unsigned *ret_status)
{
    *ret_status = 401;
    if (!request->key_ok)
        return copy("{\"success\":false,\"message\":\"Invalid API key\"}");
    *ret_status = 400;
    if (!cJSON_IsObject(call))
        return copy("{\"success\":false,\"error\":\"Invalid JSON\"}");
    if (!has(call, "uniqueid") || !has(call, "phoneNumber") || !has(call, "campaignId"))
        return copy("{\"success\":false,\"error\":\"Missing required fields: uniqueid, phoneNumber, campaignId\"}");
    const char *invalid = published ? invalid_member(call) : NULL;
    if (invalid != NULL) {
        char text[128];
        snprintf(text, sizeof text, "{\"success\":false,\"error\":\"CallRecord validation failed: %s\"}", invalid);
        *ret_status = 500;
        return copy(text);
    }
    *ret_status = 200;
    bool duplicate = record(request, connection, text_of(call, "uniqueid"));
    note(request, "duplicate", cJSON_CreateBool(duplicate));
    return acceptance(request->seq, duplicate, call);
}

/* ---- rules ---- */

static bool listed(const char *words, const char *word)
{
    char padded[32];
    snprintf(padded, sizeof padded, " %s ", word);
    return strstr(words, padded) != NULL;
}

/* What is wrong with a rule, or NULL: a misspelt rule would make a test pass for the wrong reason. */
static const char *fault_of(const cJSON *rule)
{
    static const char numbers[] = " times after probability delay_ms slots status ";
    static const char texts[] = " uniqueid body body_hex action ";
    static const char actions[] = " answer reset record-then-reset partial garbage drip huge hang ";
    const cJSON *item;
    if (!cJSON_IsObject(rule))
        return "a rule is not an object";
    cJSON_ArrayForEach(item, rule) {
        bool good = listed(texts, item->string) ? cJSON_IsString(item)
            : listed(numbers, item->string) ? cJSON_IsNumber(item)
            : strcmp(item->string, "headers") == 0 && cJSON_IsObject(item);
        if (!good)
            return "a rule has an unknown key, or a value of the wrong type";
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(rule, "headers")) {
        if (!cJSON_IsString(item))
            return "a rule's header is not a string";
    }
    double status = number_of(rule, "status", 200);
    if (status < 200 || status > 599)
        return "a rule's status is not between 200 and 599";
    const char *action = text_of(rule, "action");
    return action != NULL && !listed(actions, action) ? "a rule has an unknown action" : NULL;
}

/* Takes one off a rule's counter. False when there is nothing left to take; a rule without the counter never ends. */
static bool count_down(cJSON *rule, const char *name)
{
    cJSON *left = cJSON_GetObjectItemCaseSensitive(rule, name);
    if (left == NULL)
        return true;
    if (left->valuedouble < 1)
        return false;
    cJSON_SetNumberValue(left, left->valuedouble - 1);
    return true;
}

/* A copy of the rule that applies to this request, or NULL. A copy, because the rules may be replaced meanwhile. */
static cJSON *choose_rule(const char *uniqueid)
{
    cJSON *rule, *chosen = NULL;
    pthread_mutex_lock(&lock);
    cJSON_ArrayForEach(rule, rules) {
        const char *wanted = text_of(rule, "uniqueid");
        if (wanted != NULL && (uniqueid == NULL || strcmp(wanted, uniqueid) != 0))
            continue;
        if (cJSON_HasObjectItem(rule, "after") && count_down(rule, "after"))
            continue;
        if (number_of(rule, "probability", 1) <= rand_r(&dice) / (RAND_MAX + 1.0))
            continue;
        if (!count_down(rule, "times"))
            continue;
        chosen = need(cJSON_Duplicate(rule, true));
        break;
    }
    pthread_mutex_unlock(&lock);
    return chosen;
}

static char *http_error(unsigned status)
{
    char text[64];
    snprintf(text, sizeof text, "{\"success\":false,\"error\":\"HTTP %u\"}", status);
    return copy(text);
}

/* Spends the time that a rule asks for, the queue for one of its slots before it. The log is told how long that was. */
static void work(const cJSON *rule, const struct request *request)
{
    uint64_t slots = (uint64_t)number_of(rule, "slots", 0);
    int64_t began = now_ms();
    if (slots > 0) {
        pthread_mutex_lock(&lock);
        uint64_t ticket = tickets++;
        while (!stopping && ticket >= served + slots)
            pthread_cond_wait(&slot_free, &lock);
        pthread_mutex_unlock(&lock);
    }
    rest((int64_t)number_of(rule, "delay_ms", 0));
    if (slots > 0) {
        pthread_mutex_lock(&lock);
        served++;
        pthread_cond_broadcast(&slot_free);
        pthread_mutex_unlock(&lock);
    }
    note(request, "took_ms", cJSON_CreateNumber((double)(now_ms() - began)));
}

/* Answers one result as the rule says; rule is NULL when there is none. */
static enum MHD_Result follow(const cJSON *rule, const char *action, const struct request *request,
    struct MHD_Connection *connection, const cJSON *call)
{
    const char *body = text_of(rule, "body"), *hex = text_of(rule, "body_hex");
    unsigned wanted = (unsigned)number_of(rule, "status", 0), status = wanted == 0 ? 200 : wanted;
    char *text;
    work(rule, request);
    if (strcmp(action, "reset") == 0)
        return reset(connection);
    if (strcmp(action, "hang") == 0)
        return hang(connection);
    if (strcmp(action, "garbage") == 0) {
        text = copy(CAPTIVE_PORTAL);
    } else if (body != NULL || hex != NULL || strcmp(action, "huge") == 0) {
        text = copy(body == NULL ? "" : body);
    } else if (status >= 300) {
        text = http_error(status);
    } else {
        text = process(request, connection, call, &status);
        if (status == 200 && wanted != 0)
            status = wanted;
    }
    if (strcmp(action, "record-then-reset") == 0) {
        free(text);
        return reset(connection);
    }
    struct MHD_Response *response = hex != NULL ? binary(hex) : shaped(action, text);
    if (hex != NULL)
        free(text);
    const cJSON *header;
    cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(rule, "headers"))
        MHD_add_response_header(response, header->string, cJSON_GetStringValue(header));
    if (strcmp(action, "garbage") == 0)
        MHD_add_response_header(response, "Content-Type", "text/html");
    note(request, "status", cJSON_CreateNumber(status));
    if (!quiet)
        printf("%u %s\n", status, text_of(call, "uniqueid") == NULL ? "-" : text_of(call, "uniqueid"));
    return send_response(connection, status, response);
}

/* ---- requests ---- */

static enum MHD_Result call_results(const struct request *request, struct MHD_Connection *connection)
{
    cJSON *call = parse(request->body, request->size);
    cJSON *rule = choose_rule(text_of(call, "uniqueid"));
    const char *action = text_of(rule, "action") == NULL ? "answer" : text_of(rule, "action");
    if (has(call, "uniqueid"))
        note(request, "uniqueid", cJSON_CreateString(text_of(call, "uniqueid")));
    note(request, "action", cJSON_CreateString(action));
    enum MHD_Result result = follow(rule, action, request, connection, call);
    cJSON_Delete(rule);
    cJSON_Delete(call);
    return result;
}

static enum MHD_Result set_rules(const struct request *request, struct MHD_Connection *connection)
{
    cJSON *wanted = parse(request->body, request->size), *rule;
    const char *fault = cJSON_IsArray(wanted) ? NULL : "the rules are not a JSON array";
    cJSON_ArrayForEach(rule, wanted) {
        if (fault == NULL)
            fault = fault_of(rule);
    }
    if (fault != NULL) {
        cJSON_Delete(wanted);
        return answer(connection, 400, fault);
    }
    pthread_mutex_lock(&lock);
    cJSON_Delete(rules);
    rules = wanted;
    dice = 1;
    pthread_mutex_unlock(&lock);
    return answer(connection, 200, "{\"success\":true}");
}

static enum MHD_Result tell_state(struct MHD_Connection *connection)
{
    cJSON *state = need(cJSON_CreateObject());
    pthread_mutex_lock(&lock);
    cJSON_AddNumberToObject(state, "requests", n_requests);
    cJSON_AddNumberToObject(state, "connections", n_connections);
    cJSON_AddNumberToObject(state, "max_in_flight", max_in_flight);
    cJSON_AddItemReferenceToObject(state, "recorded", recorded);
    cJSON_AddItemReferenceToObject(state, "log", entries);
    char *text = need(cJSON_PrintUnformatted(state));
    pthread_mutex_unlock(&lock);
    cJSON_Delete(state);
    return send_response(connection, 200, plain(text));
}

/* Forgets all that arrived. The lock is held. */
static void forget(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (versions[i] != NULL) {
            struct version *version = versions[i];
            versions[i] = version->next;
            free(version->uniqueid);
            free(version->body);
            free(version);
        }
    }
    cJSON_Delete(recorded);
    cJSON_Delete(entries);
    recorded = entries = NULL;
    n_requests = n_connections = 0;
    max_in_flight = n_in_flight;
    era++;
}

static void begin_anew(void)
{
    recorded = need(cJSON_CreateArray());
    entries = need(cJSON_CreateArray());
}

static enum MHD_Result clear(struct MHD_Connection *connection)
{
    const char *with_rules = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "rules");
    pthread_mutex_lock(&lock);
    forget();
    begin_anew();
    if (with_rules != NULL && strcmp(with_rules, "1") == 0) {
        cJSON_Delete(rules);
        rules = NULL;
    }
    pthread_mutex_unlock(&lock);
    return answer(connection, 200, "{\"success\":true}");
}

static enum MHD_Result dispatch(const struct request *request, struct MHD_Connection *connection, const char *url,
    const char *method)
{
    static const struct { const char *method, *url; } known[] = {{"POST", CALL_RESULTS}, {"GET", "/api/v1/health"},
        {"PUT", "/_standin/rules"}, {"GET", "/_standin/state"}, {"POST", "/_standin/clear"}};
    size_t i = 0, end = sizeof known / sizeof *known;
    while (i < end && strcmp(url, known[i].url) != 0)
        i++;
    unsigned refusal = i == end ? 404 : strcmp(method, known[i].method) != 0 ? 405 : 0;
    if (refusal != 0) {
        note(request, "status", cJSON_CreateNumber(refusal));
        return send_response(connection, refusal, plain(http_error(refusal)));
    }
    switch (i) {
    case 0: return call_results(request, connection);
    case 1: return answer(connection, 200, "{\"success\":true}");
    case 2: return set_rules(request, connection);
    case 3: return tell_state(connection);
    default: return clear(connection);
    }
}

/* Counts a request that begins, and enters it in the log when it goes to the path of the call results. */
static void begin(struct request *request, struct MHD_Connection *connection, const char *url)
{
    uintptr_t *counted_in = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    const char *key = header_of(connection, "x-api-key");
    if (strncmp(url, "/_standin/", 10) == 0)
        return;
    pthread_mutex_lock(&lock);
    request->seq = ++n_requests;
    request->era = era;
    request->key_ok = key != NULL && strcmp(key, api_key) == 0;
    request->logged = strcmp(url, CALL_RESULTS) == 0;
    if (*counted_in != era)
        n_connections++;
    *counted_in = era;
    if (request->logged) {
        cJSON *entry = request->entry = need(cJSON_CreateObject());
        cJSON_AddNumberToObject(entry, "seq", request->seq);
        cJSON_AddNumberToObject(entry, "at_ms", (double)now_ms());
        cJSON_AddNullToObject(entry, "uniqueid");
        cJSON_AddNumberToObject(entry, "status", 0); /* stays 0 when there is no answer */
        cJSON_AddNumberToObject(entry, "took_ms", 0);
        add_text(entry, "action", "answer");
        cJSON_AddBoolToObject(entry, "key_ok", request->key_ok);
        cJSON_AddFalseToObject(entry, "duplicate");
        add_text(entry, "idempotency_key", header_of(connection, "Idempotency-Key"));
        add_text(entry, "content_type", header_of(connection, "Content-Type"));
        cJSON_AddItemToArray(entries, entry);
        request->is_in_flight = true;
        if (++n_in_flight > max_in_flight)
            max_in_flight = n_in_flight;
    }
    pthread_mutex_unlock(&lock);
}

/* The request has its answer. Said before the answer is sent: a client that reads it may ask again at once. */
static void leave(struct request *request)
{
    pthread_mutex_lock(&lock);
    n_in_flight -= request->is_in_flight ? 1 : 0;
    request->is_in_flight = false;
    pthread_mutex_unlock(&lock);
}

/* libmicrohttpd's calls: on_request first with the headers only, then with each piece of the body, then once with
 * none; on_end when all is said or the client is gone; on_connection at either end of a connection. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
    const char *http_version, const char *piece, size_t *size, void **context)
{
    (void)cls, (void)http_version;
    struct request *request = *context;
    if (request == NULL) {
        request = *context = need(calloc(1, sizeof *request));
        request->body = copy("");
        begin(request, connection, url);
        return MHD_YES;
    }
    if (*size == 0) {
        enum MHD_Result result = dispatch(request, connection, url, method);
        leave(request);
        return result;
    }
    request->body = need(realloc(request->body, request->size + *size + 1));
    memcpy(request->body + request->size, piece, *size);
    request->size += *size;
    request->body[request->size] = '\0';
    *size = 0;
    return MHD_YES;
}

static void on_end(void *cls, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode how)
{
    (void)cls, (void)connection, (void)how;
    struct request *request = *context;
    if (request == NULL)
        return;
    leave(request);
    free(request->body);
    free(request);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **counted_in,
    enum MHD_ConnectionNotificationCode what)
{
    (void)cls, (void)connection;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *counted_in = need(calloc(1, sizeof(uintptr_t)));
    else
        free(*counted_in);
}

/* ---- the program ---- */

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "standin: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* The text of a file; NULL for no path. */
static char *file_text(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    if (path == NULL)
        return NULL;
    FILE *in = fopen(path, "r");
    if (in == NULL || getdelim(&text, &size, '\0', in) < 0)
        give_up(path);
    fclose(in);
    return text;
}

/* Whoever waits for the file must never find half a number in it. */
static void write_port(const char *path, unsigned port)
{
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    FILE *out = fopen(temporary, "w");
    if (out == NULL || fprintf(out, "%u\n", port) < 0 || fclose(out) != 0 || rename(temporary, path) != 0)
        give_up(path);
}

static struct MHD_Daemon *listen_on(uint16_t port, const char *cert, const char *key)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, file_text(cert)},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, file_text(key)}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem nothing[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | (cert == NULL ? 0 : MHD_USE_TLS);
    struct MHD_Daemon *daemon = MHD_start_daemon(flags, port, NULL, NULL, on_request, NULL,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, 512U,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
        MHD_OPTION_ARRAY, cert == NULL ? nothing : tls, MHD_OPTION_END);
    if (daemon == NULL)
        give_up("cannot listen");
    free(tls[0].ptr_value);
    free(tls[1].ptr_value);
    return daemon;
}

/* Waits for SIGTERM or SIGINT (blocked, so that they wait for us), wakes what sleeps and ends the server. */
static void serve(struct MHD_Daemon *daemon, const sigset_t *ends)
{
    int caught;
    sigwait(ends, &caught);
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_cond_broadcast(&stop_now);
    pthread_cond_broadcast(&slot_free);
    pthread_mutex_unlock(&lock);
    MHD_stop_daemon(daemon);
    forget();
    cJSON_Delete(rules);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"key", 1, NULL, 'k'}, {"port", 1, NULL, 'p'}, {"port-file", 1, NULL, 'f'},
        {"tls-cert", 1, NULL, 'c'}, {"tls-key", 1, NULL, 's'}, {"quiet", 0, NULL, 'q'},
        {"published", 0, NULL, 'P'}, {NULL, 0, NULL, 0}};
    const char *port_file = NULL, *cert = NULL, *key = NULL;
    unsigned long port = 0;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'k': api_key = optarg; break;
        case 'p': port = strtoul(optarg, NULL, 10); break;
        case 'f': port_file = optarg; break;
        case 'c': cert = optarg; break;
        case 's': key = optarg; break;
        case 'q': quiet = true; break;
        case 'P': published = true; break;
        default: api_key = NULL; optind = argc + 1; break;
        }
    }
    if (api_key == NULL || optind != argc || port > UINT16_MAX || (cert == NULL) != (key == NULL)) {
        fputs("usage: standin --key KEY [--port N] [--port-file FILE] [--tls-cert FILE --tls-key FILE] [--quiet] "
              "[--published]\n",
              stderr);
        return 64;
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* no stand-in outlives the test that started it */
    setlocale(LC_CTYPE, "C.UTF-8");   /* parse relies on it */
    begin_anew();
    struct MHD_Daemon *daemon = listen_on((uint16_t)port, cert, key);
    unsigned chosen = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    printf("listening on %s://127.0.0.1:%u\n", cert == NULL ? "http" : "https", chosen);
    fflush(stdout);
    if (port_file != NULL)
        write_port(port_file, chosen);
    serve(daemon, &ends);
    return 0;
}
