/* check: `did-optimizer-sync check`, tests the setup and names the remedies. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/check.h"
#include "commands/check_api.h"
#include "commands/check_cron.h"
#include "commands/check_database.h"
#include "commands/check_dialplan.h"
#include "commands/check_report.h"
#include "commands/check_state.h"
#include "config/profile.h"
#include "config/secrets.h"
#include "engine/after_step.h"
#include "engine/route.h"
#include "ledger/diagnosis.h"
#include "ledger/enabled.h"
#include "ledger/legacy.h"
#include "recording/place_check.h"
#include "recording/recording_settings.h"

/* The data of the tests. */
struct check {
    const struct options *options;
    struct check_report *report;
    struct config config;
    struct route_kinds kinds;
    struct config_problems problems;
    struct check_cron cron;
    bool enabled;
    char next[128]; /* the next step if no test failed; "": none */
    bool has_state; /* the process runs as the state's owner, so it may use the network */
};

static void test_secrets_of(const struct check *check, const struct params *params, const struct param_spec *specs,
                            bool *is_own_told)
{
    const char *own = check->options->config.own, *readable = NULL;
    for (size_t at = 0; (readable = secrets_readable_by_all(params, specs, own, &at)) != NULL;) {
        if (readable != own || !*is_own_told)
            check_warn(check->report, "configuration", "chmod 640 that file",
                       "%s holds a secret and can be read by other users", readable);
        *is_own_told = *is_own_told || readable == own;
    }
}

static void test_secret_files(const struct check *check)
{
    bool is_own_told = false;
    const struct config *config = &check->config;
    if (check->kinds.source != NULL)
        test_secrets_of(check, &config->source_params, check->kinds.source->params, &is_own_told);
    if (check->kinds.sink != NULL)
        test_secrets_of(check, &config->sink_params, check->kinds.sink->params, &is_own_told);
    if (check->kinds.place != NULL)
        test_secrets_of(check, &config->recordings_params, check->kinds.place->params, &is_own_told);
}

/* Whether a setting names a file that could not be read, which the test of the configuration reports. */
static bool lacks_secret(const struct params *params)
{
    for (size_t i = 0; i < params->count; i++)
        if (params->items[i].file != NULL && *params->items[i].value == '\0')
            return true;
    return false;
}

/* Where the links of stored recordings are, if they are not with the calls. */
static const char *links_of(const struct check *check, char out[200])
{
    bool takes_links = check->kinds.sink == NULL || check->kinds.sink->note_recordings != NULL;
    (void)snprintf(out, 200, "; the calls at the sink do not have the links: `did-optimizer-sync%s recordings why ID` "
                   "shows one", check->options->profile_option);
    return takes_links ? "" : out;
}

/* The settings, and the files that they name. Nothing is sent. */
static void test_recordings(const struct check *check)
{
    char links[200];
    struct recording_settings settings = { .url = NULL };
    struct place place = { .ops = NULL };
    struct err err;
    if (check->kinds.place == NULL || lacks_secret(&check->config.recordings_params))
        return;
    if (recording_settings_read(&check->config.recordings_params, &check->config.source_params, &settings, &err) != 0 ||
        place_open(check->kinds.place, &settings.place, &place, &err) != 0)
        check_fail_err(check->report, "recordings", &err);
    else
        check_good(check->report, "recordings", "upload = %s%s", check->kinds.place->type,
                   links_of(check, links));
    place_close(&place);
    recording_settings_clear(&settings);
}

static void test_files(const struct check *check)
{
    struct stat info;
    const struct config_paths *paths = &check->options->config;
    const struct settings_database *database = &check->config.database;
    unsigned parts = check->config.parts;
    if ((parts & CONFIG_DATABASE) != 0 && access(paths->astguiclient, F_OK) != 0)
        check_warn(check->report, "configuration", "is this a VICIdial host?",
                   "there is no %s: VICIdial's defaults are used", paths->astguiclient);
    if (*database->password != '\0' && stat(paths->own, &info) == 0 && (info.st_mode & S_IROTH) != 0 &&
        database->password_in_own_file)
        check_warn(check->report, "configuration", "chmod 640 that file",
                   "%s holds a password and can be read by other users", paths->own);
    test_secret_files(check);
    if ((parts & CONFIG_API) != 0 && stat(paths->dids, &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH)) != 0)
        check_warn(check->report, "configuration", "chmod 600 that file (and let Asterisk's user own it)",
                   "%s can be read by other users and holds the key", paths->dids);
}

