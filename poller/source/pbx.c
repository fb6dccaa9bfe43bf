/* pbx: the source `pbx-api`, the list of calls that a hosted PBX offers over HTTP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/api_stop.h"
#include "source/pbx.h"
#include "source/pbx_check.h"
#include "source/pbx_fetch.h"
#include "source/pbx_settings.h"
#include "source/pbx_verify.h"

struct pbx {
    struct pbx_zone zone;
    struct pbx_scan scan;
    struct pbx_verified verified;
    struct err failure; /* of that test; EX_OK: none */
};

/* A part of the sweep takes several requests of a second each. */
#define SWEEP_REST_SEC 1800

/* Divides the memory: before it is what was tested, after it what was read. */
#define KNOWN_MARK '|'

static const struct param_spec params[] = {
    { "url", false, "the PBX's address: https://HOST:8080" },
    { "domain", false, "the PBX's domain; the API lists its calls" },
    { "key", true, "the API key" },
    { "user", false, "the user, if the PBX has no key" },
    { "password", true, "the user's password" },
    { "time_zone", false, "the PBX's time zone; empty: this host's" },
    { "dialect", false, "the shape of the API: auto, documented or epoch" },
    { "campaign", false, "the campaign of all calls" },
    { "internal_calls", false, "send calls between extensions too" },
    { "page_size", false, "how many calls to ask for in a request" },
    { "page_overlap", false, "how many calls of the page before each page repeats" },
    { "timeout", false, "how many seconds a request may take" },
    { "connect_timeout", false, "how many seconds to wait for a connection" },
    { "ca_file", false, "certificates to trust instead of the system's" },
    { "allow_insecure_http", false, "allow plain http to other hosts" },
    { NULL, false, NULL },
};

static void find_zone(const struct params *given, char out[SOURCE_ZONE_SIZE])
{
    struct pbx_zone zone;
    struct err ignored;
    const struct param *name = params_find(given, "time_zone");
    bool known = name != NULL && pbx_time_zone(name->value, name->origin, &zone, &ignored) == 0;
    *out = '\0';
    if (known)
        (void)pbx_time_rule(&zone, out);
}

static void close_pbx(void *state)
{
    struct pbx *pbx = state;
    pbx_client_close(pbx->scan.pages.client);
    free(pbx);
}

static int open_pbx(const struct source_settings *settings, void **ret_state, struct err *err)
{
    struct pbx *pbx = mem_zero(1, sizeof *pbx);
    struct pbx_account account = { .url = NULL };
    if (pbx_settings_read(settings->params, &account, &pbx->zone, &pbx->scan, err) != 0) {
        close_pbx(pbx);
        return -1;
    }
    pbx->scan.pages.client = pbx_client_open(&account);
    pbx->scan.pages.zone = &pbx->zone;
    pbx->scan.reach = settings->sync->overlap + settings->sync->poll_window;
    *ret_state = pbx;
    return 0;
}

/* There are no tables; the first request shows what the API is. */
static int inspect(void *state, struct err *err)
{
    (void)state;
    (void)err;
    return 0;
}

/* Calls are compared with this host's clock: an answer's Date may come from a proxy. */
static int now(void *state, int64_t *ret_epoch, struct err *err)
{
    (void)state;
    (void)err;
    *ret_epoch = clock_now_epoch();
    return 0;
}

/* Tests the time zone before the first calls are read, unless an earlier run has. Once is enough: each failure may take
 * minutes. */
static int verify(struct pbx *pbx, struct err *err)
{
    if (pbx->failure.code == EX_OK && pbx->verified.at == 0)
        (void)!pbx_verify(&pbx->scan.pages, &pbx->verified, &pbx->failure);
    return pbx->failure.code == EX_OK ? 0 : err_set(err, pbx->failure.code, "%s", pbx->failure.message);
}

static int scan(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err)
{
    struct pbx *pbx = state;
    if (range->table == SOURCE_ARCHIVE)
        return 0;
    int result = api_stop_result(verify(pbx, err), range->call_from, on_slice, context, err);
    if (result == 0)
        result = pbx_scan_run(&pbx->scan, range, on_call, on_slice, context, err);
    return result < 0 ? -1 : 0;
}

static int fetch(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err)
{
    struct pbx *pbx = state;
    if (table == SOURCE_ARCHIVE || count == 0)
        return 0;
    return verify(pbx, err) == 0 ? pbx_fetch_run(&pbx->scan, ids, count, on_call, context, err) : -1;
}

/* The PBX has no archive. But if an id does not tell when its call was made, fetch may miss the call. As with an
 * archive that cannot be read, it is then unknown whether the call is gone. */
static int inspect_archive(void *state, bool *ret_usable, struct err *err)
{
    (void)state;
    (void)err;
    *ret_usable = false;
    return 0;
}

static const char *archive_problem(const void *state)
{
    const struct pbx *pbx = state;
    return pbx->scan.lost;
}

static struct source_effort effort(void *state)
{
    const struct pbx *pbx = state;
    return pbx_client_effort(pbx->scan.pages.client);
}

static void write_memory(const struct pbx *pbx, const struct pbx_known *known, char memory[SOURCE_MEMORY_SIZE])
{
    char text[PBX_KNOWN_TEXT_SIZE];
    pbx_verify_write(&pbx->scan.pages, &pbx->verified, memory);
    if (known->at == 0)
        return;
    pbx_known_write(known, text);
    size_t used = strlen(memory);
    if (used + strlen(text) + 3 <= SOURCE_MEMORY_SIZE)
        (void)snprintf(memory + used, SOURCE_MEMORY_SIZE - used, " %c%s", KNOWN_MARK, text);
}

/* The first scan reports a failure. */
static void recall(void *state, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE])
{
    struct err ignored;
    struct pbx *pbx = state;
    (void)problem;
    if (!pbx_verify_recall(&pbx->scan.pages, &pbx->verified, earlier))
        (void)!verify(pbx, &ignored);
    pbx->scan.known = (struct pbx_known){ .at = 0 };
    const char *known = strchr(earlier, KNOWN_MARK);
    if (known != NULL)
        pbx_known_read(known + 1, &pbx->scan.known);
    write_memory(pbx, &pbx->scan.known, memory);
}

static void remember(void *state, char memory[SOURCE_MEMORY_SIZE])
{
    const struct pbx *pbx = state;
    *memory = '\0';
    if (pbx->scan.read.at != 0)
        write_memory(pbx, &pbx->scan.read, memory);
}

static void check(void *state, source_on_finding *on_finding, void *context)
{
    struct pbx *pbx = state;
    pbx_check_run(&pbx->scan.pages, on_finding, context);
}

const struct source_ops pbx_source = {
    .type = "pbx-api",
    .shape = &pbx_row_shape,
    .title = "PBX's API",
    .places = { "the PBX's list of calls", "" },
    .params = params,
    .dispositions = pbx_row_dispositions,
    .longest_sec = PBX_LONGEST_SEC,
    .sweep_rest_sec = SWEEP_REST_SEC,
    .read_environment = pbx_settings_from_environment,
    .find_zone = find_zone,
    .open = open_pbx,
    .inspect = inspect,
    .now = now,
    .scan = scan,
    .fetch = fetch,
    .close = close_pbx,
    .check = check,
    .effort = effort,
    .recall = recall,
    .remember = remember,
    .inspect_archive = inspect_archive,
    .archive_problem = archive_problem,
};
