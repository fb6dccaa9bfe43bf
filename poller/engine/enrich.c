/* enrich: lets the source look up extras that are not in a call's row, once for each call. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/program.h"
#include "engine/enrich.h"
#include "ledger/enriched.h"

#define DAY_SEC 86400

/* The calls to look up, by their number in the work. */
struct asked {
    struct engine *engine;
    struct work *work;
    const struct call **calls;
    struct work_item **items;
    size_t count;
};

/* ---- the text in the ledger ---- */

/* Writes only the looked-up extras. Ownership: the caller frees the text. */
static char *to_text(const struct call *call)
{
    struct json_writer object = { .text = NULL };
    for (int i = 0; i < CALL_MAX_EXTRAS && call->shape->extras[i].name != NULL; i++)
        if ((call->looked_up >> i & 1) != 0)
            json_writer_add_text(&object, call->shape->extras[i].name, call->extras[i]);
    return json_writer_end(&object);
}

/* Takes the extras that an earlier run looked up. */
static void take_text(struct work *work, struct work_item *item, const char *text)
{
    struct json *object = json_parse(text);
    struct call call = *item->call;
    for (int i = 0; i < CALL_MAX_EXTRAS && call.shape->extras[i].name != NULL; i++) {
        if (json_member(object, call.shape->extras[i].name) == NULL)
            continue;
        call.extras[i] = json_text(object, call.shape->extras[i].name);
        call.looked_up |= UINT32_C(1) << i;
    }
    work_replace(work, item, &call);
    json_free(object);
}

/* ---- looking up ---- */

static void count(struct engine *engine, const struct call *call)
{
    bool is_incomplete = false;
    for (int i = 0; i < CALL_MAX_EXTRAS && call->shape->extras[i].name != NULL; i++) {
        if ((call->looked_up >> i & 1) == 0)
            continue;
        tally_looked_up(&engine->tally, call->shape->extras[i].name, call->extras[i] != NULL);
        is_incomplete = is_incomplete || (call->shape->extras[i].is_expected && call->extras[i] == NULL);
    }
    engine->summary->incomplete += is_incomplete ? 1 : 0;
}

static int on_enriched(void *context, size_t index, const struct call *call, struct err *err)
{
    const struct asked *asked = context;
    if (call->looked_up == 0)
        return 0;
    char *text = to_text(call);
    int result = enriched_put(asked->engine->route.ledger, call->id, text, err);
    free(text);
    count(asked->engine, call);
    work_replace(asked->work, asked->items[index], call);
    return result;
}

/* The same verdicts as those of `check`. */
static void log_gap(enum source_gap gap, const char *line)
{
    switch (gap) {
    case SOURCE_GAP_ABSENT:
        log_info("Calls are sent without some of their data: %s; nothing needs to be done", line);
        break;
    case SOURCE_GAP_SETUP:
        log_warn("⚠ Calls are sent without some of their data: %s; `did-optimizer-sync%s check` says what to do", line,
                 program_option());
        break;
    case SOURCE_GAP_BUSY:
        log_warn("⚠ Calls are sent without some of their data: %s; the next run tries again", line);
        break;
    case SOURCE_GAPS:
        break;
    }
}

/* Logs the lines of problem that told does not have, and adds them to told. Returns whether there was one. */
static bool tell_lines(enum source_gap gap, char *problem, char *told, size_t size)
{
    bool is_new = false;
    for (char *line = strsep(&problem, "\n"); line != NULL; line = strsep(&problem, "\n")) {
        size_t used = strlen(told);
        if (*line == '\0' || strstr(told, line) != NULL)
            continue;
        log_gap(gap, line);
        (void)snprintf(told + used, size - used, "%s\n", line);
        is_new = true;
    }
    return is_new;
}

/* Reads the lines that the log has had today, behind a line with the day. */
static int read_told(const struct engine *engine, char *told, size_t size, struct err *err)
{
    char day[32];
    (void)snprintf(day, sizeof day, "day %" PRId64 "\n", engine_now(engine) / DAY_SEC);
    if (ledger_read_text_note(engine->route.ledger, LEDGER_NOTE_ENRICH_PROBLEM, told, size, err) != 0)
        return -1;
    if (strncmp(told, day, strlen(day)) != 0)
        (void)snprintf(told, size, "%s", day);
    return 0;
}

/* Logs each problem once a day: it may have gone and come back. The ledger keeps the lines of earlier runs, because a
 * run sees only the problems of the tables that it needs. */
static int tell_problem(struct engine *engine, struct err *err)
{
    char problem[SOURCE_PROBLEM_SIZE], told[4 * SOURCE_PROBLEM_SIZE] = "";
    bool is_new = false, is_read = false;
    for (enum source_gap gap = 0; gap < SOURCE_GAPS; gap++) {
        source_enrich_problem(engine->route.source, gap, problem);
        if (*problem == '\0')
            continue;
        if (!is_read && read_told(engine, told, sizeof told, err) != 0)
            return -1;
        is_read = true;
        is_new = tell_lines(gap, problem, told, sizeof told) || is_new;
    }
    return is_new ? ledger_set_text_note(engine->route.ledger, LEDGER_NOTE_ENRICH_PROBLEM, told, err) : 0;
}

/* Skips the calls that an earlier run has looked up. */
static int take_known(struct asked *asked, size_t first, size_t count_all, struct err *err)
{
    for (size_t i = first; i < first + count_all; i++) {
        struct work_item *item = asked->work->items[i];
        char *text = NULL;
        if (enriched_read(asked->engine->route.ledger, item->call->id, &text, err) != 0)
            return -1;
        if (text != NULL) {
            take_text(asked->work, item, text);
        } else {
            asked->calls[asked->count] = item->call;
            asked->items[asked->count++] = item;
        }
        free(text);
    }
    return 0;
}

int enrich_calls(struct engine *engine, struct work *work, size_t first, size_t count, struct err *err)
{
    if (!source_enriches(engine->route.source))
        return 0;
    struct asked asked = { .engine = engine, .work = work, .calls = mem_zero(count, sizeof *asked.calls),
                           .items = mem_zero(count, sizeof *asked.items) };
    int result = take_known(&asked, first, count, err);
    if (result == 0 && asked.count > 0) {
        result = source_enrich(engine->route.source, asked.calls, asked.count, on_enriched, &asked, err);
        result = result == 0 ? tell_problem(engine, err) : -1;
        result = result == 0 ? engine_commit(engine, err) : -1;
    }
    free(asked.calls);
    free(asked.items);
    return result;
}
