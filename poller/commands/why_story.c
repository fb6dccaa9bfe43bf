/* why_story: what the ledger, and perhaps the source, know of one call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "commands/why_story.h"
#include "domain/decision.h"

static const char *const state_names[] = {
    [CALL_UNKNOWN] = "unknown", [CALL_ACCEPTED] = "accepted",  [CALL_PENDING] = "pending",
    [CALL_WAITING] = "waiting",  [CALL_REJECTED] = "rejected", [CALL_DISCARDED] = "discarded",
};

/* ---- the ledger ---- */

static char *copy(const char *text)
{
    return text != NULL ? mem_copy(text) : NULL;
}

static struct records_attempt copy_attempt(const struct records_attempt *attempt)
{
    struct records_attempt own = *attempt;
    own.reason = copy(attempt->reason);
    own.status = copy(attempt->status);
    own.result = copy(attempt->result);
    own.agent = copy(attempt->agent);
    return own;
}

static void free_attempt(struct records_attempt *attempt)
{
    free((char *)attempt->reason);
    free((char *)attempt->status);
    free((char *)attempt->result);
    free((char *)attempt->agent);
}

static void keep_call(void *context, const struct records_call *call)
{
    struct why_story *story = context;
    story->known = true;
    story->call = *call;
    if (call->record.state < CALL_UNKNOWN || call->record.state > CALL_DISCARDED)
        story->call.record.state = CALL_UNKNOWN;
    story->call.last = copy_attempt(&call->last);
    story->call.reason = story->call.last.reason;
    story->call.campaign = copy(call->campaign);
    story->call.phone = copy(call->phone);
}

static void keep_attempt(void *context, const struct records_attempt *attempt)
{
    struct why_story *story = context;
    story->attempts = mem_resize(story->attempts, (size_t)story->attempt_count + 1, sizeof *story->attempts);
    story->attempts[story->attempt_count++] = copy_attempt(attempt);
}

void why_story_free(struct why_story *story)
{
    for (int64_t i = 0; i < story->attempt_count; i++)
        free_attempt(&story->attempts[i]);
    free(story->attempts);
    if (story->known) {
        free_attempt(&story->call.last);
        free((char *)story->call.campaign);
        free((char *)story->call.phone);
    }
    free(story->row);
}

/* Masking may write into the texts, because they are copies. */
void why_story_mask(struct why_story *story, why_story_hide *hide)
{
    char *phone = copy(story->call.phone);
    hide((char *)story->call.reason, phone);
    hide((char *)story->call.phone, phone);
    for (int64_t i = 0; i < story->attempt_count; i++)
        hide((char *)story->attempts[i].reason, phone);
    free(phone);
    phone = story->row != NULL ? copy(story->row->number) : NULL;
    if (phone != NULL)
        hide((char *)story->row->number, phone);
    free(phone);
}

int why_story_read(struct ledger *ledger, struct why_story *story, struct err *err)
{
    struct explanation_facts *facts = &story->facts;
    int64_t outage_since = 0;
    bool has_floor = false, has_checkpoint = false;
    int result = records_find_call(ledger, story->uniqueid, keep_call, story, err);
    if (result == 0)
        result = records_list_attempts(ledger, story->uniqueid, keep_attempt, story, err);
    if (result == 0)
        result = ledger_read_place(ledger, LEDGER_FLOOR, &facts->floor, &has_floor, err);
    if (result == 0)
        result = ledger_read_place(ledger, LEDGER_CHECKPOINT, &facts->checkpoint, &has_checkpoint, err);
    if (result == 0)
        result = ledger_read_note(ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, err);
    facts->started = has_floor && has_checkpoint;
    facts->outage = outage_since != 0;
    if (story->known) {
        const struct records_call *call = &story->call;
        facts->record = call->record;
        facts->accepted = call->last.tried != RECORDS_UNKNOWN ? call->last.tried : call->updated;
        facts->due = call->due != RECORDS_UNKNOWN ? call->due : 0;
        facts->reason = call->reason;
    }
    return result;
}

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(str_or_empty(a), str_or_empty(b)) == 0;
}

bool why_story_is_change_of_extras(const struct why_story *story, const struct records_attempt *attempt)
{
    char ignored[40];
    int64_t number = attempt == &story->call.last ? story->attempt_count : attempt - story->attempts;
    const struct records_attempt *before = number > 0 ? &story->attempts[number - 1] : NULL;
    return *story->extras != '\0' && before != NULL && before->status != NULL && before->reason == NULL &&
           before->answer > 0 && sink_describe(story->sink, before->answer, ignored, sizeof ignored) &&
           is_same_text(before->status, attempt->status) && is_same_text(before->result, attempt->result) &&
           is_same_text(before->agent, attempt->agent) && before->length == attempt->length;
}

/* ---- JSON ---- */

