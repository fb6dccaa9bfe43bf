/* asterisk_group: makes a call from the rows of one linkedid. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "source/asterisk_group.h"

/* Asterisk reads a channel's epoch and its row's start one after the other, and cuts both to seconds. */
#define CLOCK_SLACK_SEC 2

/* ---- which rows ---- */

static int compare_rows(const void *left, const void *right)
{
    struct asterisk_row *const *a = left, *const *b = right;
    return asterisk_row_compare(*a, *b);
}

size_t asterisk_group_sort(struct asterisk_row **rows, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(rows, count, sizeof(struct asterisk_row *), compare_rows);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && asterisk_row_compare(rows[kept - 1], rows[i]) == 0)
            free(rows[i]);
        else
            rows[kept++] = rows[i];
    }
    return kept;
}

size_t asterisk_group_length(struct asterisk_row *const *rows, size_t count)
{
    size_t length = count > 0 ? 1 : 0;
    while (length > 0 && length < count && strcmp(rows[0]->id, rows[length]->id) == 0)
        length++;
    return length;
}

/* ---- when ---- */

/* The earliest time that calldate can mean and that is not before the channel's epoch; -1: no such time. */
static int64_t earliest(const struct asterisk_row *row, const struct zone *zone, int64_t *ret_offset)
{
    int64_t best = -1;
    for (size_t i = 0; i < zone->count; i++) {
        int64_t start = row->local_sec - zone->offsets[i].sec;
        if (start >= row->channel_epoch - CLOCK_SLACK_SEC && start >= 0 && (best < 0 || start < best)) {
            best = start;
            *ret_offset = zone->offsets[i].sec;
        }
    }
    return best;
}

/* The offset by which a row starts soonest after its channel's epoch. A wrong offset (the other pass of a repeated
 * hour, or a zone used until yesterday) gives a start that is hours later. False: no row has a channel's epoch. */
static bool find_offset(struct asterisk_row *const *rows, size_t count, const struct zone *zone, int64_t *ret_offset)
{
    int64_t closest = INT64_MAX, offset = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t start = rows[i]->channel_epoch > 0 ? earliest(rows[i], zone, &offset) : -1;
        if (start < 0 || start - rows[i]->channel_epoch >= closest)
            continue;
        closest = start - rows[i]->channel_epoch;
        *ret_offset = offset;
    }
    return closest != INT64_MAX;
}

bool asterisk_group_date(struct asterisk_row *const *rows, size_t count, const struct zone *zone)
{
    int64_t usual = 0, other = 0;
    bool is_known = find_offset(rows, count, zone, &usual);
    if (!is_known && zone->count > 0)
        usual = zone->offsets[0].sec;
    for (size_t i = 0; i < count; i++) {
        struct asterisk_row *row = rows[i];
        row->started = row->local_sec - usual;
        if (row->channel_epoch == 0 || (is_known && row->started >= row->channel_epoch - CLOCK_SLACK_SEC))
            continue;
        int64_t start = earliest(row, zone, &other);
        row->started = start >= 0 ? start : row->channel_epoch;
    }
    return is_known || rows[0]->channel_epoch == 0;
}

static int64_t end_of(const struct asterisk_row *row)
{
    return row->started + row->duration;
}

/* ---- who answered ---- */

/* Whether an application, not a person, answered the call. */
static bool is_machine(const struct asterisk_row *row)
{
    static const char *const with_people[] = { "ConfBridge", "MeetMe", "Conference" };
    for (size_t i = 0; i < sizeof with_people / sizeof with_people[0]; i++)
        if (asterisk_row_is(row, ASTERISK_LASTAPP, with_people[i]))
            return false;
    return !asterisk_row_has(row, ASTERISK_DSTCHANNEL);
}

/* FreePBX dials vmu101, vmb101 or vms101 for the mailbox of 101. In old versions such a row also has a dstchannel. */
static bool is_voicemail(const struct asterisk_row *row)
{
    const char *dst = row->text[ASTERISK_DST];
    return strncasecmp(row->text[ASTERISK_LASTAPP], "VoiceMail", 9) == 0 ||
           (strncasecmp(dst, "vm", 2) == 0 && strchr("ubsUBS", dst[2]) != NULL && strlen(dst) > 3);
}

/* The rows of one call. */
struct rows {
    struct asterisk_row *const *items;
    size_t count;
    bool has_leg; /* a row begins at a Local channel, as the phones of a queue or ring group do */
};

static bool is_answered(const struct asterisk_row *row)
{
    return asterisk_row_is(row, ASTERISK_DISPOSITION, "ANSWERED");
}