static void report_configuration(const struct check *check)
{
    const struct config *config = &check->config;
    char from[300], to[700];
    if ((config->parts & CONFIG_DATABASE) != 0)
        (void)snprintf(from, sizeof from, "database %s on %s as %s", config->database.name, config->database.host,
                       config->database.user);
    else
        (void)snprintf(from, sizeof from, "source %s (from %s)", config->source_type, config->source_origin);
    if ((config->parts & CONFIG_API) != 0)
        (void)snprintf(to, sizeof to, "%s (from %s), key from %s", config->api.base_url, config->api.base_url_origin,
                       config->api.key_origin);
    else
        (void)snprintf(to, sizeof to, "sink %s (from %s)", config->sink_type, config->sink_origin);
    check_good(check->report, "configuration", "%s, %s", to, from);
}

/* Names each setting that comes from an environment variable: the variable may have been set for another program. */
static void report_variables(const struct check *check, const char *section, const struct params *params)
{
    static const char origin[] = "environment variable ";
    for (size_t i = 0; i < params->count; i++)
        if (strncmp(params->items[i].origin, origin, sizeof origin - 1) == 0)
            check_good(check->report, "configuration", "%s sets %s in [%s], because no file does",
                       params->items[i].origin + sizeof origin - 1, params->items[i].key, section);
}

/* Whether calls of the source have an extra of this name. *ret_looked_up: [enrich] can switch it off. */
static bool has_extra(const struct source_ops *source, const char *name, bool *ret_looked_up)
{
    *ret_looked_up = false;
    for (int i = 0; source->shape != NULL && i < CALL_MAX_EXTRAS && source->shape->extras[i].name != NULL; i++)
        if (strcmp(source->shape->extras[i].name, name) == 0) {
            *ret_looked_up = source->shape->extras[i].is_looked_up;
            return true;
        }
    return false;
}

/* Warns if [sink] asks for the dial status, but no call has one: [enrich] looks it up, if the source can. */
static void test_dial_status(const struct check *check)
{
    bool looked_up = false;
    const struct source_ops *source = check->kinds.source;
    const struct param *asks = sink_asks_dial_status(check->kinds.sink, &check->config.sink_params);
    if (asks == NULL || source == NULL)
        return;
    bool known = has_extra(source, "dial_status", &looked_up);
    if (looked_up && !check->config.enrich.dial_status)
        check_warn(check->report, "configuration",
                   "remove dial_status = no from [enrich], or write dial_status = no under [sink]",
                   "dialStatus is never sent: %s = %s in [sink] asks for it, but dial_status = no in [enrich] switches "
                   "its look-up off", asks->key, asks->value);
    else if (!known && strcasecmp(asks->key, "dial_status") == 0)
        check_warn(check->report, "configuration", "remove dial_status from [sink]",
                   "dialStatus is never sent: a call from %s has no dial status", source->type);
}

/* Customers and staff that nobody copies would be missed only in a report. */
static void test_tables(const struct check *check)
{
    const struct source_ops *source = check->kinds.source;
    const struct sink_ops *sink = check->kinds.sink;
    if (source != NULL && sink != NULL && source->copy_tables != NULL && sink->table_load == NULL)
        check_warn(check->report, "configuration", "write type = bigquery or type = records under [sink], perhaps in a "
                   "profile of its own, if you need them",
                   "only calls are sent: %s has customers, staff and groups as well, but the sink %s takes no tables",
                   source->type, sink->type);
}