static void add_attempt(struct json *object, const struct why_story *story, const struct records_attempt *attempt)
{
    json_add_known(object, "time", attempt->tried, RECORDS_UNKNOWN);
    json_add_known(object, "answer", attempt->answer, RECORDS_UNKNOWN);
    json_add_known(object, "took_ms", attempt->took_ms, RECORDS_UNKNOWN);
    json_add_text(object, "reason", attempt->reason);
    json_add_text(object, "status", attempt->status);
    json_add_text(object, "result", attempt->result);
    json_add_known(object, "length", attempt->length, RECORDS_UNKNOWN);
    json_add_text(object, "agent", attempt->agent);
    if (why_story_is_change_of_extras(story, attempt))
        json_add_text(object, "changed", story->extras);
}

static void add_ledger(struct json *object, const struct why_story *story)
{
    const struct records_call *call = &story->call;
    if (!story->known) {
        json_add_null(object, "ledger");
        return;
    }
    struct json *ledger = json_add(object, "ledger", json_object());
    json_add_known(ledger, "end_epoch", call->end_epoch, RECORDS_UNKNOWN);
    if (call->direction >= CALL_OUTBOUND && call->direction <= CALL_INTERNAL)
        json_add_text(ledger, "direction", call_direction_name((enum call_direction)call->direction));
    json_add_text(ledger, "campaign", call->campaign);
    json_add_text(ledger, "phone", call->phone);
    json_add_known(ledger, "first_seen", call->seen, RECORDS_UNKNOWN);
    json_add_text(ledger, "status", call->last.status);
    json_add_known(ledger, "due", call->due, RECORDS_UNKNOWN);
    json_add_text(ledger, "reason", call->reason);
    json_add_known(ledger, "tries", call->tries, RECORDS_UNKNOWN);
    struct json *attempts = json_add(ledger, "attempts", json_array());
    for (int64_t i = 0; i < story->attempt_count; i++)
        add_attempt(json_append(attempts, json_object()), story, &story->attempts[i]);
    if (call->last.tried != RECORDS_UNKNOWN)
        add_attempt(json_append(attempts, json_object()), story, &call->last);
}

static void add_table(struct json *object, const struct why_story *story)
{
    const struct call *row = story->row;
    json_add_text(object, "table_problem", *story->problem != '\0' ? story->problem : NULL);
    if (row == NULL) {
        json_add_null(object, "table");
        return;
    }
    struct json *table = json_add(object, "table", json_object());
    json_add_text(table, "name", story->places[story->where == EXPLANATION_LIVE ? SOURCE_LIVE : SOURCE_ARCHIVE]);
    json_add_text(table, "status", row->status);
    json_add_known(table, "length", call_number(row->length, RECORDS_UNKNOWN), RECORDS_UNKNOWN);
    json_add_text(table, "agent", row->agent);
    json_add_text(table, "campaign", row->campaign);
    json_add_text(table, "phone", row->number);
    for (int i = 0; row->shape != NULL && i < CALL_MAX_EXTRAS; i++)
        if (row->shape->extras[i].in_fingerprint)
            json_add_text(table, row->shape->extras[i].name, row->extras[i]);
    json_add_known(table, "end_epoch", row->ended, 0);
}

struct json *why_story_json(const struct why_story *story)
{
    struct json *object = json_object();
    json_add_text(object, "uniqueid", story->uniqueid);
    json_add_text(object, "state", state_names[story->facts.record.state]);
    add_ledger(object, story);
    add_table(object, story);
    json_add_text(object, "explanation", story->sentence);
    return object;
}

/* ---- the explanation ---- */

void why_story_use_source(struct why_story *story, const struct source_ops *source)
{
    const struct call_shape *shape = source != NULL ? source->shape : NULL;
    story->facts.source = source != NULL ? source->title : NULL;
    for (int i = 0; shape != NULL && i < CALL_MAX_EXTRAS && shape->extras[i].name != NULL; i++)
        if (shape->extras[i].in_fingerprint) {
            size_t used = strlen(story->extras);
            (void)snprintf(story->extras + used, sizeof story->extras - used, "%s%s", used > 0 ? " or " : "",
                           shape->extras[i].name);
        }
}

/* A change that is no reason to send the call again counts as no change, as in engine.c. */
static void discount_change(struct why_story *story, const struct settings_sync *settings)
{
    struct call_record *record = &story->facts.record;
    const struct decision_accepted accepted = { .status = story->call.last.status, .agent = story->call.last.agent,
                                                .length = story->call.last.length };
    if (story->row != NULL && record->sent_before && record->version_unknown == 0 &&
        (settings->resend_changed == RESEND_FINAL || settings->ignores_extras) &&
        !decision_change_counts(story->row, &accepted, settings))
        record->fingerprint = call_fingerprint(story->row);
}

void why_story_explain(struct why_story *story, const struct settings_sync *settings)
{
    story->facts.row = story->where;
    story->facts.call = story->row;
    story->facts.settings = settings;
    story->facts.sink = story->sink != NULL ? story->sink->title : NULL;
    discount_change(story, settings);
    (void)explanation_of(&story->facts, story->sentence, sizeof story->sentence);
}

const char *why_story_state_name(enum call_state state)
{
    return state_names[state];
}
