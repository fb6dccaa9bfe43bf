/* options: the command line. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

static const char help[] =
    "Usage: did-optimizer-sync [OPTIONS] [COMMAND]\n"
    "\n"
    "Sends the result of every finished VICIdial call to the DID Optimizer API, once.\n"
    "\n"
    "Commands:\n"
    "  run                     find the calls that ended and send them (the default; cron does this)\n"
    "  check                   test configuration, database, API and state, and say what to mend\n"
    "  checkpoint show         how far the calls are taken care of\n"
    "  checkpoint set WHEN     go on from WHEN: an epoch, '2024-10-24 12:00:00' (local time), 'now',\n"
    "                          or 'N minutes|hours|days ago'\n"
    "  checkpoint reset        forget the checkpoint; the next run starts one hour ago\n"
    "  status                  how things stand, at a glance\n"
    "  failed list [WHICH]     the calls that are set aside, and why\n"
    "  failed retry WHICH      send them again with the next run\n"
    "  failed drop WHICH       never send them\n"
    "  backfill --from WHEN --to WHEN  send what is missing of that time, archive included\n"
    "  reconcile               hold the last days' calls against the ledger, and send what is missing\n"
    "\n"
    "WHICH is one or more uniqueids, or --all, --reason TEXT (part of the reason), --before WHEN (ended before\n"
    "then), or both of these.\n"
    "\n"
    "Options:\n"
    "  --dry-run               run, backfill: print the JSON that would be sent, and change nothing\n"
    "  --json                  status and failed list: one JSON object a line\n"
    "  --cron                  run: print nothing unless something begins to fail or works again;\n"
    "                          reconcile: nothing unless something stays missing\n"
    "  --campaign ID, --status STATUS  backfill: only calls of that campaign, with that status\n"
    "  --force                 backfill: also calls that the API has accepted already\n"
    "  --days N                reconcile: so many days back (3)\n"
    "  --report-only           reconcile: send nothing\n"
    "  --astguiclient FILE     VICIdial's database settings (/etc/astguiclient.conf)\n"
    "  --dids FILE             the API's address and key (/etc/asterisk/dids.conf)\n"
    "  --config FILE           our own settings (/etc/did-optimizer-sync.conf)\n"
    "  --state-dir DIR         checkpoint, ledger and lock (/var/lib/did-optimizer-sync)\n"
    "  --log FILE              the log (/var/log/did-optimizer-sync.log); - for the terminal only\n"
    "  --legacy-checkpoint FILE  where an older script stopped, for the very first run\n"
    "                          (/tmp/did-optimizer-last-check.txt)\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done; 64 usage; 69 database or API out of reach; 70 bug; 74 state cannot be read or\n"
    "written; 75 something is still owed; 77 no permission; 78 configuration.\n";

enum { TAKES_DRY_RUN = 1, TAKES_JSON = 2, TAKES_WHICH = 4, TAKES_CRON = 8, TAKES_RANGE = 16, TAKES_DAYS = 32 };

static const struct {
    const char *name;
    const char *second; /* NULL: none */
    enum command command;
    int least, most; /* arguments */
    unsigned takes;  /* options of its own */
} commands[] = {
    { "run", NULL, COMMAND_RUN, 0, 0, TAKES_DRY_RUN | TAKES_CRON },
    { "check", NULL, COMMAND_CHECK, 0, 0, 0 },
    { "checkpoint", "show", COMMAND_CHECKPOINT_SHOW, 0, 0, 0 },
    { "checkpoint", "set", COMMAND_CHECKPOINT_SET, 1, 1, 0 },
    { "checkpoint", "reset", COMMAND_CHECKPOINT_RESET, 0, 0, 0 },
    { "status", NULL, COMMAND_STATUS, 0, 0, TAKES_JSON },
    { "failed", "list", COMMAND_FAILED_LIST, 0, INT_MAX, TAKES_JSON | TAKES_WHICH },
    { "failed", "retry", COMMAND_FAILED_RETRY, 0, INT_MAX, TAKES_WHICH },
    { "failed", "drop", COMMAND_FAILED_DROP, 0, INT_MAX, TAKES_WHICH },
    { "backfill", NULL, COMMAND_BACKFILL, 0, 0, TAKES_DRY_RUN | TAKES_RANGE },
    { "reconcile", NULL, COMMAND_RECONCILE, 0, 0, TAKES_CRON | TAKES_DAYS },
};

enum { OPTION_ASTGUICLIENT = 256, OPTION_DIDS, OPTION_CONFIG, OPTION_STATE_DIR, OPTION_LOG, OPTION_LEGACY, OPTION_DRY_RUN,
       OPTION_CRON, OPTION_JSON, OPTION_ALL, OPTION_REASON, OPTION_BEFORE, OPTION_FROM, OPTION_TO, OPTION_CAMPAIGN, OPTION_STATUS, OPTION_FORCE,
       OPTION_DAYS, OPTION_REPORT_ONLY, OPTION_HELP, OPTION_VERSION };

