/* config: reads the settings of a run from three files and the environment. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "config/astguiclient.h"
#include "config/config.h"
#include "config/inifile.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)

enum kind { TEXT, PATH, NUMBER, YES_NO, RESEND, LOG_FORMAT, LOG_LEVEL };

struct setting {
    const char *section, *key;
    enum kind kind;
    size_t offset; /* of the target in struct config */
    const char *default_value;
    int64_t lowest, highest; /* NUMBER only */
};

#define AT(member) offsetof(struct config, member)

/* Every setting of /etc/did-optimizer-sync.conf. A test compares this table with conf/did-optimizer-sync.conf. */
static const struct setting own_settings[] = {
    { "sync", "batch_size", NUMBER, AT(sync.batch_size), "500", 1, 5000 },
    { "sync", "time_budget", NUMBER, AT(sync.time_budget), "50", 1, 86400 },
    { "sync", "splay", NUMBER, AT(sync.splay), "10", 0, 30 },
    { "sync", "longest_pause", NUMBER, AT(sync.longest_pause), "0", 0, 604800 },
    { "sync", "takeover_after", NUMBER, AT(sync.takeover_after), "180", 10, 86400 },
    { "sync", "overlap", NUMBER, AT(sync.overlap), "600", 0, 86400 },
    { "sync", "settle", NUMBER, AT(sync.settle), "2", 0, 3600 },
    { "sync", "poll_window", NUMBER, AT(sync.poll_window), "7200", 0, 604800 },
    { "sync", "sweep_interval", NUMBER, AT(sync.sweep_interval), "1800", 0, 86400 },
    { "sync", "sweep_window", NUMBER, AT(sync.sweep_window), "21600", 0, 604800 },
    { "sync", "campaigns", TEXT, AT(sync.campaigns), "", 0, 0 },
    { "sync", "exclude_campaigns", TEXT, AT(sync.exclude_campaigns), "", 0, 0 },
    { "sync", "not_final", TEXT, AT(sync.not_final), "INCALL QUEUE DISPO", 0, 0 },
    { "sync", "not_final_horizon", NUMBER, AT(sync.not_final_horizon), "15000", 0, 604800 },
    { "sync", "unsettled", TEXT, AT(sync.unsettled), "DONEM PU AA AM UNKAM XFER", 0, 0 },
    { "sync", "unsettled_hold", NUMBER, AT(sync.unsettled_hold), "120", 0, 86400 },
    { "sync", "first_run_lookback", NUMBER, AT(sync.first_run_lookback), "3600", 0, 31536000 },
    { "sync", "resend_changed", RESEND, AT(sync.resend_changed), "yes", 0, 0 },
    { "sync", "max_attempts", NUMBER, AT(sync.max_attempts), "10", 1, 1000 },
    { "sync", "retry_base", NUMBER, AT(sync.retry_base), "60", 0, 86400 },
    { "sync", "retry_cap", NUMBER, AT(sync.retry_cap), "3600", 1, 604800 },
    { "sync", "backfill_rate", NUMBER, AT(sync.backfill_rate), "100", 0, 100000 },
    { "sync", "retention_days", NUMBER, AT(sync.retention_days), "7", 1, 3650 },
    { "sync", "rejected_retention_days", NUMBER, AT(sync.rejected_retention_days), "90", 1, 3650 },
    { "api", "concurrency", NUMBER, AT(api.concurrency), "0", 0, 64 },
    { "api", "max_concurrency", NUMBER, AT(api.max_concurrency), "48", 1, 64 },
    { "api", "connect_timeout", NUMBER, AT(api.connect_timeout), "5", 1, 300 },
    { "api", "allow_insecure_http", YES_NO, AT(api.allow_insecure_http), "no", 0, 0 },
    { "api", "ca_file", PATH, AT(api.ca_file), "", 0, 0 },
    { "database", "host", TEXT, AT(database.host), "localhost", 0, 0 },
    { "database", "user", TEXT, AT(database.user), "cron", 0, 0 },
    { "database", "password", TEXT, AT(database.password), "1234", 0, 0 },
    { "database", "name", TEXT, AT(database.name), "asterisk", 0, 0 },
    { "database", "port", NUMBER, AT(database.port), "3306", 1, 65535 },
    { "database", "socket", PATH, AT(database.socket), "", 0, 0 },
    { "database", "ssl_ca", PATH, AT(database.ssl_ca), "", 0, 0 },
    { "database", "connect_timeout", NUMBER, AT(database.connect_timeout), "5", 1, 300 },
    { "database", "read_timeout", NUMBER, AT(database.read_timeout), "15", 1, 300 },
    { "database", "max_statement_time", NUMBER, AT(database.max_statement_time), "10", 1, 300 },
    { "database", "max_server_time", NUMBER, AT(database.max_server_time), "1", 0, 60 },
    { "source", "type", TEXT, AT(source_type), "vicidial", 0, 0 },
    { "sink", "type", TEXT, AT(sink_type), "did-optimizer", 0, 0 },
    { "recordings", "upload", TEXT, AT(recordings_type), "", 0, 0 },
    { "enrich", "did", YES_NO, AT(enrich.did), "yes", 0, 0 },
    { "enrich", "dial_status", YES_NO, AT(enrich.dial_status), "yes", 0, 0 },
    { "enrich", "hangup_cause", YES_NO, AT(enrich.hangup_cause), "yes", 0, 0 },
    { "enrich", "sip_hangup_cause", YES_NO, AT(enrich.sip_hangup_cause), "yes", 0, 0 },
    { "enrich", "sip_hangup_reason", YES_NO, AT(enrich.sip_hangup_reason), "yes", 0, 0 },
    { "enrich", "ring_time", YES_NO, AT(enrich.ring_time), "yes", 0, 0 },
    { "enrich", "talk_time", YES_NO, AT(enrich.talk_time), "yes", 0, 0 },
    { "enrich", "amd_result", YES_NO, AT(enrich.amd_result), "yes", 0, 0 },
    { "enrich", "customer_state", YES_NO, AT(enrich.customer_state), "no", 0, 0 },
    { "enrich", "customer_zip", YES_NO, AT(enrich.customer_zip), "no", 0, 0 },
    { "enrich", "vendor_lead_code", YES_NO, AT(enrich.vendor_lead_code), "no", 0, 0 },
    { "log", "format", LOG_FORMAT, AT(log_format), "text", 0, 0 },
    { "log", "level", LOG_LEVEL, AT(log_level), "info", 0, 0 },
    { "log", "mask_phone", YES_NO, AT(mask_phone), "no", 0, 0 },
};

