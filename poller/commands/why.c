/* why: `did-optimizer-sync why UNIQUEID`, shows the status of one call at the API. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands/why.h"
#include "commands/why_attempt.h"
#include "config/profile.h"
#include "domain/explanation.h"
#include "engine/resources.h"
#include "engine/route.h"
#include "domain/decision.h"
#include "ledger/records.h"
#include "sink/sink.h"

/* The call as ledger and dialer know it. Its texts are copies. */
struct view {
    const char *uniqueid;
    bool known;               /* the ledger has the call */
    struct records_call call;
    struct records_attempt *attempts; /* before call.last, oldest first */
    int64_t attempt_count;
    struct call *row;         /* of the dialer's table; NULL: none */
    enum explanation_row where;
    const char *const *places; /* see struct source_ops */
    char problem[1200];       /* why the dialer's table could not be read */
    struct explanation_facts facts;
    const struct sink_ops *sink; /* the kind that explains the codes; NULL: unknown */
    char extras[200]; /* the names of the extras in the fingerprint, "term_reason"; "": none */
};

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
    struct view *view = context;
    view->known = true;
    view->call = *call;
    if (call->record.state < CALL_UNKNOWN || call->record.state > CALL_DISCARDED)
        view->call.record.state = CALL_UNKNOWN;
    view->call.last = copy_attempt(&call->last);
    view->call.reason = view->call.last.reason;
    view->call.campaign = copy(call->campaign);
    view->call.phone = copy(call->phone);
}

static void keep_attempt(void *context, const struct records_attempt *attempt)
{
    struct view *view = context;
    view->attempts = mem_resize(view->attempts, (size_t)view->attempt_count + 1, sizeof *view->attempts);
    view->attempts[view->attempt_count++] = copy_attempt(attempt);
}

static void free_view(struct view *view)
{
    for (int64_t i = 0; i < view->attempt_count; i++)
        free_attempt(&view->attempts[i]);
    free(view->attempts);
    if (view->known) {
        free_attempt(&view->call.last);
        free((char *)view->call.campaign);
        free((char *)view->call.phone);
    }
    free(view->row);
}

/* May change the texts, because they are copies. */
static void mask(struct view *view)
{
    char *phone = copy(view->call.phone);
    mask_if_enabled((char *)view->call.reason, phone);
    mask_if_enabled((char *)view->call.phone, phone);
    for (int64_t i = 0; i < view->attempt_count; i++)
        mask_if_enabled((char *)view->attempts[i].reason, phone);
    free(phone);
    phone = view->row != NULL ? copy(view->row->number) : NULL;
    if (phone != NULL)
        mask_if_enabled((char *)view->row->number, phone);
    free(phone);
}

