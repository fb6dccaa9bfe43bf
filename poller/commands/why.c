/* why: `did-optimizer-sync why UNIQUEID`, shows what happened to one call. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/str.h"
#include "commands/why.h"
#include "commands/why_attempt.h"
#include "commands/why_record.h"
#include "commands/why_story.h"
#include "config/profile.h"
#include "engine/resources.h"
#include "engine/route.h"
#include "sink/sink.h"

static int read_ledger(const struct options *options, struct why_story *story, struct err *err)
{
    struct ledger *ledger = NULL;
    if (fileutil_check_writable_dir(options->state_dir, err) != 0 ||
        ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = why_story_read(ledger, story, err);
    ledger_close(ledger);
    return result;
}

/* ---- the source ---- */

static int keep_row(void *context, const struct call *call, struct err *err)
{
    (void)err;
    struct why_story *story = context;
    free(story->row);
    story->row = call_copy(call);
    return 0;
}

static int read_row(const struct source *source, struct why_story *story, struct err *err)
{
    story->places = source->ops->places;
    if (source_inspect(source, err) != 0 || source_now(source, &story->facts.now, err) != 0 ||
        source_fetch(source, SOURCE_LIVE, &story->uniqueid, 1, keep_row, story, err) != 0)
        return -1;
    story->where = EXPLANATION_LIVE;
    if (story->row != NULL)
        return 0;
    if (source_fetch(source, SOURCE_ARCHIVE, &story->uniqueid, 1, keep_row, story, err) != 0)
        return -1;
    if (story->row == NULL && *source_archive_problem(source) != '\0')
        return err_set(err, EX_CONFIG, "%s", source_archive_problem(source));
    story->where = story->row != NULL ? EXPLANATION_ARCHIVED : EXPLANATION_NO_ROW;
    return 0;
}

