/* failed: `did-optimizer-sync failed list|retry|drop|restore`, the calls that are rejected. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/when.h"
#include "commands/ask.h"
#include "commands/failed.h"
#include "ledger/records.h"

/* The change that each command makes. */
struct change {
    enum call_state from, to;
    const char *is;   /* the name of state from */
    const char *done; /* the end of the sentence "2 calls are ..." ... */
    const char *next; /* ... and the command that it names; NULL: none */
};

static const struct change changes[] = {
    [COMMAND_FAILED_LIST] = { CALL_REJECTED, CALL_REJECTED, "rejected", NULL, NULL },
    [COMMAND_FAILED_RETRY] = { CALL_REJECTED, CALL_PENDING, "rejected", "sent again with the next run", NULL },
    [COMMAND_FAILED_DROP] = { CALL_REJECTED, CALL_DISCARDED, "rejected",
                              "discarded and will not be sent; to undo this", "failed restore" },
    [COMMAND_FAILED_RESTORE] = { CALL_DISCARDED, CALL_REJECTED, "discarded",
                                 "rejected again; to send", "failed retry" },
};

struct work {
    const struct options *options;
    const struct change *change;
    struct ledger *ledger;
    int64_t count; /* calls listed or changed so far */
};

/* Works on the selected calls. */
typedef int action(struct work *work, const struct records_selection *selection, struct err *err);

/* Data of a call: from its message if the message has the API's names, otherwise from the ledger. */
static const char *known(const struct json *body, const char *name, const char *noted)
{
    const char *text = body != NULL ? json_text(body, name) : NULL;
    return str_or_empty(text != NULL ? text : noted);
}

static void print_json(const struct ledger_entry *entry, const struct call *call)
{
    struct json *object = json_object();
    json_add_text(object, "uniqueid", entry->uniqueid);
    json_add_int(object, "end_epoch", entry->end_epoch);
    json_add_text(object, "campaign", call->campaign);
    json_add_text(object, "phone", call->number);
    json_add_text(object, "status", call->status);
    json_add_int(object, "attempts", entry->record.attempts);
    json_add_text(object, "reason", entry->reason);
    json_print_line(object);
}

static void print_text(const struct ledger_entry *entry, const struct call *call)
{
    char local[CLOCK_TEXT_SIZE], shown[1024];
    char line[1024];
    (void)snprintf(line, sizeof line, "%-20s  %s  %s/%s → %s  %s", entry->uniqueid,
                   clock_local(entry->end_epoch, local, sizeof local), call->campaign, call->number, call->status,
                   str_or_empty(entry->reason));
    (void)printf("%s\n", str_printable(line, shown, sizeof shown));
}

static void print_entry(void *context, const struct ledger_entry *entry)
{
    struct work *work = context;
    struct json *body = entry->payload != NULL ? json_parse(entry->payload) : NULL;
    const char *number = known(body, "phoneNumber", entry->call->number);
    char *phone = mem_copy(number), *reason = mem_copy(str_or_empty(entry->reason));
    mask_if_enabled(reason, number); /* the sink's reason may contain the number */
    mask_if_enabled(phone, number);
    const struct call call = { .campaign = known(body, "campaignId", entry->call->campaign),
                               .number = phone,
                               .status = known(body, "disposition", entry->call->status) };
    struct ledger_entry shown = *entry;
    shown.reason = reason;
    if (work->options->json)
        print_json(&shown, &call);
    else
        print_text(&shown, &call);
    free(reason);
    free(phone);
    json_free(body);
    work->count++;
}

static void count_entry(void *context, const struct ledger_entry *entry)
{
    struct work *work = context;
    (void)entry;
    work->count++;
}

static int print_all(struct work *work, const struct records_selection *selection, struct err *err)
{
    return records_list_rejected(work->ledger, selection, print_entry, work, err);
}

static int count_all(struct work *work, const struct records_selection *selection, struct err *err)
{
    return records_list_rejected(work->ledger, selection, count_entry, work, err);
}

static int change_all(struct work *work, const struct records_selection *selection, struct err *err)
{
    int64_t count = 0;
    if (records_change_state(work->ledger, selection, work->change->from, work->change->to, &count, err) != 0)
        return -1;
    work->count += count;
    return 0;
}

/* ---- selecting ---- */

