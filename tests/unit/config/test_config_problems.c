/* Tests of config: each message names the file and line and the remedy, and shows no secret. */
#include "../unit.h"

#include "config/config.h"

#define KEY "[general]\napi_key = k-123\n"

static const char *const environment[] = {
    "API_KEY",          "DID_OPTIMIZER_API_URL", "VICIDIAL_DB_HOST", "VICIDIAL_DB_USER", "VICIDIAL_DB_PASSWORD",
    "VICIDIAL_DB_NAME", "VICIDIAL_DB_PORT",
};

static void clear_environment(void)
{
    for (size_t i = 0; i < UNIT_COUNT(environment); i++)
        (void)unsetenv(environment[i]);
}

static int enter(void **state)
{
    clear_environment();
    return unit_create_directory(state);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, enter, unit_remove_directory)

/* Loads the three files (NULL: missing). *ret_texts has the problems, one per line; returns their code. */
static int problems_of(const char *directory, const char *dids, const char *astguiclient, const char *own,
                       char *ret_texts, size_t size, int *ret_count)
{
    char paths[3][512];
    static const char *const names[] = { "dids.conf", "astguiclient.conf", "own.conf" };
    const char *const texts[] = { dids, astguiclient, own };
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%s", directory, names[i]);
        if (texts[i] != NULL)
            unit_write(paths[i], texts[i]);
    }
    struct config config;
    struct config_problems problems;
    config_load(&(struct config_paths){ .dids = paths[0], .astguiclient = paths[1], .own = paths[2] }, &config,
                &problems);
    size_t used = 0;
    ret_texts[0] = '\0';
    for (int i = 0; i < problems.count; i++)
        used += (size_t)snprintf(ret_texts + used, size - used, "%s\n", problems.texts[i]);
    int code = problems.code;
    *ret_count = problems.count;
    config_problems_free(&problems);
    config_free(&config);
    return code;
}

struct row {
    const char *dids, *astguiclient, *own;
    const char *variable, *value; /* an environment variable; NULL: none */
    const char *parts[3];         /* texts that the message must contain */
};

static void check_rows(const char *directory, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char texts[4000], row[500];
        int problems = 0;
        (void)snprintf(row, sizeof row, "%zu: %s|%s|%s|%s", i, rows[i].dids, rows[i].astguiclient, rows[i].own,
                       rows[i].value);
        if (rows[i].variable != NULL)
            (void)setenv(rows[i].variable, rows[i].value, 1);
        int code =
            problems_of(directory, rows[i].dids, rows[i].astguiclient, rows[i].own, texts, sizeof texts, &problems);
        clear_environment();
        if (problems != 1)
            print_error("%s", texts);
        unit_same_int(row, problems, 1);
        unit_same_int(row, code, EX_CONFIG);
        for (size_t k = 0; k < UNIT_COUNT(rows[i].parts) && rows[i].parts[k] != NULL; k++)
            unit_has(row, texts, rows[i].parts[k]);
    }
}

static void test_config_says_where_to_write_a_missing_key(void **state)
{
    static const struct row rows[] = {
        { "", "", "", NULL, NULL, { "api_key", "dids.conf", "API_KEY" } },
        { "[general]\napi_key =\n", "", "", NULL, NULL, { "api_key", "dids.conf", "API_KEY" } },
        { "[general]\napi_key = ; to be done\n",
          "",
          "",
          NULL,
          NULL,
          { "there is no API key", "dids.conf", "API_KEY" } },
        { "[other]\napi_key = k\n", "", "", NULL, NULL, { "[general]", "dids.conf", "API_KEY" } },
        { "[general]\n", "", "", "API_KEY", "", { "api_key", "dids.conf", "API_KEY" } },
    };
    check_rows(*state, rows, UNIT_COUNT(rows));
}