static const struct option long_options[] = {
    { "astguiclient", required_argument, NULL, OPTION_ASTGUICLIENT },
    { "dids", required_argument, NULL, OPTION_DIDS },
    { "config", required_argument, NULL, OPTION_CONFIG },
    { "state-dir", required_argument, NULL, OPTION_STATE_DIR },
    { "log", required_argument, NULL, OPTION_LOG },
    { "legacy-checkpoint", required_argument, NULL, OPTION_LEGACY },
    { "dry-run", no_argument, NULL, OPTION_DRY_RUN },
    { "cron", no_argument, NULL, OPTION_CRON },
    { "json", no_argument, NULL, OPTION_JSON },
    { "all", no_argument, NULL, OPTION_ALL },
    { "reason", required_argument, NULL, OPTION_REASON },
    { "before", required_argument, NULL, OPTION_BEFORE },
    { "from", required_argument, NULL, OPTION_FROM },
    { "to", required_argument, NULL, OPTION_TO },
    { "campaign", required_argument, NULL, OPTION_CAMPAIGN },
    { "status", required_argument, NULL, OPTION_STATUS },
    { "force", no_argument, NULL, OPTION_FORCE },
    { "days", required_argument, NULL, OPTION_DAYS },
    { "report-only", no_argument, NULL, OPTION_REPORT_ONLY },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { NULL, 0, NULL, 0 },
};

const char *options_help(void)
{
    return help;
}

static void take_option(int option, struct options *options)
{
    switch (option) {
    case OPTION_ASTGUICLIENT:
        options->config.astguiclient = optarg;
        options->config.required_astguiclient = true;
        break;
    case OPTION_DIDS:
        options->config.dids = optarg;
        options->config.required_dids = true;
        break;
    case OPTION_CONFIG:
        options->config.own = optarg;
        options->config.required_own = true;
        break;
    case OPTION_STATE_DIR:
        options->state_dir = optarg;
        break;
    case OPTION_LOG:
        options->log = optarg;
        break;
    case OPTION_LEGACY:
        options->legacy = optarg;
        break;
    case OPTION_DRY_RUN:
        options->dry_run = true;
        break;
    case OPTION_CRON:
        options->cron = true;
        break;
    case OPTION_JSON:
        options->json = true;
        break;
    case OPTION_ALL:
        options->all = true;
        break;
    case OPTION_REASON:
        options->reason = optarg;
        break;
    case OPTION_BEFORE:
        options->before = optarg;
        break;
    case OPTION_FROM:
        options->from = optarg;
        break;
    case OPTION_TO:
        options->to = optarg;
        break;
    case OPTION_CAMPAIGN:
        options->campaign = optarg;
        break;
    case OPTION_STATUS:
        options->status = optarg;
        break;
    case OPTION_FORCE:
        options->force = true;
        break;
    case OPTION_DAYS:
        options->days_text = optarg;
        break;
    case OPTION_REPORT_ONLY:
        options->report_only = true;
        break;
    case OPTION_HELP:
        options->command = COMMAND_HELP;
        break;
    case OPTION_VERSION:
        options->command = COMMAND_VERSION;
        break;
    default:
        break;
    }
}

/* The first option given that the command does not take; NULL when there is none. */
static const char *misplaced_option(const struct options *options, unsigned takes)
{
    const struct {
        bool given;
        unsigned needs;
        const char *name;
    } own[] = {
        { options->dry_run, TAKES_DRY_RUN, "--dry-run" },
        { options->cron, TAKES_CRON, "--cron" },
        { options->json, TAKES_JSON, "--json" },
        { options->all, TAKES_WHICH, "--all" },
        { options->reason != NULL, TAKES_WHICH, "--reason" },
        { options->before != NULL, TAKES_WHICH, "--before" },
        { options->from != NULL, TAKES_RANGE, "--from" },
        { options->to != NULL, TAKES_RANGE, "--to" },
        { options->campaign != NULL, TAKES_RANGE, "--campaign" },
        { options->status != NULL, TAKES_RANGE, "--status" },
        { options->force, TAKES_RANGE, "--force" },
        { options->days_text != NULL, TAKES_DAYS, "--days" },
        { options->report_only, TAKES_DAYS, "--report-only" },
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i].given && (takes & own[i].needs) == 0)
            return own[i].name;
    return NULL;
}

/* Finds the command in words, `run` when there are none. */
static int take_command(int count, char **words, struct options *options, struct err *err)
{
    static char run[] = "run";
    static char *run_words[] = { run, NULL };
    if (count == 0) {
        words = run_words;
        count = 1;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        int used = commands[i].second != NULL ? 2 : 1;
        if (strcmp(words[0], commands[i].name) != 0 ||
            (used == 2 && (count < 2 || strcmp(words[1], commands[i].second) != 0)))
            continue;
        options->command = commands[i].command;
        options->arguments = words + used;
        options->argument_count = count - used;
        if (options->argument_count < commands[i].least)
            return err_set(err, EX_USAGE, "%s %s needs an argument; see --help", words[0], words[1]);
        if (options->argument_count > commands[i].most)
            return err_set(err, EX_USAGE, "'%s' is one word too many (put quotes around '1 hour ago'); see --help",
                           options->arguments[commands[i].most]);
        const char *misplaced = misplaced_option(options, commands[i].takes);
        if (misplaced != NULL)
            return err_set(err, EX_USAGE, "%s does not go with %s; see --help", misplaced, words[0]);
        return 0;
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
        .state_dir = "/var/lib/did-optimizer-sync",
        .log = "/var/log/did-optimizer-sync.log",
        .legacy = "/tmp/did-optimizer-last-check.txt",
    };
    opterr = 0;
    int option = 0;
    while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        if (option == ':')
            return err_set(err, EX_USAGE, "%s needs a value; see --help", argv[optind - 1]);
        if (option == '?' && optopt > 0 && optopt < OPTION_ASTGUICLIENT)
            return err_set(err, EX_USAGE, "there is no option -%c; see --help", optopt);
        if (option == '?')
            return err_set(err, EX_USAGE, "there is no option %s; see --help", argv[optind - 1]);
        take_option(option, ret_options);
    }
    if (ret_options->command == COMMAND_HELP || ret_options->command == COMMAND_VERSION)
        return 0;
    return take_command(argc - optind, argv + optind, ret_options, err);
}