/* The keys of dids.conf [general] that this program reads; other programs use the rest of the file. The defaults of the
 * database come from the table above. */
static const struct setting dids_settings[] = {
    { "general", "api_base_url", TEXT, AT(api.base_url), "http://localhost:5000", 0, 0 },
    { "general", "api_key", TEXT, AT(api.key), "", 0, 0 },
    { "general", "api_timeout", NUMBER, AT(api.timeout), "10", 1, 300 },
    { "general", "verify_ssl", YES_NO, AT(api.verify_ssl), "yes", 0, 0 },
    { "general", "db_host", TEXT, AT(database.host), NULL, 0, 0 },
    { "general", "db_user", TEXT, AT(database.user), NULL, 0, 0 },
    { "general", "db_pass", TEXT, AT(database.password), NULL, 0, 0 },
    { "general", "db_name", TEXT, AT(database.name), NULL, 0, 0 },
    { "general", "db_port", NUMBER, AT(database.port), NULL, 1, 65535 },
};

/* The name of a setting in another file or in the environment. */
struct alias {
    const char *name;
    size_t offset; /* of the setting's target */
};

static const struct alias environment_names[] = {
    { "API_KEY", AT(api.key) },
    { "DID_OPTIMIZER_API_URL", AT(api.base_url) },
    { "VICIDIAL_DB_HOST", AT(database.host) },
    { "VICIDIAL_DB_USER", AT(database.user) },
    { "VICIDIAL_DB_PASSWORD", AT(database.password) },
    { "VICIDIAL_DB_NAME", AT(database.name) },
    { "VICIDIAL_DB_PORT", AT(database.port) },
};