static void test_config_refuses_placeholders_and_keys_that_no_header_can_carry(void **state)
{
    static const struct row rows[] = {
        { "[general]\napi_key = YOUR_API_KEY_HERE\n", "", "", NULL, NULL, { "dids.conf:2", "placeholder" } },
        { "[general]\n\napi_key = your_api_key_here\n", "", "", NULL, NULL, { "dids.conf:3", "placeholder" } },
        { KEY, "", "", "API_KEY", "YOUR_API_KEY_HERE", { "environment variable API_KEY", "placeholder" } },
        { "[general]\napi_key = a\x01" "b\n", "", "", NULL, NULL, { "dids.conf:2", "control character" } },
        { "[general]\napi_key = a b\n", "", "", NULL, NULL, { "dids.conf:2", "space" } },
        { "[general]\napi_key = a\x7F" "b\n", "", "", NULL, NULL, { "dids.conf:2", "control character" } },
        { "[general]\napi_key = a\xC3\xA9\n", "", "", NULL, NULL, { "dids.conf:2", "ASCII" } },
        { KEY, "", "", "API_KEY", "a\r\nX-Evil: 1", { "environment variable API_KEY", "control character" } },
        { KEY, "", "", "API_KEY", " k", { "environment variable API_KEY", "space" } },
    };
    check_rows(*state, rows, UNIT_COUNT(rows));
}

static void test_config_refuses_a_key_that_is_set_twice_and_names_both_lines(void **state)
{
    static const struct row rows[] = {
        { KEY, "", "[sync]\nsettle = 1\n\nsettle = 2\n", NULL, NULL, { "own.conf:4", "settle", "line 2" } },
        { KEY, "", "[sync]\nsettle = 1\nSettle = 1\n", NULL, NULL, { "own.conf:3", "line 2" } },
        { KEY, "", "[sync]\nsettle = 1\n[log]\n\n[SYNC]\nsettle = 1\n", NULL, NULL, { "own.conf:6", "line 2" } },
        { KEY, "", "[log]\nformat = text\nlog_format = json\n", NULL, NULL, { "own.conf:3", "line 2" } },
        { KEY, "", "[dispositions]\nAB = busy\nab = dropped\n", NULL, NULL, { "own.conf:3", "ab", "line 2" } },
        { KEY, "", "[dispositions]\n* = busy\n* = busy\n", NULL, NULL, { "own.conf:3", "line 2" } },
        { KEY, "", "[sync]\ncampaigns = A\ncampaigns = B\n", NULL, NULL, { "own.conf:3", "campaigns", "line 2" } },
    };
    check_rows(*state, rows, UNIT_COUNT(rows));
}

static void test_config_refuses_addresses_that_would_show_the_key(void **state)
{
    static const struct row rows[] = {
        { KEY "api_base_url = api.example.com\n", "", "", NULL, NULL, { "dids.conf:3", "not an http(s) address" } },
        { KEY "api_base_url = ftp://api.example.com\n", "", "", NULL, NULL, { "dids.conf:3", "https://" } },
        { KEY "api_base_url = http://api.example.com\n",
          "",
          "",
          NULL,
          NULL,
          { "dids.conf:3", "read the API key", "allow_insecure_http" } },
        { KEY "api_base_url = http://api.example.com\n",
          "",
          "[api]\nallow_insecure_http = no\n",
          NULL,
          NULL,
          { "read the API key" } },
        { KEY "api_base_url = https://u:p@api.example.com\n", "", "", NULL, NULL, { "dids.conf:3", "user names" } },
        { KEY "api_base_url = https://a.example/?x=1\n", "", "", NULL, NULL, { "dids.conf:3", "leave out" } },
        { KEY "api_base_url = /\n", "", "", NULL, NULL, { "dids.conf:3", "http(s)" } },
        { KEY,
          "",
          "",
          "DID_OPTIMIZER_API_URL",
          "http://10.1.2.3",
          { "environment variable DID_OPTIMIZER_API_URL", "read the API key" } },
    };
    check_rows(*state, rows, UNIT_COUNT(rows));
    char texts[2000];
    int count = -1;
    assert_int_equal(problems_of(*state, KEY "api_base_url = http://api.example.com\n", "",
                                 "[api]\nallow_insecure_http = yes\n", texts, sizeof texts, &count),
                     EX_OK);
    assert_int_equal(count, 0);
}

