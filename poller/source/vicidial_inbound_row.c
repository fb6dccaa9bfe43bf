/* vicidial_inbound_row: a row of vicidial_closer_log as a call. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "source/vicidial_inbound_row.h"

/* The dialer sets the end of a call at most 6 hours after its begin (FastAGI_log.pl), the agent's screen at most 4
 * (vdc_db_query.php). */
#define NO_END_AFTER_SEC (6 * 3600)

/* After a transfer the agent chooses the disposition; without one XFER stays. */
#define TRANSFER_WAIT_SEC 3600

enum extra { DIRECTION, DID, QUEUE_SECONDS, TRANSFER_OF, LEAD_ID, LIST_ID, PHONE_CODE, USER_GROUP, TERM_REASON,
             COMMENTS, CALLED_COUNT, CALL_DATE };

/* Never change in_fingerprint of an extra: ledgers store the fingerprints. */
const struct call_shape vicidial_inbound_shape = { .extras = { [DIRECTION] = { .name = "direction" },
                                                      [DID] = { .name = "did", .is_looked_up = true },
                                                      [QUEUE_SECONDS] = { .name = "queue_seconds" },
                                                      [TRANSFER_OF] = { .name = "transfer_of" },
                                                      [LEAD_ID] = { .name = "lead_id" },
                                                      [LIST_ID] = { .name = "list_id" },
                                                      [PHONE_CODE] = { .name = "phone_code" },
                                                      [USER_GROUP] = { .name = "user_group" },
                                                      [TERM_REASON] = { .name = "term_reason", .in_fingerprint = true },
                                                      [COMMENTS] = { .name = "comments" },
                                                      [CALLED_COUNT] = { .name = "called_count" },
                                                      [CALL_DATE] = { .name = "call_date" } } };

static int64_t number_of(const char *text, int64_t fallback)
{
    int64_t number = fallback;
    return text != NULL && str_to_int(text, &number) ? number : fallback;
}

/* VICIdial's epoch columns are INT. A larger number is no epoch, and arithmetic with it could overflow. */
static int64_t epoch_of(const char *text, int64_t fallback)
{
    const int64_t most = INT64_C(1) << 40;
    int64_t epoch = number_of(text, fallback);
    return epoch >= -most && epoch <= most ? epoch : fallback;
}

/* A DECIMAL, rounded to whole seconds. */
static int64_t seconds_of(const char *text)
{
    char whole[24];
    const char *dot = strchr(str_or_empty(text), '.');
    if (dot == NULL)
        return number_of(text, CALL_NO_NUMBER);
    (void)snprintf(whole, sizeof whole, "%.*s", (int)(dot - text), text);
    int64_t seconds = number_of(whole, CALL_NO_NUMBER);
    return seconds != CALL_NO_NUMBER && dot[1] >= '5' && dot[1] <= '9' ? seconds + 1 : seconds;
}

/* ---- ids ---- */

void vicidial_inbound_row_id(const char *uniqueid, const char *start_epoch, const char *closecallid, char *out,
                             size_t size)
{
    const char *first = *str_or_empty(uniqueid) != '\0' ? uniqueid : str_or_empty(start_epoch);
    (void)snprintf(out, size, "%.100s/c%.30s", first, str_or_empty(closecallid));
}

const char *vicidial_inbound_row_closecallid(const char *id)
{
    int64_t number = 0;
    const char *slash = strrchr(id, '/');
    if (slash == NULL || slash[1] != 'c' || !str_to_int(slash + 2, &number) || number < 0)
        return NULL;
    return slash + 2;
}

/* ---- when a call is final ---- */

static bool is_remote(const char *comments)
{
    return strcasecmp(str_or_empty(comments), "REMOTE") == 0;
}

/* An agent's screen writes a disposition at any time after the call (vdc_db_query.php finds the row by lead and user
 * alone), so the longest wait is a setting. ALTNUM: the agent dials another number of the lead, and then chooses. */
static int64_t wait_sec(const struct call *call, const char *comments, const struct vicidial_inbound_rules *rules)
{
    const char *status = str_or_empty(call->status);
    if (*status == '\0' || str_in_list(rules->settings->not_final, status) || strcasecmp(status, "ALTNUM") == 0)
        return rules->disposition_wait_sec;
    if (strcasecmp(status, "XFER") == 0)
        return is_remote(comments) ? 0 : TRANSFER_WAIT_SEC;
    return str_in_list(rules->settings->unsettled, status) ? rules->settings->unsettled_hold : 0;
}

/* VICIdial writes a disposition, but no end, for a call of more than 4 hours. A row stays QUEUE without an end if the
 * caller left the queue and got a new row, or if the dialer crashed. Such a row is no call. */