static const struct alias astguiclient_names[] = {
    { "VARDB_server", AT(database.host) },
    { "VARDB_user", AT(database.user) },
    { "VARDB_pass", AT(database.password) },
    { "VARDB_database", AT(database.name) },
    { "VARDB_port", AT(database.port) },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The context of the callbacks while a file is read. */
struct reading {
    struct config *config;
    struct config_problems *problems;
    const char *path;
    unsigned parts; /* of enum config_part: the parts that this file sets */
    struct inifile_keys keys; /* of our own file, which may set each key only once */
    config_has_param *has_param; /* see struct config_paths */
};

static void PRINTF_LIKE(3, 4) add_problem(struct config_problems *problems, int code, const char *format, ...)
{
    char text[1200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    problems->texts = mem_resize(problems->texts, (size_t)problems->count + 1, sizeof *problems->texts);
    problems->texts[problems->count++] = mem_copy(text);
    if (problems->code != EX_NOPERM)
        problems->code = code;
}

/* The part that the settings of this section belong to; 0: none. */
static unsigned part_of_section(const char *section)
{
    if (strcasecmp(section, "database") == 0)
        return CONFIG_DATABASE;
    return strcasecmp(section, "api") == 0 ? CONFIG_API : 0;
}

static unsigned part_of(const struct setting *setting)
{
    if (strcmp(setting->section, "general") == 0)
        return strncmp(setting->key, "db_", 3) == 0 ? CONFIG_DATABASE : CONFIG_API;
    return part_of_section(setting->section);
}

static const struct setting *find_setting(const struct setting *table, size_t count, const char *section,
                                          const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(table[i].section, section) == 0 && strcasecmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}

static const struct setting *setting_at(size_t offset)
{
    for (size_t i = 0; i < COUNT(own_settings); i++)
        if (own_settings[i].offset == offset)
            return &own_settings[i];
    for (size_t i = 0; i < COUNT(dids_settings); i++)
        if (dids_settings[i].offset == offset)
            return &dids_settings[i];
    return NULL;
}

static void set_text(char **target, const char *value)
{
    char *copy = mem_copy(value);
    free(*target);
    *target = copy;
}

/* Absolute: the leader's helper process changes its working directory and opens a connection later. */
static void set_path(char **target, const char *value)
{
    free(*target);
    *target = fileutil_absolute(value);
}

/* The index of value in words, a list that ends with NULL; -1 if value is none of them. */
static int find_word(const char *value, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcasecmp(value, words[i]) == 0)
            return i;
    return -1;
}

static int set_number(const struct setting *setting, int64_t *target, const char *value, struct err *err)
{
    int64_t number = 0;
    if (!str_to_int(value, &number) || number < setting->lowest || number > setting->highest)
        return err_set(err, EX_CONFIG, "'%.40s' is not a whole number from %" PRId64 " to %" PRId64, value,
                       setting->lowest, setting->highest);
    *target = number;
    return 0;
}

/* Parses value and sets the target of setting. No error text contains a secret: a secret is TEXT, which cannot
 * fail. */
static int set_value(struct config *config, const struct setting *setting, const char *value, struct err *err)
{
    static const char *const formats[] = { "text", "json", NULL };
    static const char *const levels[] = { "debug", "info", "warn", "error", NULL };
    void *target = (char *)config + setting->offset;
    int choice = 0;
    switch (setting->kind) {
    case TEXT:
        set_text(target, value);
        return 0;
    case PATH:
        set_path(target, value);
        return 0;
    case NUMBER:
        return set_number(setting, target, value, err);
    case YES_NO:
        choice = str_yes_no(value);
        if (choice < 0)
            return err_set(err, EX_CONFIG, "'%.40s' is neither yes nor no", value);
        *(bool *)target = choice == 1;
        return 0;
    case RESEND:
        choice = strcasecmp(value, "final") == 0 ? RESEND_FINAL : str_yes_no(value);
        if (choice < 0)
            return err_set(err, EX_CONFIG, "'%.40s' is none of yes, no, final", value);
        *(enum settings_resend *)target = (enum settings_resend)choice;
        return 0;
    case LOG_FORMAT:
        choice = find_word(value, formats);
        if (choice < 0)
            return err_set(err, EX_CONFIG, "'%.40s' is neither text nor json", value);
        *(enum log_format *)target = (enum log_format)choice;
        return 0;
    case LOG_LEVEL:
        choice = find_word(value, levels);
        if (choice < 0)
            return err_set(err, EX_CONFIG, "'%.40s' is none of debug, info, warn, error", value);
        *(enum log_level *)target = (enum log_level)choice;
        return 0;
    }
    return err_set(err, EX_SOFTWARE, "setting %s has no kind", setting->key);
}

/* Keeps the file and line that set the value: later checks, in other files too, name them. */
static void keep_origin(struct config *config, const struct setting *setting, const char *place)
{
    if (setting->offset == AT(api.base_url))
        set_text(&config->api.base_url_origin, place);
    else if (setting->offset == AT(api.key))
        set_text(&config->api.key_origin, place);
    else if (setting->offset == AT(source_type))
        set_text(&config->source_origin, place);
    else if (setting->offset == AT(sink_type))
        set_text(&config->sink_origin, place);
    else if (setting->offset == AT(recordings_type))
        set_text(&config->recordings_origin, place);
}

static void set_or_report(struct reading *reading, const struct setting *setting, const char *value, const char *place)
{
    struct err err;
    if (set_value(reading->config, setting, value, &err) == 0) {
        keep_origin(reading->config, setting, place);
        return;
    }
    add_problem(reading->problems, EX_CONFIG, "%s: %s: %s", place, setting->key, err.message);
    reading->problems->parts |= part_of(setting);
}

static void set_from_line(struct reading *reading, const struct setting *setting, const char *value, int line)
{
    char place[512];
    (void)snprintf(place, sizeof place, "%s:%d", reading->path, line);
    set_or_report(reading, setting, value, place);
}

/* ---- dids.conf: other programs use it too; unknown keys are ignored ---- */

static bool is_general(const char *section)
{
    return *section == '\0' || strcasecmp(section, "general") == 0;
}

static void on_dids_value(void *context, const char *section, const char *key, const char *value, int line)
{
    struct reading *reading = context;
    const struct setting *setting = NULL;
    if (is_general(section))
        setting = find_setting(dids_settings, COUNT(dids_settings), "general", key);
    if (setting == NULL)
        return;
    if (*value == '>') /* Asterisk's form `key => value` */
        value += 1 + strspn(value + 1, " \t");
    /* An empty value means "not set", but an empty password is a password. */
    if (*value != '\0' || setting->offset == AT(database.password))
        set_from_line(reading, setting, value, line);
}

static void on_dids_problem(void *context, const char *section, const char *text, const char *problem, int line)
{
    struct reading *reading = context;
    size_t length = strcspn(text, " \t=:");
    for (size_t i = 0; is_general(section) && i < COUNT(dids_settings); i++)
        if (strlen(dids_settings[i].key) == length && strncasecmp(text, dids_settings[i].key, length) == 0) {
            add_problem(reading->problems, EX_CONFIG, "%s:%d: the line of %s %s", reading->path, line,
                        dids_settings[i].key, problem);
            reading->problems->parts |= part_of(&dids_settings[i]);
        }
}

/* ---- our own file: an unknown line is an error ---- */

/* A second line for the same key is an error: an operator may overlook it and change the wrong line. */
static void check_key_is_new(struct reading *reading, const char *section, const char *key, int line)
{
    int earlier = inifile_add_key(&reading->keys, section, key, line);
    if (earlier != 0)
        add_problem(reading->problems, EX_CONFIG, "%s:%d: %.40s is already set in line %d; keep one of the two lines",
                    reading->path, line, key, earlier);
}

/* Keeps a setting of one type of source or sink; it is checked later, by code that knows the type. */
static bool keep_param(struct reading *reading, const char *section, const char *key, const char *value, int line)
{
    char place[512];
    struct params *params = strcasecmp(section, "source") == 0 ? &reading->config->source_params
                            : strcasecmp(section, "sink") == 0 ? &reading->config->sink_params
                            : strcasecmp(section, "recordings") == 0 ? &reading->config->recordings_params : NULL;
    if (params == NULL)
        return false;
    check_key_is_new(reading, section, key, line);
    (void)snprintf(place, sizeof place, "%s:%d", reading->path, line);
    params_add(params, key, value, place);
    return true;
}

/* Notes which database settings our own file sets. Each type of source looks for the others in files of its own. */
static void note_ours(struct config *config, const struct setting *setting)
{
    static const struct {
        size_t setting, flag;
    } flags[] = {
        { AT(database.host), AT(database.host_in_own_file) },
        { AT(database.port), AT(database.port_in_own_file) },
        { AT(database.socket), AT(database.socket_in_own_file) },
        { AT(database.user), AT(database.user_in_own_file) },
        { AT(database.password), AT(database.password_in_own_file) },
        { AT(database.name), AT(database.name_in_own_file) },
    };
    for (size_t i = 0; i < COUNT(flags); i++)
        if (setting->offset == flags[i].setting)
            *(bool *)(void *)((char *)config + flags[i].flag) = true;
}

static void add_home(char out[CONFIG_HOME_SIZE], const char *section)
{
    size_t used = strlen(out);
    (void)snprintf(out + used, CONFIG_HOME_SIZE - used, "%s[%s]", used > 0 ? " or " : "", section);
}

const char *config_home(const struct config *config, config_has_param *has_param, const char *key,
                        char out[CONFIG_HOME_SIZE])
{
    *out = '\0';
    for (size_t i = 0; i < COUNT(own_settings); i++)
        if (strcasecmp(own_settings[i].key, key) == 0)
            add_home(out, own_settings[i].section);
    if (has_param != NULL && has_param("source", config->source_type, key))
        add_home(out, "source");
    if (has_param != NULL && has_param("sink", config->sink_type, key))
        add_home(out, "sink");
    if (has_param != NULL && has_param("recordings", config->recordings_type, key))
        add_home(out, "recordings");
    return out;
}

/* A misspelled ssl_ca is a problem of its section too: the program must not connect without it. */
static void report_unknown_key(struct reading *reading, const char *section, const char *key, int line)
{
    char place[80] = "before the first [section]", home[CONFIG_HOME_SIZE], belongs[CONFIG_HOME_SIZE + 100] = "";
    if (*section != '\0')
        (void)snprintf(place, sizeof place, "in [%.60s]", section);
    const char *remedy = "`man did-optimizer-sync.conf` lists every setting";
    if (find_setting(dids_settings, COUNT(dids_settings), "general", key) != NULL && strncmp(key, "api_", 4) == 0)
        remedy = "the API's address and key belong in dids.conf";
    else if (*config_home(reading->config, reading->has_param, key, home) != '\0')
        (void)snprintf(belongs, sizeof belongs, "this setting belongs in %s; ", home);
    add_problem(reading->problems, EX_CONFIG, "%s:%d: there is no setting '%.60s' %s; %s%s", reading->path, line, key,
                place, belongs, remedy);
    reading->problems->parts |= part_of_section(section);
}

static void on_own_value(void *context, const char *section, const char *key, const char *value, int line)
{
    struct reading *reading = context;
    struct err err;
    if (strcasecmp(section, "dispositions") == 0) {
        check_key_is_new(reading, section, key, line);
        if (strcasecmp(key, "use") == 0) {
            disposition_map_use_flags(reading->config->dispositions, strcasecmp(value, "flags") == 0);
            if (strcasecmp(value, "flags") != 0 && strcasecmp(value, "table") != 0)
                add_problem(reading->problems, EX_CONFIG, "%s:%d: use: '%.40s' is neither table nor flags",
                            reading->path, line, value);
            return;
        }
        if (disposition_map_set(reading->config->dispositions, key, value, &err) != 0)
            add_problem(reading->problems, EX_CONFIG, "%s:%d: %.40s: %s", reading->path, line, key, err.message);
        return;
    }
    if (strcasecmp(section, "log") == 0 && strncasecmp(key, "log_", 4) == 0)
        key += 4; /* people also write log_format, log_level */
    const struct setting *setting = find_setting(own_settings, COUNT(own_settings), section, key);
    if (setting != NULL) {
        check_key_is_new(reading, section, key, line);
        set_from_line(reading, setting, value, line);
        note_ours(reading->config, setting);
        return;
    }
    if (keep_param(reading, section, key, value, line))
        return;
    report_unknown_key(reading, section, key, line);
}

static void on_own_problem(void *context, const char *section, const char *text, const char *problem, int line)
{
    struct reading *reading = context;
    (void)text; /* do not quote it: it may be a password */
    add_problem(reading->problems, EX_CONFIG, "%s:%d: this line %s", reading->path, line, problem);
    reading->problems->parts |= part_of_section(section);
}

/* ---- the layers, lowest first ---- */

/* The text of a file; NULL if it is missing or cannot be read. Reports each problem. Ownership: the caller frees it. */
static char *read_config_file(const struct reading *reading, bool required)
{
    const char *path = reading->path;
    struct config_problems *problems = reading->problems;
    int before = problems->count;
    struct err err;
    struct stat info;
    char *text = NULL;
    bool missing = false;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IWOTH) != 0)
        add_problem(problems, EX_CONFIG,
                    "%s can be written by every user, who could send the key anywhere: chmod o-w it", path);
    if (fileutil_read(path, MAX_FILE_BYTES, FILEUTIL_FOLLOW_LINK, &text, &missing, &err) != 0)
        add_problem(problems, err.code == EX_NOPERM ? EX_NOPERM : EX_CONFIG, "%s%s", err.message,
                    err.code == EX_NOPERM ? "; run as root, or let this user read it" : "");
    else if (missing && required)
        add_problem(problems, EX_CONFIG, "could not read %s: there is no such file", path);
    if (problems->count > before)
        problems->parts |= reading->parts;
    return text;
}