static void test_config_names_file_and_line_of_each_bad_value(void **state)
{
    static const struct row rows[] = {
        { KEY "api_timeout = 0\n",
          "",
          "",
          NULL,
          NULL,
          { "dids.conf:3", "api_timeout", "'0' is not a whole number from 1 to 300" } },
        { KEY "api_timeout = 301\n", "", "", NULL, NULL, { "dids.conf:3", "1 to 300" } },
        { KEY "api_timeout = 10s\n", "", "", NULL, NULL, { "dids.conf:3", "'10s'" } },
        { KEY "verify_ssl = perhaps\n", "", "", NULL, NULL, { "dids.conf:3", "verify_ssl", "neither yes nor no" } },
        { KEY "db_port = 65536\n", "", "", NULL, NULL, { "dids.conf:3", "db_port", "1 to 65535" } },
        { KEY, "VARDB_port => 0\n", "", NULL, NULL, { "astguiclient.conf:1: VARDB_port", "1 to 65535" } },
        { KEY, "VARDB_port => mysql\n", "", NULL, NULL, { "astguiclient.conf:1: VARDB_port", "'mysql'" } },
        { KEY, "", "", "VICIDIAL_DB_PORT", "70000", { "environment variable VICIDIAL_DB_PORT", "1 to 65535" } },
        { KEY, "", "[sync]\nbatch_size =\n", NULL, NULL, { "own.conf:2: batch_size", "''" } },
        { KEY, "", "[sync]\nbatch_size = 5.5\n", NULL, NULL, { "own.conf:2: batch_size", "'5.5'" } },
        { KEY, "", "[sync]\nbatch_size = 99999999999999999999\n", NULL, NULL, { "own.conf:2", "1 to 5000" } },
        { KEY, "", "[sync]\nresend_changed = maybe\n", NULL, NULL, { "own.conf:2", "none of yes, no, final" } },
        { KEY, "", "[log]\nformat = xml\n", NULL, NULL, { "own.conf:2", "neither text nor json" } },
        { KEY, "", "\n\n[log]\nlevel = loud\n", NULL, NULL, { "own.conf:4", "debug, info, warn, error" } },
        { KEY, "", "[log]\nmask_phone = last\n", NULL, NULL, { "own.conf:2", "mask_phone", "neither yes nor no" } },
        { KEY, "", "[dispositions]\nAB = engaged\n", NULL, NULL, { "own.conf:2: AB", "'engaged'", "no_answer" } },
        { KEY, "", "[dispositions]\nAB =\n", NULL, NULL, { "own.conf:2: AB", "''" } },
        { KEY, "", "[sync]\nsweep_window = 302401\n", NULL, NULL, { "own.conf", "retention_days", "sweep_window" } },
    };
    check_rows(*state, rows, UNIT_COUNT(rows));
}

static void test_config_refuses_unknown_lines_of_our_own_file(void **state)
{
    static const struct row rows[] = {
        { KEY, "", "[sync]\nbatchsize = 5\n", NULL, NULL, { "own.conf:2", "'batchsize'", "[sync]" } },
        { KEY, "", "[log]\nbatch_size = 5\n", NULL, NULL, { "own.conf:2", "'batch_size'", "[log]" } },
        { KEY, "", "batch_size = 5\n", NULL, NULL, { "own.conf:1", "'batch_size'", "before the first [section]" } },
        { KEY, "", "[api]\napi_key = x\n", NULL, NULL, { "own.conf:2", "'api_key'", "dids.conf" } },
        { KEY, "", "[api]\n\napi_base_url = x\n", NULL, NULL, { "own.conf:3", "'api_base_url'", "dids.conf" } },
        { KEY, "", "[database]\ndb_host = x\n", NULL, NULL, { "own.conf:2", "'db_host'", "[database]" } },
        { KEY, "", "[sync]\nbatch_size\n", NULL, NULL, { "own.conf:2", "not 'key = value'" } },
        { KEY, "", "[sync\n", NULL, NULL, { "own.conf:1", "not 'key = value'" } },
        { KEY "api_timeout 5\n", "", "", NULL, NULL, { "dids.conf:3", "api_timeout", "not 'key = value'" } },
    };
    check_rows(*state, rows, UNIT_COUNT(rows));
}

