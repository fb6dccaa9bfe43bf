/* options: parses the command line. */
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "config/options.h"
#include "config/profile.h"

static const char help[] =
    "Usage: did-optimizer-sync [OPTIONS] [COMMAND]\n"
    "\n"
    "Sends the result of every finished call of VICIdial, Asterisk, a hosted PBX or Callio, once: to the\n"
    "DID Optimizer API, a table of PostgreSQL or SQLite, BigQuery or a webhook.\n"
    "\n"
    "Commands:\n"
    "  run                     find the calls that ended and send them (default; cron runs this)\n"
    "  check                   test configuration, database, API and state; say how to fix each problem\n"
    "  enable                  let cron send calls; needed once after installation, for each profile\n"
    "  disable                 stop cron from sending until enable; commands that you type still work\n"
    "  checkpoint show         print the checkpoint: every call up to this time has been handled\n"
    "  checkpoint set WHEN     continue from WHEN: an epoch, '2024-10-24 12:00:00' (local, or with -0400 or Z),\n"
    "                          'now', 'today', 'yesterday', 'N minutes|hours|days ago', or a uniqueid\n"
    "  checkpoint reset        remove the checkpoint; the next run will start 1 hour back\n"
    "  status                  show the current state: verdict, checkpoint, pending calls, last run\n"
    "  failed [list] [WHICH]   list the rejected calls, with the reason\n"
    "  failed retry WHICH      send these rejected calls again in the next run\n"
    "  failed drop WHICH       discard these rejected calls; they are never sent\n"
    "  failed restore WHICH    undo a drop: the discarded calls become rejected again\n"
    "  recordings [list]       list the recordings that are rejected or failed, with the reason\n"
    "  recordings retry UNIQUEID...|--all  transfer these rejected recordings again in the next run\n"
    "  recordings why UNIQUEID show where the recording of a call is, and what happened to it\n"
    "  recordings fetch UNIQUEID  get the recording from the PBX, so that the live page can play it for an hour\n"
    "  backfill --from WHEN --to WHEN  send the missing calls of that time, archive included\n"
    "  reconcile               compare the calls of the last days with the ledger; send the missing ones\n"
    "  history                 list the last runs\n"
    "  why UNIQUEID            show what happened to one call, and its row in the source\n"
    "  dispositions            compare the results of [dispositions] with VICIdial's own flags of statuses\n"
    "  metrics                 print metrics for Prometheus\n"
    "  report --html FILE      write a page for the browser that shows all of this; - prints the page\n"
    "  settings [show]         list the settings of /etc/did-optimizer-sync.conf\n"
    "  settings set KEY VALUE  change one, such as sync.batch_size, with the checks of `check`\n"
    "  serve ...               start the live page, did-optimizer-sync-serve; see its --help\n"
    "  health                  print a line for Nagios or Icinga: OK, WARNING, CRITICAL, UNKNOWN (exit 0 to 3)\n"
    "  help [COMMAND]          explain a command and its options\n"
    "\n"
    "WHICH is one or more uniqueids, or --all, or a filter: --reason TEXT (the reason contains TEXT),\n"
    "--before WHEN (the call ended before WHEN), or both filters.\n"
    "\n"
    "Options:\n"
    "  --yes                   failed drop, checkpoint: do not ask for confirmation\n"
    "  --job JOB               run: call, customer, staffgroup or all: what to copy from the source callio\n"
    "  --every SECONDS         run: repeat until a signal stops the program; for results within seconds\n"
    "  --dry-run               run, backfill: print the JSON that would be sent; checkpoint set: say what it would\n"
    "                          skip or send; change nothing\n"
    "  --json                  check, status, failed list, recordings, history, why, settings: print a JSON object\n"
    "                          per line\n"
    "  --cron                  run: print only when something starts to fail or works again;\n"
    "                          reconcile: print only when calls are still missing\n"
    "  --campaign ID, --status STATUS  backfill: send only calls of that campaign, with that status\n"
    "  --force                 backfill: also send calls that the sink has already accepted\n"
    "  --days N                reconcile: compare the last N days (3)\n"
    "  --report-only           reconcile: compare only, send nothing\n"
    "  --limit N               history: list at most N runs (20)\n"
    "  --since WHEN            history: list all runs since WHEN\n"
    "  --template FILE         report: the page to fill with data (" DATA_DIR "/report.html)\n"
    "  --warning SECONDS       health: warn when an unsent call is older than this (300)\n"
    "  --critical SECONDS      health: critical when an unsent call, or the last run, is older than this (900)\n"
    "  --astguiclient FILE     VICIdial's database settings (/etc/astguiclient.conf)\n"
    "  --dids FILE             the API's address and key (/etc/asterisk/dids.conf)\n"
    "  --config FILE           this program's settings (/etc/did-optimizer-sync.conf)\n"
    "  --profile NAME          select a tenant: settings PROFILES-DIR/NAME.conf, dids file dids-NAME.conf,\n"
    "                          state profiles/NAME below the state directory, log did-optimizer-sync-NAME.log\n"
    "  --all-profiles          run: every profile that has settings and the default one, in parallel\n"
    "  --profiles-dir DIR      the directory of the profiles' settings (/etc/did-optimizer-sync.d)\n"
    "  --state-dir DIR         the directory of checkpoint, ledger and lock (/var/lib/did-optimizer-sync)\n"
    "  --log FILE              the log (/var/log/did-optimizer-sync.log); - logs to the terminal only\n"
    "  --legacy-checkpoint FILE  the older script's checkpoint, read by the very first run only\n"
    "                          (/tmp/did-optimizer-last-check.txt)\n"
    "  --cron-file FILE        check: the cron file to look at (/etc/cron.d/did-optimizer-sync)\n"
    "  -h, --help, -V, --version\n"
    "\n"
    "Exit status: 0 done; 1 why: no such call; 64 usage; 69 database or API unreachable; 70 bug; 74 state\n"
    "cannot be read or written; 75 calls are still pending; 77 no permission; 78 configuration.\n";