static void load_defaults(struct reading *reading, const char *dids_path)
{
    char place[512];
    (void)snprintf(place, sizeof place, "default: %s sets none", dids_path);
    for (size_t i = 0; i < COUNT(own_settings); i++)
        set_or_report(reading, &own_settings[i], own_settings[i].default_value, "default");
    for (size_t i = 0; i < COUNT(dids_settings); i++)
        if (dids_settings[i].default_value != NULL)
            set_or_report(reading, &dids_settings[i], dids_settings[i].default_value, place);
    reading->config->dispositions = disposition_map_new();
}

static void load_dids(struct reading *reading, bool required)
{
    char *text = read_config_file(reading, required);
    if (text != NULL)
        inifile_read(text, &(struct inifile_reader){ .on_value = on_dids_value,
                                                     .on_problem = on_dids_problem,
                                                     .context = reading,
                                                     .verbatim = "db_pass" });
    mem_free_secret(text);
}

static void load_own(struct reading *reading, const char *text)
{
    if (text != NULL)
        inifile_read(text, &(struct inifile_reader){ .on_value = on_own_value,
                                                     .on_problem = on_own_problem,
                                                     .context = reading,
                                                     .verbatim = "password secret" });
    inifile_keys_free(&reading->keys);
}

static void on_type_value(void *context, const char *section, const char *key, const char *value, int line)
{
    struct config *config = context;
    (void)line;
    if (strcasecmp(key, "type") == 0 && strcasecmp(section, "source") == 0)
        set_text(&config->source_type, value);
    else if (strcasecmp(key, "type") == 0 && strcasecmp(section, "sink") == 0)
        set_text(&config->sink_type, value);
}