/* Whether the row begins at a Local channel: another row had this person called. */
static bool is_leg(const struct asterisk_row *row)
{
    return asterisk_party_is_local(row->text[ASTERISK_CHANNEL]) && asterisk_row_has(row, ASTERISK_DSTCHANNEL) &&
           !asterisk_party_is_local(row->text[ASTERISK_DSTCHANNEL]);
}

/* Whether a person answered in this row. A queue, or a row that leads to a Local channel, is answered before any agent
 * answers. In that case only the agents' own rows count. */
static bool reached_person(const struct rows *rows, const struct asterisk_row *row)
{
    bool is_indirect = asterisk_party_is_local(row->text[ASTERISK_DSTCHANNEL]);
    if (!is_answered(row) || is_machine(row) || is_voicemail(row))
        return false;
    return !is_indirect || !rows->has_leg;
}

static struct rows rows_of(struct asterisk_row *const *items, size_t count)
{
    struct rows rows = { .items = items, .count = count };
    for (size_t i = 0; i < count; i++)
        rows.has_leg = rows.has_leg || is_leg(items[i]);
    return rows;
}

/* ---- the result ---- */

static const struct {
    const char *disposition, *dial_status; /* dial_status: the application Dial's word for the disposition */
} results[] = { { "ANSWERED", "ANSWER" },
                { "BUSY", "BUSY" },
                { "NO ANSWER", "NOANSWER" },
                { "CONGESTION", "CONGESTION" },
                { "FAILED", "CHANUNAVAIL" } };

enum { ANSWERED, BUSY, NO_ANSWER, CONGESTION, FAILED, RESULTS, MACHINE = RESULTS, OTHER };

/* The row with the lowest rank gives the call its disposition. A mailbox or a queue counts as no answer, because the
 * caller wanted a person. A menu counts as an answer only if nobody was called. */
static int rank_of(const struct rows *rows, const struct asterisk_row *row)
{
    if (is_answered(row) && !reached_person(rows, row)) {
        bool meant_person = is_voicemail(row) || asterisk_row_is(row, ASTERISK_LASTAPP, "Queue") ||
                            asterisk_row_has(row, ASTERISK_DSTCHANNEL);
        return meant_person ? NO_ANSWER : MACHINE;
    }
    for (int i = 0; i < RESULTS; i++)
        if (asterisk_row_is(row, ASTERISK_DISPOSITION, results[i].disposition))
            return i;
    return OTHER;
}

/* The row that gives the call its disposition. If several rows are answered, the one with the longest talk. */
static const struct asterisk_row *find_best(const struct rows *rows, int *ret_rank)
{
    const struct asterisk_row *best = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        const struct asterisk_row *row = rows->items[i];
        int rank = rank_of(rows, row);
        if (best == NULL || rank < *ret_rank ||
            (rank == ANSWERED && *ret_rank == ANSWERED && row->billsec > best->billsec)) {
            best = row;
            *ret_rank = rank;
        }
    }
    return best;
}

/* The seconds in which a person talked. Rows may overlap, for example when an agent puts a caller on hold and calls a
 * colleague. The overlap counts once, so the talk is never longer than the call. */
static int64_t talk_of(const struct rows *rows)
{
    int64_t talk = 0, counted_to = INT64_MIN, greatest = 0;
    bool any = false;
    for (;;) {
        const struct asterisk_row *next = NULL;
        for (size_t i = 0; i < rows->count; i++) {
            const struct asterisk_row *row = rows->items[i];
            greatest = is_answered(row) && row->billsec > greatest ? row->billsec : greatest;
            if (reached_person(rows, row) && end_of(row) > counted_to &&
                (next == NULL || end_of(row) - row->billsec < end_of(next) - next->billsec))
                next = row;
        }
        if (next == NULL)
            return any ? talk : greatest;
        int64_t from = end_of(next) - next->billsec;
        talk += end_of(next) - (from > counted_to ? from : counted_to);
        counted_to = end_of(next);
        any = true;
    }
}

static const char *answered_by(const struct rows *rows, int rank)
{
    const char *found = NULL;
    if (rank == ANSWERED)
        return "person";
    for (size_t i = 0; i < rows->count; i++) {
        const struct asterisk_row *row = rows->items[i];
        if (!is_answered(row))
            continue;
        if (is_voicemail(row))
            return "voicemail";
        found = asterisk_row_is(row, ASTERISK_LASTAPP, "Queue") ? "queue" : found == NULL ? "machine" : found;
    }
    return found;
}

/* ---- who ---- */

/* The earliest row of the call's first channel; if there is none, the call's earliest row. */
static const struct asterisk_row *find_head(const struct rows *rows, bool *ret_found)
{
    const struct asterisk_row *head = NULL, *first = rows->items[0];
    for (size_t i = 0; i < rows->count; i++) {
        const struct asterisk_row *row = rows->items[i];
        if (row->started < first->started)
            first = row;
        if (strcmp(row->text[ASTERISK_UNIQUEID], row->id) == 0 && (head == NULL || row->started < head->started))
            head = row;
    }
    *ret_found = head != NULL || first->is_weak;
    return head != NULL ? head : first;
}