/* The options that not every command accepts, in groups. */
enum {
    TAKES_DRY_RUN = 1 << 0,
    TAKES_JSON = 1 << 1,
    TAKES_WHICH = 1 << 2,
    TAKES_CRON = 1 << 3,
    TAKES_BACKFILL = 1 << 4,
    TAKES_RECONCILE = 1 << 5,
    TAKES_HISTORY = 1 << 6,
    TAKES_THRESHOLDS = 1 << 7,
    TAKES_RUN = 1 << 8,
    TAKES_REPORT = 1 << 9,
    TAKES_YES = 1 << 10,
    TAKES_ALL = 1 << 11,
    TAKES_ALWAYS = 1 << 12 /* every command accepts these */
};

static const struct known_command {
    const char *name;
    const char *second; /* the second word; NULL: none */
    enum command command;
    int min_arguments, max_arguments;
    unsigned takes;  /* groups of options, from the enum above */
} commands[] = {
    { "run", NULL, COMMAND_RUN, 0, 0, TAKES_DRY_RUN | TAKES_CRON | TAKES_RUN },
    { "check", NULL, COMMAND_CHECK, 0, 0, TAKES_JSON },
    { "enable", NULL, COMMAND_ENABLE, 0, 0, 0 },
    { "disable", NULL, COMMAND_DISABLE, 0, 0, 0 },
    { "checkpoint", "show", COMMAND_CHECKPOINT_SHOW, 0, 0, 0 },
    { "checkpoint", "set", COMMAND_CHECKPOINT_SET, 1, 1, TAKES_YES | TAKES_DRY_RUN },
    { "checkpoint", "reset", COMMAND_CHECKPOINT_RESET, 0, 0, TAKES_YES },
    { "status", NULL, COMMAND_STATUS, 0, 0, TAKES_JSON },
    { "failed", "list", COMMAND_FAILED_LIST, 0, INT_MAX, TAKES_JSON | TAKES_WHICH },
    { "failed", "retry", COMMAND_FAILED_RETRY, 0, INT_MAX, TAKES_WHICH },
    { "failed", "drop", COMMAND_FAILED_DROP, 0, INT_MAX, TAKES_WHICH | TAKES_YES },
    { "failed", "restore", COMMAND_FAILED_RESTORE, 0, INT_MAX, TAKES_WHICH },
    { "failed", NULL, COMMAND_FAILED_LIST, 0, 0, TAKES_JSON | TAKES_WHICH },
    { "recordings", "list", COMMAND_RECORDINGS_LIST, 0, 0, TAKES_JSON },
    { "recordings", "retry", COMMAND_RECORDINGS_RETRY, 0, INT_MAX, TAKES_ALL },
    { "recordings", "why", COMMAND_RECORDINGS_WHY, 1, 1, TAKES_JSON },
    { "recordings", "fetch", COMMAND_RECORDINGS_FETCH, 1, 1, 0 },
    { "recordings", NULL, COMMAND_RECORDINGS_LIST, 0, 0, TAKES_JSON },
    { "backfill", NULL, COMMAND_BACKFILL, 0, 0, TAKES_DRY_RUN | TAKES_BACKFILL },
    { "reconcile", NULL, COMMAND_RECONCILE, 0, 0, TAKES_CRON | TAKES_RECONCILE },
    { "dispositions", NULL, COMMAND_DISPOSITIONS, 0, 0, 0 },
    { "history", NULL, COMMAND_HISTORY, 0, 0, TAKES_JSON | TAKES_HISTORY },
    { "why", NULL, COMMAND_WHY, 1, 1, TAKES_JSON },
    { "metrics", NULL, COMMAND_METRICS, 0, 0, 0 },
    { "health", NULL, COMMAND_HEALTH, 0, 0, TAKES_THRESHOLDS },
    { "report", NULL, COMMAND_REPORT, 0, 0, TAKES_REPORT },
    { "settings", "show", COMMAND_SETTINGS_SHOW, 0, 0, TAKES_JSON },
    { "settings", "set", COMMAND_SETTINGS_SET, 2, 2, 0 },
    { "settings", NULL, COMMAND_SETTINGS_SHOW, 0, 0, TAKES_JSON },
    { "serve", NULL, COMMAND_SERVE, 0, INT_MAX, 0 },
    { "help", NULL, COMMAND_HELP, 0, 2, 0 },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

#define AT(member) offsetof(struct options, member)

/* Every option, the commands that accept it, and the target of its value: a text, or a whole number from 1 to highest.
 * An option without a value sets a flag. A text may have a flag too, which says that the option was used. text, number
 * and flag are offsets in struct options; 0: none. */
static const struct known_option {
    const char *name;
    unsigned accepted_by;
    int letter; /* the short option; 0: none */
    size_t text, number, flag;
    int64_t highest;
    const char *unit;
} known_options[] = {
    { "astguiclient", TAKES_ALWAYS, .text = AT(config.astguiclient), .flag = AT(config.required_astguiclient) },
    { "dids", TAKES_ALWAYS, .text = AT(config.dids), .flag = AT(config.required_dids) },
    { "config", TAKES_ALWAYS, .text = AT(config.own), .flag = AT(config.required_own) },
    { "state-dir", TAKES_ALWAYS, .text = AT(state_dir), .flag = AT(named_state_dir) },
    { "log", TAKES_ALWAYS, .text = AT(log), .flag = AT(named_log) },
    { "legacy-checkpoint", TAKES_ALWAYS, .text = AT(legacy), .flag = AT(named_legacy) },
    { "cron-file", TAKES_ALWAYS, .text = AT(cron_file) },
    { "profile", TAKES_ALWAYS, .text = AT(profile) },
    { "profiles-dir", TAKES_ALWAYS, .text = AT(profiles_dir) },
    { "all-profiles", TAKES_RUN, .flag = AT(all_profiles) },
    { "dry-run", TAKES_DRY_RUN, .flag = AT(dry_run) },
    { "cron", TAKES_CRON, .flag = AT(cron) },
    { "job", TAKES_RUN, .text = AT(job) },
    { "every", TAKES_RUN, .number = AT(every), .highest = 3600, .unit = "seconds" },
    { "json", TAKES_JSON, .flag = AT(json) },
    { "yes", TAKES_YES, .flag = AT(yes) },
    { "all", TAKES_WHICH | TAKES_ALL, .flag = AT(all) },
    { "reason", TAKES_WHICH, .text = AT(reason) },
    { "before", TAKES_WHICH, .text = AT(before) },
    { "from", TAKES_BACKFILL, .text = AT(from) },
    { "to", TAKES_BACKFILL, .text = AT(to) },
    { "campaign", TAKES_BACKFILL, .text = AT(campaign) },
    { "status", TAKES_BACKFILL, .text = AT(status) },
    { "force", TAKES_BACKFILL, .flag = AT(force) },
    { "days", TAKES_RECONCILE, .number = AT(days), .highest = 400, .unit = "days" },
    { "report-only", TAKES_RECONCILE, .flag = AT(report_only) },
    { "limit", TAKES_HISTORY, .text = AT(limit) },
    { "since", TAKES_HISTORY, .text = AT(since) },
    { "html", TAKES_REPORT, .text = AT(html) },
    { "template", TAKES_REPORT, .text = AT(template) },
    { "warning", TAKES_THRESHOLDS, .text = AT(warning) },
    { "critical", TAKES_THRESHOLDS, .text = AT(critical) },
    { "help", TAKES_ALWAYS, .letter = 'h', .flag = AT(help) },
    { "version", TAKES_ALWAYS, .letter = 'V', .flag = AT(version) },
};
enum { OPTION_COUNT = sizeof known_options / sizeof known_options[0],
       OPTION_FIRST = 256 }; /* getopt_long returns this for the first row; it is above every letter */

const char *options_help(void)
{
    return help;
}

/* Whether these words name the command; second is NULL if there is only one word. */
static bool is_named(const struct known_command *command, const char *first, const char *second)
{
    if (strcmp(first, command->name) != 0)
        return false;
    return command->second == NULL || (second != NULL && strcmp(second, command->second) == 0);
}

/* Whether the command has these two words; second NULL: whether its first word is first. */
static bool matches_words(const struct known_command *command, const char *first, const char *second)
{
    return strcmp(first, command->name) == 0 &&
           (second == NULL || (command->second != NULL && strcmp(second, command->second) == 0));
}

bool options_command_exists(const char *first, const char *second)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (matches_words(&commands[i], first, second))
            return true;
    return false;
}