static void ignore_line(void *context, const char *section, const char *text, const char *problem, int line)
{
    (void)context;
    (void)section;
    (void)text;
    (void)problem;
    (void)line;
}

/* Reads the types first, as they decide which other files are read. */
static unsigned find_parts(const struct config_paths *paths, const char *own_text, struct config *config)
{
    if (paths->parts_of == NULL)
        return CONFIG_API | CONFIG_DATABASE;
    if (own_text != NULL)
        inifile_read(own_text, &(struct inifile_reader){ .on_value = on_type_value, .on_problem = ignore_line,
                                                         .context = config });
    return paths->parts_of(config->source_type, config->sink_type);
}

static void load_astguiclient(struct reading *reading, bool required)
{
    char *text = read_config_file(reading, required);
    for (size_t i = 0; text != NULL && i < COUNT(astguiclient_names); i++) {
        const struct alias *alias = &astguiclient_names[i];
        int line = 0;
        char *value = astguiclient_value(text, alias->name, &line);
        char place[512];
        (void)snprintf(place, sizeof place, "%s:%d: %s", reading->path, line, alias->name);
        if (value != NULL && alias->offset == AT(database.port) && *value == '\0')
            set_text(&value, "3306"); /* as VICIdial does (AST_VDauto_dial.pl) */
        if (value != NULL && (*value != '\0' || alias->offset == AT(database.password)))
            set_or_report(reading, setting_at(alias->offset), value, place);
        mem_free_secret(value);
    }
    mem_free_secret(text);
}