/* The first non-empty text of a column; NULL: all are empty. */
static const char *first_of(const struct rows *rows, enum asterisk_column column)
{
    for (size_t i = 0; i < rows->count; i++)
        if (asterisk_row_has(rows->items[i], column))
            return rows->items[i]->text[column];
    return NULL;
}

/* The row that went out through a trunk: best if it did, otherwise the first such row. NULL: no row did. */
static const struct asterisk_row *find_trunk(const struct rows *rows, const struct asterisk_row *best,
                                             const char *trunks)
{
    if (asterisk_party_is_trunk(best->text[ASTERISK_DSTCHANNEL], trunks))
        return best;
    for (size_t i = 0; i < rows->count; i++)
        if (asterisk_party_is_trunk(rows->items[i]->text[ASTERISK_DSTCHANNEL], trunks))
            return rows->items[i];
    return NULL;
}

/* FreePBX sets did on inbound routes and outbound_cnum on outbound routes. Otherwise the channels' names decide. If a
 * channel could not be created, its row has no dstchannel. */
static enum call_direction direction_of(const struct rows *rows, const struct asterisk_row *head, bool goes_out,
                                        const char *trunks)
{
    bool comes_in = asterisk_party_is_trunk(head->text[ASTERISK_CHANNEL], trunks);
    if (first_of(rows, ASTERISK_DID) != NULL)
        return CALL_INBOUND;
    if (first_of(rows, ASTERISK_OUTBOUND_CNUM) != NULL)
        return CALL_OUTBOUND;
    if (comes_in && goes_out) /* a forwarded call; or, if trunks is not set, a phone with a name */
        return *trunks == '\0' && !asterisk_party_is_external(head->text[ASTERISK_SRC]) &&
               asterisk_party_is_external(head->text[ASTERISK_DST]) ? CALL_OUTBOUND : CALL_INBOUND;
    if (comes_in)
        return CALL_INBOUND;
    return goes_out || asterisk_party_is_external(head->text[ASTERISK_DST]) ? CALL_OUTBOUND : CALL_INTERNAL;
}

/* The customer's number of an outbound call. If dst is s, h or a feature code, the number is in Dial's arguments. */
static const char *number_called(const struct rows *rows, const struct asterisk_row *head,
                                 const struct asterisk_row *trunk, char out[ASTERISK_PARTY_SIZE])
{
    if (trunk != NULL && asterisk_party_is_number(trunk->text[ASTERISK_DST]))
        return trunk->text[ASTERISK_DST];
    if (trunk != NULL && *asterisk_party_dialled(trunk->text[ASTERISK_LASTDATA], out) != '\0')
        return out;
    for (size_t i = 0; i < rows->count; i++)
        if (asterisk_party_is_external(rows->items[i]->text[ASTERISK_DST]))
            return rows->items[i]->text[ASTERISK_DST];
    return head->text[ASTERISK_DST];
}

/* The API accepts no call without a number, so a withheld number becomes "anonymous". */
static const char *number_calling(const struct asterisk_row *head, char out[ASTERISK_PARTY_SIZE])
{
    if (asterisk_row_has(head, ASTERISK_SRC))
        return head->text[ASTERISK_SRC];
    return *asterisk_party_caller(head->text[ASTERISK_CLID], out) != '\0' ? out : "anonymous";
}

/* The extension of the agent; NULL: none. */
static const char *agent_of(const struct asterisk_row *head, const struct asterisk_row *best, int rank,
                            enum call_direction direction, char out[ASTERISK_PARTY_SIZE])
{
    const char *channel = head->text[ASTERISK_CHANNEL];
    if (direction == CALL_INBOUND && rank != ANSWERED)
        return NULL;
    if (direction == CALL_INBOUND)
        channel = best->text[ASTERISK_DSTCHANNEL];
    else if (asterisk_row_has(head, ASTERISK_CNUM))
        return head->text[ASTERISK_CNUM];
    return *asterisk_party_peer(channel, out) != '\0' ? out : NULL;
}

/* ---- the call ---- */

enum extra { DID, OUTBOUND_CNUM, BILLSEC, DIAL_STATUS, ANSWERED_BY, RECORDINGFILE, DESTINATION, DCONTEXT, CLID,
             USERFIELD, CALL_DATE };