static int read_ledger(const struct options *options, struct view *view, struct err *err)
{
    struct ledger *ledger = NULL;
    struct explanation_facts *facts = &view->facts;
    int64_t outage_since = 0;
    bool has_floor = false, has_checkpoint = false;
    if (fileutil_check_writable_dir(options->state_dir, err) != 0 ||
        ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = records_find_call(ledger, view->uniqueid, keep_call, view, err);
    if (result == 0)
        result = records_list_attempts(ledger, view->uniqueid, keep_attempt, view, err);
    if (result == 0)
        result = ledger_read_place(ledger, LEDGER_FLOOR, &facts->floor, &has_floor, err);
    if (result == 0)
        result = ledger_read_place(ledger, LEDGER_CHECKPOINT, &facts->checkpoint, &has_checkpoint, err);
    if (result == 0)
        result = ledger_read_note(ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, err);
    ledger_close(ledger);
    facts->started = has_floor && has_checkpoint;
    facts->outage = outage_since != 0;
    if (view->known) {
        const struct records_call *call = &view->call;
        facts->record = call->record;
        facts->accepted = call->last.tried != RECORDS_UNKNOWN ? call->last.tried : call->updated;
        facts->due = call->due != RECORDS_UNKNOWN ? call->due : 0;
        facts->reason = call->reason;
    }
    return result;
}

/* ---- the dialer's table ---- */

static int keep_row(void *context, const struct call *call, struct err *err)
{
    (void)err;
    struct view *view = context;
    free(view->row);
    view->row = call_copy(call);
    return 0;
}

static int read_row(const struct source *source, struct view *view, struct err *err)
{
    view->places = source->ops->places;
    if (source_inspect(source, err) != 0 || source_now(source, &view->facts.now, err) != 0 ||
        source_fetch(source, SOURCE_LIVE, &view->uniqueid, 1, keep_row, view, err) != 0)
        return -1;
    view->where = EXPLANATION_LIVE;
    if (view->row != NULL)
        return 0;
    if (source_fetch(source, SOURCE_ARCHIVE, &view->uniqueid, 1, keep_row, view, err) != 0)
        return -1;
    if (view->row == NULL && *source_archive_problem(source) != '\0')
        return err_set(err, EX_CONFIG, "%s", source_archive_problem(source));
    view->where = view->row != NULL ? EXPLANATION_ARCHIVED : EXPLANATION_NO_ROW;
    return 0;
}

static void ask_dialer(const struct config *config, const struct config_problems *problems, struct view *view)
{
    struct source source = { .ops = NULL };
    struct err err;
    view->facts.now = clock_now_epoch();
    if (problems->count > 0) {
        (void)snprintf(view->problem, sizeof view->problem, "the configuration has a problem: %s", problems->texts[0]);
        return;
    }
    if (resources_connect(config, &source, &err) != 0 || read_row(&source, view, &err) != 0) {
        (void)snprintf(view->problem, sizeof view->problem, "%s", err.message);
        view->where = EXPLANATION_ROW_UNKNOWN;
    }
    source_close(&source);
}

/* ---- text ---- */

static void PRINTF_LIKE(2, 3) print_row(const char *name, const char *format, ...)
{
    char text[1600], shown[1600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)printf("%-15s %s\n", name, str_printable(text, shown, sizeof shown));
}

static void print_time(const char *name, int64_t epoch)
{
    char local[CLOCK_TEXT_SIZE];
    if (epoch != RECORDS_UNKNOWN)
        print_row(name, "%s", clock_local(epoch, local, sizeof local));
}

/* "SALE → answered, 45 s, agent 6666", without the unknown parts. */
static const char *content_of(const struct records_attempt *attempt, char out[300])
{
    size_t used = (size_t)snprintf(out, 300, "%.40s", attempt->status != NULL ? attempt->status : "status not known");
    if (attempt->result != NULL)
        used += (size_t)snprintf(out + used, 300 - used, " → %.40s", attempt->result);
    if (attempt->length != RECORDS_UNKNOWN)
        used += (size_t)snprintf(out + used, 300 - used, ", %" PRId64 " s", attempt->length);
    if (attempt->agent != NULL)
        (void)snprintf(out + used, 300 - used, ", agent %.40s", attempt->agent);
    return out;
}

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(str_or_empty(a), str_or_empty(b)) == 0;
}

/* Whether a version that was accepted was sent again, although nothing changed that the ledger keeps of an attempt.
 * Then one of the extras in the fingerprint changed: the ledger has only a hash of them. */
static bool is_change_of_extras(const struct view *view, const struct records_attempt *attempt)
{
    char ignored[40];
    int64_t number = attempt == &view->call.last ? view->attempt_count : attempt - view->attempts;
    const struct records_attempt *before = number > 0 ? &view->attempts[number - 1] : NULL;
    return *view->extras != '\0' && before != NULL && before->status != NULL && before->reason == NULL &&
           before->answer > 0 && sink_describe(view->sink, before->answer, ignored, sizeof ignored) &&
           is_same_text(before->status, attempt->status) && is_same_text(before->result, attempt->result) &&
           is_same_text(before->agent, attempt->agent) && before->length == attempt->length;
}

static void print_attempt(const struct view *view, const struct records_attempt *attempt, int64_t number)
{
    bool is_accepted = attempt == &view->call.last && view->call.record.state == CALL_ACCEPTED;
    char name[32], content[300], line[1600];
    (void)snprintf(name, sizeof name, "attempt %" PRId64, number);
    print_row(name, "%s", why_attempt(attempt, view->sink, is_accepted, line, sizeof line));
    print_row("", "%s", content_of(attempt, content));
    if (is_change_of_extras(view, attempt))
        print_row("", "sent again because only %s had changed", view->extras);
}