static void load_environment(struct reading *reading)
{
    for (size_t i = 0; i < COUNT(environment_names); i++) {
        const char *value = getenv(environment_names[i].name);
        char place[80];
        (void)snprintf(place, sizeof place, "environment variable %s", environment_names[i].name);
        const struct setting *setting = setting_at(environment_names[i].offset);
        if (value != NULL && *value != '\0' && (part_of(setting) & reading->config->parts) != 0)
            set_or_report(reading, setting, value, place);
    }
}

/* ---- checks of the whole result ---- */

static bool is_placeholder(const char *key)
{
    return strcasecmp(key, "YOUR_API_KEY_HERE") == 0;
}

static void check_key(const struct settings_api *api, const struct config_paths *paths,
                      struct config_problems *problems)
{
    if (*api->key == '\0') {
        add_problem(problems, EX_CONFIG, "there is no API key: looked for api_key in [general] of %s and for the "
                    "environment variable API_KEY; write `api_key = ...` into that file", paths->dids);
        return;
    }
    if (is_placeholder(api->key))
        add_problem(problems, EX_CONFIG, "%s: api_key is still the placeholder; replace it with the key of your DID "
                    "Optimizer account", api->key_origin);
    for (const char *at = api->key; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~') {
            add_problem(problems, EX_CONFIG,
                        "%s: api_key contains a space, a control character or a letter that is not ASCII; copy the key "
                        "again",
                        api->key_origin);
            break;
        }
}