/* Never change which extras have in_fingerprint: ledgers store the fingerprints. */
const struct call_shape asterisk_group_shape = {
    .extras = { [DID] = { .name = "did" },
                [OUTBOUND_CNUM] = { .name = "outbound_cnum" },
                [BILLSEC] = { .name = "billsec", .in_fingerprint = true },
                [DIAL_STATUS] = { .name = "dial_status" },
                [ANSWERED_BY] = { .name = "answered_by" },
                [RECORDINGFILE] = { .name = "recordingfile" },
                [DESTINATION] = { .name = "destination" },
                [DCONTEXT] = { .name = "dcontext" },
                [CLID] = { .name = "clid" },
                [USERFIELD] = { .name = "userfield" },
                [CALL_DATE] = { .name = "call_date" } },
};

static void set_result(const struct rows *rows, const struct asterisk_row *best, int rank,
                       struct asterisk_call *made)
{
    struct call *call = &made->call;
    if (rank == MACHINE)
        call->status = results[ANSWERED].disposition;
    else
        call->status = rank < RESULTS ? results[rank].disposition : best->text[ASTERISK_DISPOSITION];
    if (*call->status == '\0')
        call->status = "UNKNOWN"; /* the API accepts no empty disposition */
    for (int i = 0; i < RESULTS; i++)
        if (strcmp(call->status, results[i].disposition) == 0)
            call->extras[DIAL_STATUS] = results[i].dial_status;
    bool talked = rank == ANSWERED || rank == MACHINE;
    (void)snprintf(made->talk, sizeof made->talk, "%" PRId64, talked ? talk_of(rows) : 0);
    call->extras[BILLSEC] = made->talk;
    call->extras[ANSWERED_BY] = answered_by(rows, rank);
}

static void set_parties(const struct rows *rows, const struct asterisk_row *head, const struct asterisk_row *best,
                        int rank, const struct asterisk_rules *rules, struct asterisk_call *made)
{
    struct call *call = &made->call;
    const struct asterisk_row *trunk = find_trunk(rows, best, rules->trunks);
    call->direction = direction_of(rows, head, trunk != NULL, rules->trunks);
    call->number = call->direction == CALL_INBOUND ? number_calling(head, made->number)
                                                   : number_called(rows, head, trunk, made->number);
    call->agent = agent_of(head, best, rank, call->direction, made->agent);
    const char *campaign = first_of(rows, ASTERISK_ACCOUNTCODE);
    call->campaign = campaign != NULL ? campaign : rules->campaign;
    call->extras[DID] = first_of(rows, ASTERISK_DID);
    call->extras[OUTBOUND_CNUM] = first_of(rows, ASTERISK_OUTBOUND_CNUM);
    call->extras[RECORDINGFILE] = first_of(rows, ASTERISK_RECORDINGFILE);
    call->extras[USERFIELD] = first_of(rows, ASTERISK_USERFIELD);
    call->extras[DESTINATION] = head->text[ASTERISK_DST];
    call->extras[DCONTEXT] = head->text[ASTERISK_DCONTEXT];
    call->extras[CLID] = head->text[ASTERISK_CLID];
    call->extras[CALL_DATE] = head->text[ASTERISK_CALLDATE];
}

static void set_finality(struct asterisk_call *made, bool has_head, const struct asterisk_rules *rules)
{
    struct call *call = &made->call;
    call->wait_until = call->ended + rules->settle_sec + (has_head ? 0 : ASTERISK_HEAD_WAIT_SEC);
    call->finality = rules->now < call->wait_until ? CALL_NOT_FINAL : CALL_FINAL;
}

void asterisk_group_call(struct asterisk_row *const *items, size_t count, const struct asterisk_rules *rules,
                         struct asterisk_call *ret_call)
{
    bool has_head = false;
    int rank = OTHER;
    *ret_call = (struct asterisk_call){ .call = { .id = items[0]->id, .shape = &asterisk_group_shape } };
    struct call *call = &ret_call->call;
    call->is_oddly_dated = !asterisk_group_date(items, count, rules->zone);
    call->started = items[0]->started;
    call->ended = end_of(items[0]);
    for (size_t i = 1; i < count; i++) {
        call->started = items[i]->started < call->started ? items[i]->started : call->started;
        call->ended = end_of(items[i]) > call->ended ? end_of(items[i]) : call->ended;
    }
    call->length = call->ended - call->started;
    ret_call->made = items[0]->call_epoch > 0 ? items[0]->call_epoch : call->started;
    call->age = rules->now > ret_call->made ? rules->now - ret_call->made : 0;
    const struct rows rows = rows_of(items, count);
    const struct asterisk_row *head = find_head(&rows, &has_head), *best = find_best(&rows, &rank);
    set_result(&rows, best, rank, ret_call);
    set_parties(&rows, head, best, rank, rules, ret_call);
    set_finality(ret_call, has_head, rules);
}