static int64_t end_of(const struct call *call, int64_t made, int64_t wait)
{
    if (call->ended > 0 || made <= 0 || wait > 0 || call->age < NO_END_AFTER_SEC)
        return call->ended > 0 ? call->ended : 0;
    return made + NO_END_AFTER_SEC;
}

static void set_finality(struct call *call, const char *comments, int64_t made,
                         const struct vicidial_inbound_rules *rules)
{
    int64_t wait = wait_sec(call, comments, rules);
    call->ended = end_of(call, made, wait);
    call->finality = call->ended > 0 ? CALL_FINAL : CALL_NOT_ENDED;
    if (call->finality == CALL_NOT_ENDED || wait == 0)
        return;
    call->finality = CALL_NOT_FINAL;
    call->wait_until = call->ended + wait;
}

/* ---- the call ---- */

/* Sets the columns that have no member in struct call. */
static void set_extras(struct call *call, const char *const *row, struct vicidial_inbound_room *room)
{
    static const struct { enum extra extra; enum inbound_column column; } columns[] = {
        { LEAD_ID, INBOUND_LEAD_ID },         { LIST_ID, INBOUND_LIST_ID },   { PHONE_CODE, INBOUND_PHONE_CODE },
        { USER_GROUP, INBOUND_USER_GROUP },   { TERM_REASON, INBOUND_TERM_REASON },
        { COMMENTS, INBOUND_COMMENTS },       { CALLED_COUNT, INBOUND_CALLED_COUNT },
        { CALL_DATE, INBOUND_CALL_DATE },
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        call->extras[columns[i].extra] = row[columns[i].column];
    call->extras[DIRECTION] = call_direction_name(CALL_INBOUND);
    int64_t queue = seconds_of(row[INBOUND_QUEUE_SECONDS]);
    if (queue != CALL_NO_NUMBER)
        (void)snprintf(room->queue, sizeof room->queue, "%lld", (long long)queue);
    call->extras[QUEUE_SECONDS] = queue != CALL_NO_NUMBER ? room->queue : NULL;
    if (number_of(row[INBOUND_XFERCALLID], 0) > 0)
        call->extras[TRANSFER_OF] = row[INBOUND_UNIQUEID];
}

/* The time with the agent. length_in_sec also includes the time in the queue. */
static int64_t talk_of(const char *const *row)
{
    int64_t length = number_of(row[INBOUND_LENGTH_IN_SEC], CALL_NO_NUMBER);
    int64_t queue = seconds_of(row[INBOUND_QUEUE_SECONDS]);
    if (length == CALL_NO_NUMBER || queue == CALL_NO_NUMBER)
        return length;
    return length > queue ? length - queue : 0;
}

struct call vicidial_inbound_row_call(const char *const *row, const struct zone *zone,
                                      const struct vicidial_inbound_rules *rules, struct vicidial_inbound_room *room,
                                      bool *ret_wanted)
{
    const char *comments = str_or_empty(row[INBOUND_COMMENTS]);
    vicidial_inbound_row_id(row[INBOUND_UNIQUEID], row[INBOUND_START_EPOCH], row[INBOUND_CLOSECALLID], room->id,
                            sizeof room->id);
    struct call call = { .id = room->id,
                         .campaign = row[INBOUND_CAMPAIGN_ID],
                         .number = row[INBOUND_PHONE_NUMBER],
                         .agent = row[INBOUND_USER],
                         .status = row[INBOUND_STATUS],
                         .started = epoch_of(row[INBOUND_START_EPOCH], CALL_NO_NUMBER),
                         .ended = epoch_of(row[INBOUND_END_EPOCH], 0),
                         .length = talk_of(row),
                         .age = -1,
                         .direction = CALL_INBOUND,
                         .shape = &vicidial_inbound_shape };
    set_extras(&call, row, room);
    int64_t now = epoch_of(row[INBOUND_NOW], 0);
    int64_t made = zone_made(zone, epoch_of(row[INBOUND_LOCAL_SEC], 0), call_number(call.started, 0),
                             call.ended > 0 ? call.ended : 0, &call.is_oddly_dated);
    call.began = made > 0 ? made : 0;
    if (made > 0 && now > 0)
        call.age = now > made ? now - made : 0;
    set_finality(&call, comments, made, rules);
    *ret_wanted = rules->with_messages || (strcasecmp(comments, "EMAIL") != 0 && strcasecmp(comments, "CHAT") != 0);
    return call;
}

void vicidial_inbound_row_set_did(struct call *call, const char *did)
{
    call->extras[DID] = did;
    call->looked_up |= UINT32_C(1) << DID;
}