static void check_url(struct settings_api *api, const struct config_paths *paths, struct config_problems *problems)
{
    struct err err;
    size_t length = strlen(api->base_url);
    while (length > 0 && api->base_url[length - 1] == '/')
        api->base_url[--length] = '\0';
    char *place = mem_format("under [api] of %s", paths->own);
    const struct url_rules rules = { .what = "the API address", .setting = "api_base_url", .place = place,
                                     .exposed = "the API key and every customer's number",
                                     .allow_insecure_http = api->allow_insecure_http };
    if (url_check(api->base_url, &rules, &err) != 0)
        add_problem(problems, err.code, "%s: %s", api->base_url_origin, err.message);
    free(place);
}

static void check_durations(const struct config *config, const char *path, struct config_problems *problems)
{
    /* The ledger must remember an accepted call as long as a sweep can find its row, or the call is sent again. */
    if (config->sync.retention_days * 86400 < 2 * config->sync.sweep_window)
        add_problem(problems, EX_CONFIG, "%s: retention_days must be at least 2 x sweep_window; raise retention_days",
                    path);
}

void config_load(const struct config_paths *paths, struct config *ret_config, struct config_problems *ret_problems)
{
    *ret_config = (struct config){ .log_format = LOG_FORMAT_TEXT };
    *ret_problems = (struct config_problems){ .code = EX_OK };
    struct reading reading = { .config = ret_config, .problems = ret_problems, .path = "",
                               .has_param = paths->has_param };

    load_defaults(&reading, paths->dids);
    reading.path = paths->own;
    reading.parts = CONFIG_API | CONFIG_DATABASE;
    char *own_text = read_config_file(&reading, paths->required_own);
    ret_config->parts = find_parts(paths, own_text, ret_config);
    if ((ret_config->parts & CONFIG_API) != 0) {
        reading.path = paths->dids;
        reading.parts = CONFIG_API;
        load_dids(&reading, paths->required_dids);
    }
    if ((ret_config->parts & CONFIG_DATABASE) != 0) {
        reading.path = paths->astguiclient;
        reading.parts = CONFIG_DATABASE;
        load_astguiclient(&reading, paths->required_astguiclient);
    }
    reading.path = paths->own;
    reading.parts = CONFIG_API | CONFIG_DATABASE;
    load_own(&reading, own_text);
    mem_free_secret(own_text);
    load_environment(&reading);

    int before = ret_problems->count;
    if (!paths->without_api && (ret_config->parts & CONFIG_API) != 0) {
        check_key(&ret_config->api, paths, ret_problems);
        check_url(&ret_config->api, paths, ret_problems);
    }
    if (ret_problems->count > before)
        ret_problems->parts |= CONFIG_API;
    check_durations(ret_config, paths->own, ret_problems);
}