static const struct limits {
    const char *section, *key;
    size_t offset;
    int64_t initial, lowest, highest;
} limits[] = {
    { "sync", "batch_size", offsetof(struct config, sync.batch_size), 500, 1, 5000 },
    { "sync", "time_budget", offsetof(struct config, sync.time_budget), 50, 1, 86400 },
    { "sync", "overlap", offsetof(struct config, sync.overlap), 600, 0, 86400 },
    { "sync", "splay", offsetof(struct config, sync.splay), 10, 0, 30 },
    { "sync", "takeover_after", offsetof(struct config, sync.takeover_after), 180, 10, 86400 },
    { "sync", "settle", offsetof(struct config, sync.settle), 2, 0, 3600 },
    { "sync", "poll_window", offsetof(struct config, sync.poll_window), 7200, 0, 604800 },
    { "sync", "sweep_interval", offsetof(struct config, sync.sweep_interval), 1800, 0, 86400 },
    { "sync", "sweep_window", offsetof(struct config, sync.sweep_window), 21600, 0, 604800 },
    { "sync", "not_final_horizon", offsetof(struct config, sync.not_final_horizon), 15000, 0, 604800 },
    { "sync", "unsettled_hold", offsetof(struct config, sync.unsettled_hold), 120, 0, 86400 },
    { "sync", "first_run_lookback", offsetof(struct config, sync.first_run_lookback), 3600, 0, 31536000 },
    { "sync", "max_attempts", offsetof(struct config, sync.max_attempts), 10, 1, 1000 },
    { "sync", "retry_base", offsetof(struct config, sync.retry_base), 60, 0, 86400 },
    { "sync", "retry_cap", offsetof(struct config, sync.retry_cap), 3600, 1, 604800 },
    { "sync", "retention_days", offsetof(struct config, sync.retention_days), 7, 1, 3650 },
    { "sync", "rejected_retention_days", offsetof(struct config, sync.rejected_retention_days), 90, 1, 3650 },
    { "sync", "backfill_rate", offsetof(struct config, sync.backfill_rate), 100, 0, 100000 },
    { "api", "concurrency", offsetof(struct config, api.concurrency), 0, 0, 64 },
    { "api", "max_concurrency", offsetof(struct config, api.max_concurrency), 48, 1, 64 },
    { "api", "connect_timeout", offsetof(struct config, api.connect_timeout), 5, 1, 300 },
    { "database", "port", offsetof(struct config, database.port), 3306, 1, 65535 },
    { "database", "connect_timeout", offsetof(struct config, database.connect_timeout), 5, 1, 300 },
    { "database", "read_timeout", offsetof(struct config, database.read_timeout), 15, 1, 300 },
    { "database", "max_statement_time", offsetof(struct config, database.max_statement_time), 10, 1, 300 },
    { "database", "max_server_time", offsetof(struct config, database.max_server_time), 1, 0, 60 },
};