static void test_configuration(struct check *check)
{
    const struct config *config = &check->config;
    const struct config_problems *problems = &check->problems;
    for (int i = 0; i < problems->count; i++) {
        struct err err;
        (void)err_set(&err, problems->code, "%s", problems->texts[i]);
        check_fail_err(check->report, "configuration", &err);
    }
    if (problems->count == 0)
        report_configuration(check);
    report_variables(check, "source", &config->source_params);
    report_variables(check, "recordings", &config->recordings_params);
    test_dial_status(check);
    test_tables(check);
    if (!config->api.verify_ssl)
        check_warn(check->report, "configuration", "remove that line",
                   "verify_ssl = 0 in %s: anyone on the network path can read the key", check->options->config.dids);
    test_files(check);
    test_recordings(check);
}

static void test_log(struct check *check)
{
    check_log(check->report, check->options);
}

static void test_older_script(struct check *check)
{
    char advice[LEGACY_ADVICE_SIZE];
    if (check_other_crontabs(check->report, check->options->cron_file) == 0 &&
        legacy_advice(check->options->legacy, 0, advice, sizeof advice))
        check_warn_message(check->report, "older script", advice);
}

static void test_dialplan(struct check *check)
{
    if ((check->config.parts & CONFIG_API) != 0)
        check_dialplan(check->report, check->options->config.dids);
}

/* Inspects cron while this process is root. test_cron reports the result at the end: it needs the age of the last run.
 */
static void inspect_cron(struct check *check)
{
    check->cron = check_cron_inspect(check->options->cron_file);
}

static void report_place(const struct check *check, const struct place_finding *finding)
{
    const struct transfer_failure *failure = &finding->failure;
    const char *remedy = *failure->remedy != '\0' ? failure->remedy + 2 : "try again later"; /* without "; " */
    const char *room = *finding->room != '\0' ? "; " : "";
    if (finding->is_dead)
        check_fail(check->report, "recordings", EX_UNAVAILABLE, remedy,
                   "%s: recordings wait, and calls are sent as usual", failure->reason);
    else if (!finding->is_stored)
        check_fail(check->report, "recordings", failure->fault == TRANSFER_MISCONFIGURED ? EX_CONFIG : EX_UNAVAILABLE,
                   remedy, "a small file could not be stored: %s", failure->reason);
    else if (!finding->is_deleted)
        check_warn(check->report, "recordings", "delete it by hand; runs need not delete anything",
                   "a small file was stored, and %s could not be deleted again: %s", finding->name, failure->reason);
    else
        check_good(check->report, "recordings", "a small file was stored and deleted again%s%s", room, finding->room);
}

/* Stores a small file in the place of the recordings, and deletes it. */
static void test_place(struct check *check)
{
    struct recording_settings settings = { .url = NULL };
    struct place place = { .ops = NULL };
    struct place_finding finding;
    struct err err;
    if (check->kinds.place == NULL || lacks_secret(&check->config.recordings_params))
        return;
    if (recording_settings_read(&check->config.recordings_params, &check->config.source_params, &settings, &err) == 0 &&
        place_open(check->kinds.place, &settings.place, &place, &err) == 0) { /* test_recordings reports the others */
        if (place_check(&place, &settings.place, check->options->state_dir, &finding, &err) != 0)
            check_fail_err(check->report, "recordings", &err);
        else
            report_place(check, &finding);
    }
    place_close(&place);
    recording_settings_clear(&settings);
}

/* Gives up root's rights: the tests after this one run as the state's owner. */
static void test_owner(struct check *check)
{
    struct err err;
    check->has_state = profile_drop_privileges(check->options, &err) == 0;
    if (!check->has_state)
        check_fail_err(check->report, "state", &err);
}

/* The source's name for lines of `check`. Most sources are databases; if the type is unknown, "database" too. */
static const char *area_of_source(const struct check *check)
{
    const struct source_ops *source = check->kinds.source;
    bool is_database = source == NULL || source->uses_dialer || source->find_database != NULL;
    return is_database ? "database" : source->title;
}

static void test_database(struct check *check)
{
    check_database(check->report, area_of_source(check), check->options, &check->config);
}

static void test_api(struct check *check)
{
    check_api(check->report, check->options, &check->config, check->kinds.sink);
}