void config_add_problem(struct config_problems *problems, unsigned parts, const struct err *err)
{
    add_problem(problems, err->code, "%s", err->message);
    problems->parts |= parts;
}

bool config_known(size_t index, const char **ret_section, const char **ret_key, const char **ret_default)
{
    if (index >= COUNT(own_settings))
        return false;
    *ret_section = own_settings[index].section;
    *ret_key = own_settings[index].key;
    *ret_default = own_settings[index].default_value;
    return true;
}

int config_check_number(const char *section, const char *key, int64_t number, struct err *err)
{
    const struct setting *setting = find_setting(own_settings, COUNT(own_settings), section, key);
    char room[STR_INT_SIZE];
    if (setting == NULL || setting->kind != NUMBER)
        return err_set(err, EX_SOFTWARE, "[%s] has no number %s", section, key);
    return set_number(setting, &number, str_of_int(number, room), err);
}

bool config_masks_phones(const struct config_paths *paths)
{
    struct config config;
    struct config_problems problems;
    config_load(paths, &config, &problems);
    bool masks = config.mask_phone || (access(paths->own, R_OK) != 0 && errno == EACCES);
    config_problems_free(&problems);
    config_free(&config);
    return masks;
}

bool config_has_key(const struct config_paths *paths)
{
    struct config config;
    struct config_problems problems;
    config_load(paths, &config, &problems);
    bool has = (config.parts & CONFIG_API) == 0 || (*config.api.key != '\0' && !is_placeholder(config.api.key));
    config_problems_free(&problems);
    config_free(&config);
    return has;
}

static void free_texts(struct config *config, const struct setting *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].kind != TEXT && table[i].kind != PATH)
            continue;
        char **text = (char **)(void *)((char *)config + table[i].offset);
        free(*text);
        *text = NULL;
    }
}

void config_free(struct config *config)
{
    mem_free_secret(config->api.key);
    mem_free_secret(config->database.password);
    config->api.key = config->database.password = NULL;
    free_texts(config, own_settings, COUNT(own_settings));
    free_texts(config, dids_settings, COUNT(dids_settings)); /* settings in both tables are NULL by now */
    free(config->api.base_url_origin);
    free(config->api.key_origin);
    free(config->source_origin);
    free(config->sink_origin);
    free(config->recordings_origin);
    disposition_map_free(config->dispositions);
    params_free(&config->source_params);
    params_free(&config->sink_params);
    params_free(&config->recordings_params);
    *config = (struct config){ .dispositions = NULL };
}

void config_problems_free(struct config_problems *problems)
{
    for (int i = 0; i < problems->count; i++)
        free(problems->texts[i]);
    free(problems->texts);
    *problems = (struct config_problems){ .code = EX_OK };
}