bool options_command_accepts(const char *first, const char *second, const char *option)
{
    unsigned takes = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        takes |= matches_words(&commands[i], first, second) ? commands[i].takes : 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if (strcmp(option, known_options[i].name) == 0)
            return (known_options[i].accepted_by & takes) != 0;
    return false;
}

static bool takes_value(const struct known_option *option)
{
    return option->text != 0 || option->number != 0;
}

/* code is the result of getopt_long: a letter, or OPTION_FIRST + row. */
static const struct known_option *find_option(int code)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (code == known_options[i].letter)
            return &known_options[i];
    return &known_options[code - OPTION_FIRST];
}

static int apply_option(const struct known_option *option, struct options *options, struct err *err)
{
    char *base = (char *)options;
    if (option->text != 0)
        *(const char **)(void *)(base + option->text) = optarg;
    if (option->flag != 0)
        *(bool *)(base + option->flag) = true;
    if (option->number == 0)
        return 0;
    int64_t *number = (int64_t *)(void *)(base + option->number);
    if (!str_to_int(optarg, number) || *number < 1 || *number > option->highest)
        return err_set(err, EX_USAGE, "--%s takes a whole number of %s from 1 to %" PRId64 "; see --help", option->name,
                       option->unit, option->highest);
    return 0;
}