static void print_ledger(const struct view *view)
{
    const struct records_call *call = &view->call;
    char content[300];
    if (!view->known) {
        print_row("ledger", "has no record of this call");
        return;
    }
    print_time("ended", call->end_epoch);
    if (call->campaign != NULL || call->phone != NULL)
        print_row("campaign/number", "%s/%s", call->campaign != NULL ? call->campaign : "",
                  call->phone != NULL ? call->phone : "");
    print_time("first seen", call->seen);
    for (int64_t i = 0; i < view->attempt_count; i++)
        print_attempt(view, &view->attempts[i], call->tries - view->attempt_count + i);
    if (call->last.tried != RECORDS_UNKNOWN)
        print_attempt(view, &call->last, call->tries);
    else
        print_row("noted as", "%s", content_of(&call->last, content));
    print_row("state", "%s", state_names[call->record.state]);
    if (call->record.state == CALL_WAITING)
        print_time("  until at most", call->due);
    if (call->record.state == CALL_PENDING)
        print_time("  next try", call->due);
}

/* They can make the program send a call again. */
static void print_extras(const struct call *row)
{
    for (int i = 0; row->shape != NULL && i < CALL_MAX_EXTRAS && row->shape->extras[i].name != NULL; i++)
        if (row->shape->extras[i].in_fingerprint && row->extras[i] != NULL)
            print_row("", "%s %s", row->shape->extras[i].name, row->extras[i]);
}

static void print_table(const struct view *view)
{
    char local[CLOCK_TEXT_SIZE], ended[64] = "not ended", length[24] = "";
    const struct call *row = view->row;
    if (view->where == EXPLANATION_ROW_UNKNOWN) {
        print_row("dialer's table", "could not be read: %s", view->problem);
    } else if (row == NULL) {
        print_row("dialer's table", "has no such call; its archive has none either");
    } else {
        if (row->finality != CALL_NOT_ENDED)
            (void)snprintf(ended, sizeof ended, "ended %s",
                           clock_local(row->ended, local, sizeof local));
        if (row->length != CALL_NO_NUMBER)
            (void)snprintf(length, sizeof length, "%" PRId64, row->length);
        print_row("dialer's table", "%s, %s s, agent %s, %s", str_or_empty(row->status), length,
                  str_or_empty(row->agent), ended);
        print_extras(row);
        if (view->where == EXPLANATION_ARCHIVED)
            print_row("", "in the archive, %s", view->places[SOURCE_ARCHIVE]);
    }
}

static void print_text(const struct view *view, const char *sentence)
{
    print_row("call", "%s", view->uniqueid);
    print_ledger(view);
    print_table(view);
    print_row("explanation", "%s", sentence);
}

/* ---- JSON ---- */

static void add_attempt(struct json *object, const struct view *view, const struct records_attempt *attempt)
{
    json_add_known(object, "time", attempt->tried, RECORDS_UNKNOWN);
    json_add_known(object, "answer", attempt->answer, RECORDS_UNKNOWN);
    json_add_known(object, "took_ms", attempt->took_ms, RECORDS_UNKNOWN);
    json_add_text(object, "reason", attempt->reason);
    json_add_text(object, "status", attempt->status);
    json_add_text(object, "result", attempt->result);
    json_add_known(object, "length", attempt->length, RECORDS_UNKNOWN);
    json_add_text(object, "agent", attempt->agent);
    if (is_change_of_extras(view, attempt))
        json_add_text(object, "changed", view->extras);
}

static void add_ledger(struct json *object, const struct view *view)
{
    const struct records_call *call = &view->call;
    if (!view->known) {
        json_add_null(object, "ledger");
        return;
    }
    struct json *ledger = json_add(object, "ledger", json_object());
    json_add_known(ledger, "end_epoch", call->end_epoch, RECORDS_UNKNOWN);
    json_add_text(ledger, "campaign", call->campaign);
    json_add_text(ledger, "phone", call->phone);
    json_add_known(ledger, "first_seen", call->seen, RECORDS_UNKNOWN);
    json_add_text(ledger, "status", call->last.status);
    json_add_known(ledger, "due", call->due, RECORDS_UNKNOWN);
    json_add_text(ledger, "reason", call->reason);
    json_add_known(ledger, "tries", call->tries, RECORDS_UNKNOWN);
    struct json *attempts = json_add(ledger, "attempts", json_array());
    for (int64_t i = 0; i < view->attempt_count; i++)
        add_attempt(json_append(attempts, json_object()), view, &view->attempts[i]);
    if (call->last.tried != RECORDS_UNKNOWN)
        add_attempt(json_append(attempts, json_object()), view, &call->last);
}