/* Runs act once, on the calls that the options select. uniqueid NULL: any call. */
static int for_selected(struct work *work, action *act, const char *uniqueid, struct err *err)
{
    struct records_selection selection = { .uniqueid = uniqueid, .reason = work->options->reason };
    const char *before = work->options->before;
    if (before != NULL && when_parse(before, clock_now_epoch(), &selection.before, err) != 0)
        return -1;
    return act(work, &selection, err);
}

/* Runs act for each uniqueid on the command line, or once without one. A uniqueid that selects no call is an error, but
 * only after act has run for the others: `failed list` shows those. */
static int for_each_selected(struct work *work, action *act, struct err *err)
{
    const struct options *options = work->options;
    const char *missing = NULL;
    if (options->argument_count == 0)
        return for_selected(work, act, NULL, err);
    for (int i = 0; i < options->argument_count; i++) {
        int64_t before = work->count;
        if (for_selected(work, act, options->arguments[i], err) != 0)
            return -1;
        if (work->count == before && missing == NULL)
            missing = options->arguments[i];
    }
    if (missing == NULL)
        return 0;
    return err_set(err, EX_USAGE, "no call %s is %s%s; to see its state: did-optimizer-sync%s why %s", missing,
                   work->change->is, work->change->to == work->change->from ? "" : ", and nothing was changed",
                   options->profile_option, missing);
}

/* ---- the commands ---- */

static void print_total(const struct work *work, const char *what, const char *next)
{
    (void)printf("%" PRId64 " call%s %s", work->count, work->count == 1 ? " is" : "s are", what);
    if (next != NULL)
        (void)printf(": did-optimizer-sync%s %s", work->options->profile_option, next);
    (void)printf("\n");
}

static int list(struct work *work, struct err *err)
{
    const struct options *options = work->options;
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &work->ledger, NULL, err) != 0)
        return -1;
    int result = for_each_selected(work, print_all, err);
    ledger_close(work->ledger);
    if (options->json || (work->count == 0 && result != 0))
        return result;
    if (work->count == 0)
        (void)printf("no call is rejected\n");
    else
        print_total(work, work->change->is, NULL);
    return result;
}

/* Asks the operator at the terminal, if there is one. */
static int ask_before_discarding(const struct options *options, bool *ret_go_on, struct err *err)
{
    struct work work = { .options = options, .change = &changes[COMMAND_FAILED_LIST] };
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &work.ledger, NULL, err) != 0)
        return -1;
    int result = for_selected(&work, count_all, NULL, err);
    ledger_close(work.ledger);
    if (result == 0 && work.count > 0)
        *ret_go_on = ask_yes("%" PRId64 " rejected call%s would never be sent. Discard %s?", work.count,
                             work.count == 1 ? "" : "s", work.count == 1 ? "it" : "them");
    return result;
}

static int change(struct work *work, struct err *err)
{
    const struct options *options = work->options;
    struct lock *lock = NULL;
    if (lock_acquire_for_command(options->state_dir, &lock, err) != 0)
        return -1;
    int result = ledger_open(options->state_dir, LEDGER_WRITE, &work->ledger, NULL, err);
    if (result == 0)
        result = for_each_selected(work, change_all, err);
    if (result == 0 && work->change->to == CALL_PENDING && work->count > 0)
        result = records_note_retry(work->ledger, work->count, err);
    if (result == 0)
        result = ledger_commit(work->ledger, err);
    ledger_close(work->ledger);
    lock_release(lock);
    if (result == 0)
        print_total(work, work->change->done, work->change->next);
    return result;
}

int failed_command(const struct options *options, struct err *err)
{
    struct work work = { .options = options, .change = &changes[options->command] };
    bool named = options->argument_count > 0, go_on = true;
    if (fileutil_check_writable_dir(options->state_dir, err) != 0)
        return -1;
    if (options->command == COMMAND_FAILED_LIST)
        return list(&work, err);
    if (!named && !options->all && options->reason == NULL && options->before == NULL)
        return err_set(err, EX_USAGE, "name the calls: uniqueids, --all, --reason TEXT or --before WHEN; see --help");
    if (options->command == COMMAND_FAILED_DROP && !named && !options->yes &&
        ask_before_discarding(options, &go_on, err) != 0)
        return -1;
    if (go_on)
        return change(&work, err);
    (void)printf("nothing was changed\n");
    return 0;
}
