/* recordings_command: `did-optimizer-sync recordings list|retry|why`, the recordings that are not stored yet. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/program.h"
#include "base/str.h"
#include "commands/recordings_command.h"
#include "ledger/recordings.h"
#include "ledger/step_failure.h"

struct listing {
    bool json;
    int64_t count;
};

static const char *state_name(enum recordings_state state)
{
    return state == RECORDINGS_PENDING ? "pending" : state == RECORDINGS_STORED ? "stored" : "rejected";
}

/* ---- list ---- */

static void print_json(const struct recordings_row *row)
{
    struct json *object = json_object();
    json_add_text(object, "call", row->call);
    json_add_text(object, "state", state_name(row->state));
    json_add_text(object, "path", row->path);
    json_add_int(object, "started", row->started);
    json_add_int(object, "attempts", row->attempts);
    json_add_known(object, "next_try", row->state == RECORDINGS_PENDING ? row->due : 0, 0);
    json_add_known(object, "size", row->size, RECORDINGS_NO_SIZE);
    json_add_text(object, "md5", row->md5);
    json_add_text(object, "file_id", row->file_id);
    json_add_text(object, "link", row->link);
    json_add_text(object, "reason", row->reason);
    json_print_line(object);
}

static void print_line(const struct recordings_row *row)
{
    char line[1200], shown[1200], local[CLOCK_TEXT_SIZE];
    (void)snprintf(line, sizeof line, "%-36s  %s  %-8s  %s", row->call, clock_local(row->started, local, sizeof local),
                   state_name(row->state), str_or_empty(row->reason));
    (void)printf("%s\n", str_printable(line, shown, sizeof shown));
}

/* Leaves out pending recordings that have not failed: nobody needs to act on them. */
static void list_row(void *context, const struct recordings_row *row)
{
    struct listing *listing = context;
    if (row->state == RECORDINGS_PENDING && row->reason == NULL)
        return;
    if (listing->json)
        print_json(row);
    else
        print_line(row);
    listing->count++;
}

static int list(const struct options *options, struct ledger *ledger, struct err *err)
{
    struct listing listing = { .json = options->json };
    if (recordings_list(ledger, RECORDINGS_REJECTED, NULL, list_row, &listing, err) != 0 ||
        recordings_list(ledger, RECORDINGS_PENDING, NULL, list_row, &listing, err) != 0)
        return -1;
    if (!options->json && listing.count == 0)
        (void)printf("no recording is rejected or has failed\n");
    return 0;
}

/* ---- why ---- */

int recordings_command_unknown(const struct options *options, const char *call, struct err *err)
{
    return err_set(err, EX_USAGE, "the ledger has no recording of the call %s; to see the call: "
                   "did-optimizer-sync%s why %s", call, options->profile_option, call);
}

static void print_text(const char *name, const char *text)
{
    char shown[2400];
    if (text != NULL)
        (void)printf("%-12s %s\n", name, str_printable(text, shown, sizeof shown));
}

static void explain_row(void *context, const struct recordings_row *row)
{
    struct listing *listing = context;
    char local[CLOCK_TEXT_SIZE];
    listing->count++;
    if (listing->json) {
        print_json(row);
        return;
    }
    print_text("call", row->call);
    print_text("state", state_name(row->state));
    print_text("at the PBX", row->path);
    print_text("stored as", row->state == RECORDINGS_STORED ? row->file_id : NULL);
    print_text("link", row->link);
    print_text("md5", row->md5);
    (void)printf("%-12s %" PRId64 "\n", "failed tries", row->attempts);
    print_text("last failure", row->reason);
    if (row->state == RECORDINGS_PENDING)
        print_text("next try", row->due > clock_now_epoch() ? clock_local(row->due, local, sizeof local)
                                                            : "with the next run");
    if (row->state == RECORDINGS_REJECTED)
        (void)printf("%-12s did-optimizer-sync%s recordings retry\n", "to try again", program_option());
}

static int explain(const struct options *options, struct ledger *ledger, struct err *err)
{
    struct listing listing = { .json = options->json };
    const char *call = options->arguments[0];
    if (recordings_list(ledger, RECORDINGS_PENDING, call, explain_row, &listing, err) != 0)
        return -1;
    return listing.count > 0 ? 0 : recordings_command_unknown(options, call, err);
}

static int look(const struct options *options, int (*act)(const struct options *, struct ledger *, struct err *),
                struct err *err)
{
    struct ledger *ledger = NULL;
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = act(options, ledger, err);
    ledger_close(ledger);
    return result;
}

/* ---- retry ---- */

static int retry_selected(const struct options *options, struct ledger *ledger, int64_t *ret_count, struct err *err)
{
    if (options->argument_count == 0)
        return recordings_retry(ledger, NULL, ret_count, err);
    for (int i = 0; i < options->argument_count; i++) {
        int64_t count = 0;
        if (recordings_retry(ledger, options->arguments[i], &count, err) != 0)
            return -1;
        if (count == 0)
            return err_set(err, EX_USAGE, "no recording of a call %s is rejected, and nothing was changed; to see its "
                           "state: did-optimizer-sync%s recordings why %s", options->arguments[i],
                           options->profile_option, options->arguments[i]);
        *ret_count += count;
    }
    return 0;
}

static int retry(const struct options *options, struct err *err)
{
    struct lock *lock = NULL;
    struct ledger *ledger = NULL;
    int64_t count = 0;
    if (options->argument_count == 0 && !options->all)
        return err_set(err, EX_USAGE, "name the calls: uniqueids or --all; see --help");
    if (lock_acquire_for_command(options->state_dir, &lock, err) != 0)
        return -1;
    int result = ledger_open(options->state_dir, LEDGER_WRITE, &ledger, NULL, err);
    if (result == 0)
        result = retry_selected(options, ledger, &count, err);
    if (result == 0)
        result = step_failure_clear(ledger, STEP_RECORDINGS, err); /* the disk may be back */
    if (result == 0)
        result = ledger_commit(ledger, err);
    ledger_close(ledger);
    lock_release(lock);
    if (result == 0)
        (void)printf("%" PRId64 " recording%s tried again with the next run\n", count, count == 1 ? " is" : "s are");
    return result;
}

int recordings_command(const struct options *options, struct err *err)
{
    if (fileutil_check_readable_dir(options->state_dir, err) != 0)
        return -1;
    if (options->command == COMMAND_RECORDINGS_RETRY)
        return fileutil_check_writable_dir(options->state_dir, err) == 0 ? retry(options, err) : -1;
    return look(options, options->command == COMMAND_RECORDINGS_WHY ? explain : list, err);
}