static void ask_source(const struct config *config, const struct config_problems *problems, struct why_story *story)
{
    struct source source = { .ops = NULL };
    struct err err;
    story->facts.now = clock_now_epoch();
    if (problems->count > 0) {
        (void)snprintf(story->problem, sizeof story->problem, "the configuration has a problem: %s",
                       problems->texts[0]);
        return;
    }
    if (resources_connect(config, &source, &err) != 0 || read_row(&source, story, &err) != 0) {
        (void)snprintf(story->problem, sizeof story->problem, "%s", err.message);
        story->where = EXPLANATION_ROW_UNKNOWN;
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

static void print_attempt(const struct why_story *story, const struct records_attempt *attempt, int64_t number)
{
    bool is_accepted = attempt == &story->call.last && story->call.record.state == CALL_ACCEPTED;
    char name[32], content[300], line[1600];
    (void)snprintf(name, sizeof name, "attempt %" PRId64, number);
    print_row(name, "%s", why_attempt(attempt, story->sink, is_accepted, line, sizeof line));
    print_row("", "%s", content_of(attempt, content));
    if (why_story_is_change_of_extras(story, attempt))
        print_row("", "sent again because only %s had changed", story->extras);
}

static void print_ledger(const struct why_story *story)
{
    const struct records_call *call = &story->call;
    char content[300];
    if (!story->known) {
        print_row("ledger", "has no record of this call");
        return;
    }
    print_time("ended", call->end_epoch);
    if (call->campaign != NULL || call->phone != NULL)
        print_row("campaign/number", "%s/%s", call->campaign != NULL ? call->campaign : "",
                  call->phone != NULL ? call->phone : "");
    print_time("first seen", call->seen);
    for (int64_t i = 0; i < story->attempt_count; i++)
        print_attempt(story, &story->attempts[i], call->tries - story->attempt_count + i);
    if (call->last.tried != RECORDS_UNKNOWN)
        print_attempt(story, &call->last, call->tries);
    else
        print_row("noted as", "%s", content_of(&call->last, content));
    print_row("state", "%s", why_story_state_name(call->record.state));
    if (call->record.state == CALL_WAITING)
        print_time("  until at most", call->due);
    if (call->record.state == CALL_PENDING)
        print_time("  next try", call->due);
}

/* Prints some of the extras: if one of these changes, the program may send the call again. */
static void print_extras(const struct call *row)
{
    for (int i = 0; row->shape != NULL && i < CALL_MAX_EXTRAS && row->shape->extras[i].name != NULL; i++)
        if (row->shape->extras[i].in_fingerprint && row->extras[i] != NULL)
            print_row("", "%s %s", row->shape->extras[i].name, row->extras[i]);
}

static void print_source(const struct why_story *story)
{
    char local[CLOCK_TEXT_SIZE], ended[64] = "not ended", length[24] = "";
    const struct call *row = story->row;
    if (story->where == EXPLANATION_ROW_UNKNOWN) {
        print_row("source", "could not be read: %s", story->problem);
    } else if (row == NULL) {
        print_row("source", "has no such call%s",
                  *story->places[SOURCE_ARCHIVE] != '\0' ? "; its archive has none either" : "");
    } else {
        if (row->finality != CALL_NOT_ENDED)
            (void)snprintf(ended, sizeof ended, "ended %s",
                           clock_local(row->ended, local, sizeof local));
        if (row->length != CALL_NO_NUMBER)
            (void)snprintf(length, sizeof length, "%" PRId64, row->length);
        print_row("source", "%s, %s s, agent %s, %s", str_or_empty(row->status), length, str_or_empty(row->agent),
                  ended);
        print_extras(row);
        if (story->where == EXPLANATION_ARCHIVED)
            print_row("", "in the archive, %s", story->places[SOURCE_ARCHIVE]);
    }
}

static void print_record(const struct json *record)
{
    const struct json *row = json_member(record, "row");
    const char *problem = json_text(record, "problem"), *name = "record";
    if (record == NULL)
        return;
    if (problem != NULL)
        print_row(name, "could not be read: %s", problem);
    else if (json_is_null(row))
        print_row(name, "the table of calls has no row for this call yet");
    for (const struct json *one = json_first_member(row); one != NULL; one = json_next(one), name = "")
        print_row(name, "%s %s", json_name(one), str_or_empty(json_string(one)));
}

static void print_text(const struct why_story *story, const struct json *record)
{
    print_row("call", "%s", story->uniqueid);
    print_ledger(story);
    print_source(story);
    print_record(record);
    print_row("explanation", "%s", story->sentence);
}

/* ---- the command ---- */

/* The exit code if nothing was found, as that of grep. */
#define NO_SUCH_CALL 1

/* If the source could not be read, a call that the ledger does not know may still exist there. */
static int exit_code_of(const struct why_story *story)
{
    if (story->known || story->row != NULL)
        return EX_OK;
    return story->where == EXPLANATION_NO_ROW ? NO_SUCH_CALL : EX_UNAVAILABLE;
}

/* What `why` reads, with the problems of the settings. */
struct loaded {
    struct config config;
    struct route_kinds kinds;
    struct config_problems problems, sink_problems;
};

/* Wrong settings may name another table, or not say that numbers are masked. NULL: the sink has no rows to read.
 * Ownership: the caller frees it. */
static struct json *read_record(const struct options *options, const struct loaded *loaded, const char *id)
{
    const struct sink_settings settings = route_sink_settings(&loaded->config, options->state_dir, NULL);
    const struct config_problems *all = loaded->problems.count > 0 ? &loaded->problems : &loaded->sink_problems;
    const struct sink_row_query query = { .id = id, .masks = loaded->config.mask_phone };
    char *text = why_record(loaded->kinds.sink, &settings, &query, all->count > 0 ? all->texts[0] : NULL);
    struct json *record = json_parse(text);
    free(text);
    return record;
}

static void print_story(const struct options *options, const struct loaded *loaded, const struct why_story *story)
{
    struct json *record = read_record(options, loaded, story->uniqueid);
    if (options->json) {
        struct json *object = why_story_json(story);
        if (record != NULL)
            (void)json_add(object, "record", record);
        else
            json_add_null(object, "record");
        json_print_line(object);
    } else {
        print_text(story, record);
        json_free(record);
    }
}

/* *ret_code is the exit code, and is set only if the call could be looked up. */
static int show(const struct options *options, const struct loaded *loaded, int *ret_code, struct err *err)
{
    struct why_story story = { .uniqueid = options->arguments[0], .sink = loaded->kinds.sink,
                               .facts = { .profile_option = options->profile_option } };
    int result = read_ledger(options, &story, err);
    why_story_use_source(&story, loaded->kinds.source);
    if (result == 0) {
        ask_source(&loaded->config, &loaded->problems, &story);
        why_story_mask(&story, mask_if_enabled);
        why_story_explain(&story, &loaded->config.sync);
        print_story(options, loaded, &story);
        *ret_code = exit_code_of(&story);
    }
    why_story_free(&story);
    return result;
}

/* The secrets of other sinks are not needed. */
static void load(const struct options *options, struct loaded *ret_loaded)
{
    *ret_loaded = (struct loaded){ .sink_problems = { .code = EX_OK } };
    route_load(&options->config, &ret_loaded->config, &ret_loaded->kinds, &ret_loaded->problems);
    if (ret_loaded->kinds.sink != NULL && ret_loaded->kinds.sink->read_row != NULL)
        route_load_sink(&ret_loaded->config, &ret_loaded->kinds, &ret_loaded->sink_problems);
}

int why_command(struct options *options)
{
    struct err err = { .code = EX_OK };
    struct loaded loaded;
    int code = EX_OK;
    /* Before root gives up its rights: only root may be allowed to read the settings. */
    mask_enable(config_masks_phones(&options->config));
    options->config.without_api = true;
    load(options, &loaded);
    int result = profile_drop_privileges(options, &err);
    if (result == 0)
        result = show(options, &loaded, &code, &err);
    if (result != 0)
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    config_problems_free(&loaded.problems);
    config_problems_free(&loaded.sink_problems);
    config_free(&loaded.config);
    return result == 0 ? code : err.code;
}