/* The files of `after`, as the state's owner, who runs them: root may read more. */
static void test_after(struct check *check)
{
    struct err err;
    size_t count = 0;
    if (check->kinds.sink == NULL)
        return;
    if (after_step_check(check->kinds.sink, &check->config.sink_params, &count, &err) != 0)
        check_fail_err(check->report, "after", &err);
    else if (count > 0)
        check_good(check->report, "after", "%zu file%s of SQL can be read; only a run shows whether they work",
                   count, count == 1 ? "" : "s");
}

static void test_state(struct check *check)
{
    const struct source_ops *source = check->kinds.source;
    check_state(check->report, check->options, source != NULL ? source->type : NULL);
}

static void test_sending(struct check *check)
{
    struct err err;
    if (enabled_read(check->options->state_dir, &check->enabled, &err) != 0)
        check_fail_err(check->report, "sending", &err);
    else if (check->enabled)
        check_good(check->report, "sending", "enabled: cron sends the calls that end");
    else
        (void)snprintf(check->next, sizeof check->next,
                       "cron sends no calls until you run: did-optimizer-sync%s enable",
                       check->options->profile_option);
}

/* Reports only the age of the last run. Why that run failed is the business of `status`: its cause may be fixed by now.
 * Returns the age in seconds, -1: no run yet. */
static int64_t test_last_run(const struct check *check)
{
    struct err err;
    struct standing standing;
    if (!check->has_state || standing_read(check->options->state_dir, &standing, &err) != 0 ||
        standing_last_activity(&standing) == 0)
        return -1;
    const struct diagnosis_limits limits = diagnosis_usual_limits(&standing);
    int64_t age = standing_age(&standing, standing_last_activity(&standing));
    if (!check->enabled)
        return age;
    if (age <= limits.warning)
        check_good(check->report, "runs", "the last run started %" PRId64 " s ago", age);
    else if (age <= limits.critical)
        check_warn(check->report, "runs", "see the cron line below", "the last run started %" PRId64 " min ago",
                   age / 60);
    else
        check_fail(check->report, "runs", EX_UNAVAILABLE, "see the cron line below, and: journalctl -u cron (or crond)",
                   "the last run started %" PRId64 " min ago, so newer calls are not known", age / 60);
    return age;
}

static void test_cron(struct check *check)
{
    int64_t age = test_last_run(check);
    check_cron(check->report, &check->cron, age);
}

/* All tests, in order. A failed test does not stop the others. */
static const struct {
    const char *area; /* NULL: that of the source or of the sink */
    void (*test)(struct check *check);
    unsigned settings; /* the parts of the configuration that the test needs */
    bool needs_state;
} tests[] = {
    { "configuration", test_configuration, 0, false },
    { "log", test_log, 0, false },
    { "older script", test_older_script, 0, false },
    { "dialplan", test_dialplan, 0, false },
    { "cron", inspect_cron, 0, false },
    { "state", test_owner, 0, false },
    { NULL, test_database, CONFIG_DATABASE, true },
    { NULL, test_api, CONFIG_API, true },
    { "after", test_after, 0, true },
    { "recordings", test_place, 0, true },
    { "state", test_state, 0, true },
    { "sending", test_sending, 0, true },
    { "cron", test_cron, 0, false },
};

static const char *area_of(const struct check *check, const char *area, unsigned settings)
{
    if (area != NULL)
        return area;
    if (settings == CONFIG_DATABASE)
        return area_of_source(check);
    return check->kinds.sink != NULL ? check->kinds.sink->title : "sink";
}

int check_command(const struct options *options)
{
    struct check check = { .options = options, .report = check_report_new(options->json) };
    route_load(&options->config, &check.config, &check.kinds, &check.problems);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if ((tests[i].settings & check.problems.parts) != 0)
            check_warn(check.report, area_of(&check, tests[i].area, tests[i].settings), "fix those settings first",
                       "not tested: the settings above are wrong");
        else if (!tests[i].needs_state || check.has_state)
            tests[i].test(&check);
    config_problems_free(&check.problems);
    config_free(&check.config);
    return check_report_end(check.report, *check.next != '\0' ? check.next : NULL);
}