static bool is_given(const struct known_option *option, const struct options *options)
{
    const char *base = (const char *)options;
    if (option->text != 0) /* only options without a default are checked here, so NULL means "not used" */
        return *(const char *const *)(const void *)(base + option->text) != NULL;
    if (option->number != 0)
        return *(const int64_t *)(const void *)(base + option->number) != 0;
    return *(const bool *)(base + option->flag);
}

/* The first option on the command line that the command does not accept; NULL if there is none. */
static const char *misplaced_option(const struct options *options, unsigned takes)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (((takes | TAKES_ALWAYS) & known_options[i].accepted_by) == 0 && is_given(&known_options[i], options))
            return known_options[i].name;
    return NULL;
}

/* Checks the number of arguments and that the command accepts each option. */
static int check_command_line(const struct options *options, const struct known_command *command, char **words,
                              struct err *err)
{
    bool two_words = command->second != NULL;
    if (options->argument_count < command->min_arguments)
        return err_set(err, EX_USAGE, "%s%s%s needs an argument; see --help", words[0], two_words ? " " : "",
                       two_words ? words[1] : "");
    if (options->argument_count > command->max_arguments)
        return err_set(err, EX_USAGE, "'%s' is one word too many (put quotes around '1 hour ago'); see --help",
                       options->arguments[command->max_arguments]);
    const char *misplaced = misplaced_option(options, command->takes);
    if (misplaced != NULL)
        return err_set(err, EX_USAGE, "--%s cannot be used with %s; see --help", misplaced, words[0]);
    if (options->job != NULL && !str_in_list("all call customer staffgroup", options->job))
        return err_set(err, EX_USAGE, "--job: '%.40s' is none of all, call, customer, staffgroup", options->job);
    if (options->every > 0 && (options->cron || options->dry_run))
        return err_set(err, EX_USAGE, "%s cannot be used with --every; see --help",
                       options->cron ? "--cron" : "--dry-run");
    if (options->all_profiles && (options->profile != NULL || options->dry_run))
        return err_set(err, EX_USAGE, "%s cannot be used with --all-profiles; see --help",
                       options->profile != NULL ? "--profile" : "--dry-run");
    return 0;
}

