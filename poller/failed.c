/* failed: `did-optimizer-sync failed list|retry|drop`, the calls that are set aside. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "failed.h"
#include "fileutil.h"
#include "json.h"
#include "lock.h"
#include "mask.h"
#include "mem.h"
#include "records.h"
#include "str.h"
#include "when.h"

/* What is to be done with one selection of calls. */
typedef int action(const struct options *options, struct ledger *ledger, const struct records_selection *selection,
                   int64_t *count, struct err *err);

struct listing {
    const struct options *options;
    int64_t count;
};

static const char *member(const struct json *body, const char *name)
{
    const char *text = body != NULL ? json_text(body, name) : NULL;
    return text != NULL ? text : "";
}

static void print_json(const struct ledger_entry *entry, const struct json *body, const char *phone)
{
    struct json *object = json_object();
    json_add_text(object, "uniqueid", entry->uniqueid);
    json_add_int(object, "end_epoch", entry->end_epoch);
    json_add_text(object, "campaign", member(body, "campaignId"));
    json_add_text(object, "phone", phone);
    json_add_text(object, "status", member(body, "disposition"));
    json_add_int(object, "attempts", entry->record.attempts);
    json_add_text(object, "reason", entry->reason);
    json_print_line(object);
}

static void print_text(const struct ledger_entry *entry, const struct json *body, const char *phone)
{
    char local[CLOCK_TEXT_SIZE], shown[1024];
    char line[1024];
    (void)snprintf(line, sizeof line, "%-20s  %s  %s/%s → %s  %s", entry->uniqueid,
                   clock_local(entry->end_epoch, local, sizeof local), member(body, "campaignId"),
                   phone, member(body, "disposition"), entry->reason != NULL ? entry->reason : "");
    (void)printf("%s\n", str_printable(line, shown, sizeof shown));
}

static void print_entry(void *context, const struct ledger_entry *entry)
{
    struct listing *listing = context;
    struct json *body = entry->payload != NULL ? json_parse(entry->payload) : NULL;
    struct ledger_entry shown = *entry;
    char *phone = mem_copy(member(body, "phoneNumber")), *reason = mem_copy(entry->reason != NULL ? entry->reason : "");
    if (listing->options->mask_phone) {
        mask_phone(reason, member(body, "phoneNumber")); /* the API may have repeated it */
        mask_phone(phone, member(body, "phoneNumber"));
    }
    shown.reason = reason;
    if (listing->options->json)
        print_json(&shown, body, phone);
    else
        print_text(&shown, body, phone);
    free(reason);
    free(phone);
    json_free(body);
    listing->count++;
}

static int print_all(const struct options *options, struct ledger *ledger, const struct records_selection *selection,
                     int64_t *count, struct err *err)
{
    struct listing listing = { .options = options };
    int result = records_list_rejected(ledger, selection, print_entry, &listing, err);
    *count = listing.count;
    return result;
}

static int retry(const struct options *options, struct ledger *ledger, const struct records_selection *selection,
                 int64_t *count, struct err *err)
{
    (void)options;
    return records_release(ledger, selection, CALL_OWED, count, err);
}

static int drop(const struct options *options, struct ledger *ledger, const struct records_selection *selection,
                int64_t *count, struct err *err)
{
    (void)options;
    return records_release(ledger, selection, CALL_DROPPED, count, err);
}

/* Does it for each uniqueid named, or once for all that the other options select. */
static int for_each_selected(const struct options *options, struct ledger *ledger, action *act, int64_t *ret_total,
                             struct err *err)
{
    struct records_selection selection = { .reason = options->reason };
    *ret_total = 0;
    if (options->before != NULL && when_parse(options->before, clock_now_epoch(), &selection.before, err) != 0)
        return -1;
    if (options->argument_count == 0)
        return act(options, ledger, &selection, ret_total, err);
    for (int i = 0; i < options->argument_count; i++) {
        int64_t count = 0;
        selection.uniqueid = options->arguments[i];
        if (act(options, ledger, &selection, &count, err) != 0)
            return -1;
        if (count == 0)
            (void)fprintf(stderr, "did-optimizer-sync: no call %s is set aside\n", options->arguments[i]);
        *ret_total += count;
    }
    return 0;
}

static int list(const struct options *options, struct err *err)
{
    struct ledger *ledger = NULL;
    int64_t total = 0;
    if (ledger_open(options->state_dir, LEDGER_LOOK, &ledger, NULL, err) != 0)
        return -1;
    int result = for_each_selected(options, ledger, print_all, &total, err);
    ledger_close(ledger);
    if (result == 0 && total == 0 && !options->json && options->argument_count == 0)
        (void)printf("no call is set aside\n");
    return result;
}

static int change(const struct options *options, struct err *err)
{
    struct lock *lock = NULL;
    struct ledger *ledger = NULL;
    int64_t total = 0;
    bool to_retry = options->command == COMMAND_FAILED_RETRY;
    if (options->argument_count == 0 && !options->all && options->reason == NULL && options->before == NULL)
        return err_set(err, EX_USAGE, "say which calls: uniqueids, --all, --reason TEXT or --before WHEN; see --help");
    if (lock_acquire_after_run(options->state_dir, &lock, err) != 0)
        return -1;
    int result = ledger_open(options->state_dir, LEDGER_WRITE, &ledger, NULL, err);
    if (result == 0)
        result = for_each_selected(options, ledger, to_retry ? retry : drop, &total, err);
    if (result == 0 && to_retry && total > 0)
        result = records_note_replay(ledger, total, err);
    if (result == 0)
        result = ledger_commit(ledger, err);
    ledger_close(ledger);
    lock_release(lock);
    if (result == 0)
        (void)printf(to_retry ? "%" PRId64 " calls are sent again with the next run\n"
                              : "%" PRId64 " calls are dropped and will not be sent\n", total);
    return result;
}

int failed_command(const struct options *options, struct err *err)
{
    if (fileutil_need_directory(options->state_dir, err) != 0)
        return -1;
    return options->command == COMMAND_FAILED_LIST ? list(options, err) : change(options, err);
}