/* Loads the setting with this number (NULL: without it). Returns the count of problems and the loaded value. */
static int load_number(const char *directory, const struct limits *limit, const int64_t *number, int64_t *ret_value,
                       char *ret_text, size_t size)
{
    char own[200] = "", paths[3][512];
    /* A long sweep_window needs a long retention. */
    const char *first = strcmp(limit->key, "retention_days") == 0 ? "" : "retention_days = 14";
    if (number != NULL)
        (void)snprintf(own, sizeof own, "[sync]\n%s\n[%s]\n%s = %lld\n", first, limit->section, limit->key,
                       (long long)*number);
    (void)snprintf(paths[0], sizeof paths[0], "%s/dids.conf", directory);
    (void)snprintf(paths[1], sizeof paths[1], "%s/none", directory);
    (void)snprintf(paths[2], sizeof paths[2], "%s/own.conf", directory);
    unit_write(paths[0], KEY);
    unit_write(paths[2], own);
    struct config config;
    struct config_problems problems;
    config_load(&(struct config_paths){ .dids = paths[0], .astguiclient = paths[1], .own = paths[2] }, &config,
                &problems);
    *ret_value = *(const int64_t *)(const void *)((const char *)&config + limit->offset);
    (void)snprintf(ret_text, size, "%s", problems.count > 0 ? problems.texts[0] : "");
    int count = problems.count;
    config_problems_free(&problems);
    config_free(&config);
    return count;
}

static void test_config_enforces_the_range_of_each_number(void **state)
{
    for (size_t i = 0; i < UNIT_COUNT(limits); i++) {
        const struct limits *limit = &limits[i];
        const int64_t numbers[] = { limit->lowest - 1, limit->lowest, limit->highest, limit->highest + 1 };
        int64_t value = -1;
        char text[1300], want[120];
        unit_same_int(limit->key, load_number(*state, limit, NULL, &value, text, sizeof text), 0);
        unit_same_int(limit->key, value, limit->initial);
        (void)snprintf(want, sizeof want, "own.conf:4: %s: ", limit->key);
        for (size_t k = 0; k < UNIT_COUNT(numbers); k++) {
            char row[80];
            bool fits = k == 1 || k == 2;
            (void)snprintf(row, sizeof row, "%s = %lld", limit->key, (long long)numbers[k]);
            unit_same_int(row, load_number(*state, limit, &numbers[k], &value, text, sizeof text), fits ? 0 : 1);
            if (fits)
                unit_same_int(row, value, numbers[k]);
            else
                unit_has(row, text, want);
        }
    }
}

static void test_config_reports_all_problems_at_once(void **state)
{
    char texts[4000];
    int count = 0;
    (void)setenv("VICIDIAL_DB_PORT", "x", 1);
    int code =
        problems_of(*state, "[general]\napi_timeout = x\nverify_ssl = x\napi_base_url = x\n", "VARDB_port => x\n",
                    "[sync]\nbatch_size = x\nnonsense = 1\n[dispositions]\nA = x\n", texts, sizeof texts, &count);
    clear_environment();
    assert_int_equal(code, EX_CONFIG);
    static const char *const parts[] = {
        "dids.conf:2: api_timeout", "dids.conf:3: verify_ssl", "dids.conf:4: ", "astguiclient.conf:1: VARDB_port",
        "own.conf:2: batch_size", "own.conf:3: ", "own.conf:5: A", "VICIDIAL_DB_PORT", "there is no API key",
    };
    for (size_t i = 0; i < UNIT_COUNT(parts); i++)
        unit_has(parts[i], texts, parts[i]);
    unit_same_int(texts, count, UNIT_COUNT(parts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_config_says_where_to_write_a_missing_key),
        in_directory(test_config_refuses_placeholders_and_keys_that_no_header_can_carry),
        in_directory(test_config_refuses_a_key_that_is_set_twice_and_names_both_lines),
        in_directory(test_config_refuses_addresses_that_would_show_the_key),
        in_directory(test_config_names_file_and_line_of_each_bad_value),
        in_directory(test_config_refuses_unknown_lines_of_our_own_file),
        in_directory(test_config_enforces_the_range_of_each_number),
        in_directory(test_config_reports_all_problems_at_once),
    };
    return cmocka_run_group_tests_name("config_problems", tests, NULL, NULL);
}