/* Finds the command in words; `run` if there are no words. */
static int find_command(int count, char **words, struct options *options, struct err *err)
{
    static char run[] = "run";
    static char *run_words[] = { run, NULL };
    if (count == 0) {
        words = run_words;
        count = 1;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct known_command *command = &commands[i];
        int used = command->second != NULL ? 2 : 1;
        bool is_group = i > 0 && used == 1 && strcmp(commands[i - 1].name, command->name) == 0; /* `failed` alone */
        if (!is_named(command, words[0], count > 1 ? words[1] : NULL) || (is_group && count > 1))
            continue;
        options->command = command->command;
        options->arguments = words + used;
        options->argument_count = count - used;
        return check_command_line(options, command, words, err);
    }
    return err_set(err, EX_USAGE, "there is no command '%s%s%s'; see --help", words[0], count > 1 ? " " : "",
                   count > 1 ? words[1] : "");
}

int options_parse(int argc, char **argv, struct options *ret_options, struct err *err)
{
    *ret_options = (struct options){
        .command = COMMAND_RUN,
        .config = { .astguiclient = "/etc/astguiclient.conf",
                    .dids = "/etc/asterisk/dids.conf",
                    .own = "/etc/did-optimizer-sync.conf" },
        .profiles_dir = "/etc/did-optimizer-sync.d",
        .state_dir = "/var/lib/did-optimizer-sync",
        .log = "/var/log/did-optimizer-sync.log",
        .legacy = "/tmp/did-optimizer-last-check.txt",
        .cron_file = "/etc/cron.d/did-optimizer-sync",
    };
    struct option long_options[OPTION_COUNT + 1] = { { .name = NULL } };
    for (int i = 0; i < OPTION_COUNT; i++)
        long_options[i] = (struct option){ .name = known_options[i].name,
                                           .has_arg = takes_value(&known_options[i]) ? required_argument : no_argument,
                                           .val = OPTION_FIRST + i };
    opterr = 0;
    int option = 0;
    while ((option = getopt_long(argc, argv, ":hV", long_options, NULL)) != -1) {
        if (option == ':')
            return err_set(err, EX_USAGE, "%s needs a value; see --help", argv[optind - 1]);
        if (option == '?' && optopt > 0 && optopt < OPTION_FIRST)
            return err_set(err, EX_USAGE, "there is no option -%c; see --help", optopt);
        if (option == '?')
            return err_set(err, EX_USAGE, "there is no option %s; see --help", argv[optind - 1]);
        if (apply_option(find_option(option), ret_options, err) != 0)
            return -1;
    }
    if (ret_options->help || ret_options->version) {
        ret_options->command = ret_options->help ? COMMAND_HELP : COMMAND_VERSION;
        ret_options->arguments = argv + optind;
        ret_options->argument_count = argc - optind;
        ret_options->profile = NULL; /* the output does not depend on the profile, which may not exist */
        return 0;
    }
    if (find_command(argc - optind, argv + optind, ret_options, err) != 0)
        return -1;
    return ret_options->profile != NULL ? profile_select(ret_options, ret_options->profile, err) : 0;
}