static void add_table(struct json *object, const struct view *view)
{
    const struct call *row = view->row;
    json_add_text(object, "table_problem", *view->problem != '\0' ? view->problem : NULL);
    if (row == NULL) {
        json_add_null(object, "table");
        return;
    }
    struct json *table = json_add(object, "table", json_object());
    json_add_text(table, "name", view->places[view->where == EXPLANATION_LIVE ? SOURCE_LIVE : SOURCE_ARCHIVE]);
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

static void print_json(const struct view *view, const char *sentence)
{
    struct json *object = json_object();
    json_add_text(object, "uniqueid", view->uniqueid);
    json_add_text(object, "state", state_names[view->facts.record.state]);
    add_ledger(object, view);
    add_table(object, view);
    json_add_text(object, "explanation", sentence);
    json_print_line(object);
}

/* ---- the command ---- */

/* As grep's: nothing was found. */
#define NO_SUCH_CALL 1

/* A call that the ledger does not know may be in the dialer's tables, which could not be read. */
static int exit_code_of(const struct view *view)
{
    if (view->known || view->row != NULL)
        return EX_OK;
    return view->where == EXPLANATION_NO_ROW ? NO_SUCH_CALL : EX_UNAVAILABLE;
}

/* The extras that can make the program send a call again. */
static void list_extras(const struct source_ops *source, char *out, size_t size)
{
    const struct call_shape *shape = source != NULL ? source->shape : NULL;
    for (int i = 0; shape != NULL && i < CALL_MAX_EXTRAS && shape->extras[i].name != NULL; i++)
        if (shape->extras[i].in_fingerprint) {
            size_t used = strlen(out);
            (void)snprintf(out + used, size - used, "%s%s", used > 0 ? " or " : "", shape->extras[i].name);
        }
}

/* As engine.c does: a change that is no reason to send the call again. */
static void discount_change(struct view *view, const struct settings_sync *settings)
{
    struct call_record *record = &view->facts.record;
    const struct decision_accepted accepted = { .status = view->call.last.status, .agent = view->call.last.agent,
                                                .length = view->call.last.length };
    if (view->row != NULL && record->sent_before && record->version_unknown == 0 &&
        (settings->resend_changed == RESEND_FINAL || settings->ignores_extras) &&
        !decision_change_counts(view->row, &accepted, settings))
        record->fingerprint = call_fingerprint(view->row);
}

/* *ret_code: the exit code, if the call could be looked up. */
static int show(const struct options *options, const struct config *config, const struct config_problems *problems,
                const struct source_ops *source, int *ret_code, struct err *err)
{
    struct view view = { .uniqueid = options->arguments[0] };
    struct err ignored;
    char sentence[1200];
    int result = read_ledger(options, &view, err);
    if (sink_find(config->sink_type, config->sink_origin, &view.sink, &ignored) != 0)
        view.sink = NULL;
    list_extras(source, view.extras, sizeof view.extras);
    if (result == 0) {
        ask_dialer(config, problems, &view);
        mask(&view);
        view.facts.row = view.where;
        view.facts.call = view.row;
        view.facts.settings = &config->sync;
        discount_change(&view, &config->sync);
        (void)explanation_of(&view.facts, sentence, sizeof sentence);
        if (options->json)
            print_json(&view, sentence);
        else
            print_text(&view, sentence);
        *ret_code = exit_code_of(&view);
    }
    free_view(&view);
    return result;
}

int why_command(struct options *options)
{
    struct err err = { .code = EX_OK };
    struct config config;
    struct config_problems problems;
    mask_enable(config_masks_phones(&options->config)); /* now: the state's owner may not read the settings */
    options->config.without_api = true;
    struct route_kinds kinds;
    int code = EX_OK;
    route_load(&options->config, &config, &kinds, &problems);
    int result = profile_drop_privileges(options, &err);
    if (result == 0)
        result = show(options, &config, &problems, kinds.source, &code, &err);
    if (result != 0)
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    config_problems_free(&problems);
    config_free(&config);
    return result == 0 ? code : err.code;
}
