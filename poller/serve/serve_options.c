/* serve_options: parses the command line of did-optimizer-sync-serve. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "serve/serve_options.h"

static const char help[] =
    "Usage: did-optimizer-sync-serve [OPTIONS] [COMMAND]\n"
    "\n"
    "Shows the calls of did-optimizer-sync on a web page, and lets administrators act.\n"
    "\n"
    "Commands:\n"
    "  run                     serve the page until a signal stops the program (default)\n"
    "  user add NAME           add a user; the password comes from the terminal or from standard input\n"
    "  user password NAME      change a user's password\n"
    "  user remove NAME        remove a user\n"
    "  user list               list the users with their roles\n"
    "  token NAME              print a bearer token, with which a machine acts as this user\n"
    "  forget                  the ledgers note no changes for the page any more; for its removal\n"
    "\n"
    "Options:\n"
    "  --role ROLE             user add: admin or viewer\n"
    "  --days N                token: valid for N days (30)\n"
    "  --serve-config FILE     this program's settings (/etc/did-optimizer-sync-serve.conf)\n"
    "  --serve-state-dir DIR   this program's state (/var/lib/did-optimizer-sync-serve)\n"
    "  --page DIR              the page's files (" DATA_DIR "/serve)\n"
    "  --program FILE          did-optimizer-sync (beside this program)\n"
    "  --as-root               let the page run as root, for a test; otherwise it refuses\n"
    "  --config, --dids, --astguiclient, --state-dir, --profiles-dir, --log\n"
    "                          the files of did-optimizer-sync, as there\n"
    "  -h, --help, -V, --version\n"
    "\n"
    "Exit status: 0 done; 64 usage; 70 bug; 74 state cannot be read or written; 77 no permission;\n"
    "78 configuration.\n";

static const struct known_command {
    const char *name, *second;
    enum serve_command command;
    bool has_name, has_role, has_days;
} commands[] = {
    { "run", NULL, SERVE_RUN, false, false, false },
    { "user", "add", SERVE_USER_ADD, true, true, false },
    { "user", "list", SERVE_USER_LIST, false, false, false },
    { "user", "remove", SERVE_USER_REMOVE, true, false, false },
    { "user", "password", SERVE_USER_PASSWORD, true, false, false },
    { "token", NULL, SERVE_TOKEN, true, false, true },
    { "forget", NULL, SERVE_FORGET, false, false, false },
};

enum { ROLE = 256, DAYS, OWN_CONFIG, OWN_STATE, PAGE, PROGRAM, AS_ROOT, PASSED };

static const struct option known_options[] = {
    { "role", required_argument, NULL, ROLE },
    { "days", required_argument, NULL, DAYS },
    { "serve-config", required_argument, NULL, OWN_CONFIG },
    { "serve-state-dir", required_argument, NULL, OWN_STATE },
    { "page", required_argument, NULL, PAGE },
    { "program", required_argument, NULL, PROGRAM },
    { "as-root", no_argument, NULL, AS_ROOT },
    { "config", required_argument, NULL, PASSED },
    { "dids", required_argument, NULL, PASSED },
    { "astguiclient", required_argument, NULL, PASSED },
    { "state-dir", required_argument, NULL, PASSED },
    { "profiles-dir", required_argument, NULL, PASSED },
    { "log", required_argument, NULL, PASSED },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { NULL, 0, NULL, 0 },
};

const char *serve_options_help(void)
{
    return help;
}

static int read_role(const char *word, enum role *ret_role, struct err *err)
{
    *ret_role = strcmp(word, "admin") == 0 ? ROLE_ADMIN : strcmp(word, "viewer") == 0 ? ROLE_VIEWER : ROLE_NONE;
    return *ret_role != ROLE_NONE ? 0 : err_set(err, EX_USAGE, "--role takes admin or viewer; see --help");
}

/* The option in argv before optind: "--config FILE" or "--config=FILE". */
static int pass_on(struct serve_options *options, char **argv, struct err *err)
{
    char *word = argv[optind - 1];
    bool is_one_word = optarg != word; /* "--config=FILE": the value is a part of the word */
    if (options->passed_count + 2 > SERVE_OPTIONS_PASSED)
        return err_set(err, EX_USAGE, "there are too many options; see --help");
    if (!is_one_word)
        options->passed[options->passed_count++] = argv[optind - 2];
    options->passed[options->passed_count++] = word;
    return 0;
}

static int apply(int code, char **argv, struct serve_options *options, struct err *err)
{
    switch (code) {
    case ROLE:
        return read_role(optarg, &options->role, err);
    case DAYS:
        if (str_to_int(optarg, &options->days) && options->days >= 1 && options->days <= 3650)
            return 0;
        return err_set(err, EX_USAGE, "--days takes a whole number of days from 1 to 3650; see --help");
    case OWN_CONFIG:
        options->config = optarg;
        return 0;
    case OWN_STATE:
        options->state_dir = optarg;
        return 0;
    case PAGE:
        options->page_dir = optarg;
        return 0;
    case PROGRAM:
        options->program = optarg;
        return 0;
    case AS_ROOT:
        options->as_root = true;
        return 0;
    case PASSED:
        return pass_on(options, argv, err);
    case 'h':
        options->command = SERVE_HELP;
        return 0;
    case 'V':
        options->command = SERVE_VERSION;
        return 0;
    case ':':
        return err_set(err, EX_USAGE, "%s needs a value; see --help", argv[optind - 1]);
    default:
        return err_set(err, EX_USAGE, "there is no option %s; see --help", argv[optind - 1]);
    }
}

static int check_command(const struct known_command *command, char **words, int count, struct serve_options *options,
                         struct err *err)
{
    int used = command->second != NULL ? 2 : 1;
    options->command = command->command;
    if (command->has_name && count > used)
        options->name = words[used++];
    if (command->has_name && options->name == NULL)
        return err_set(err, EX_USAGE, "%s needs the name of a user; see --help", words[used - 1]);
    if (count > used)
        return err_set(err, EX_USAGE, "'%s' is one word too many; see --help", words[used]);
    if (options->role != ROLE_NONE && !command->has_role)
        return err_set(err, EX_USAGE, "--role cannot be used with %s; see --help", words[0]);
    if (options->days != 0 && !command->has_days)
        return err_set(err, EX_USAGE, "--days cannot be used with %s; see --help", words[0]);
    if (options->role == ROLE_NONE && command->has_role)
        return err_set(err, EX_USAGE, "user add needs --role admin or --role viewer");
    return 0;
}

static int find_command(char **words, int count, struct serve_options *options, struct err *err)
{
    static char run[] = "run";
    static char *run_words[] = { run, NULL };
    if (count == 0) {
        words = run_words;
        count = 1;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, words[0]) == 0 &&
            (commands[i].second == NULL || (count > 1 && strcmp(commands[i].second, words[1]) == 0)))
            return check_command(&commands[i], words, count, options, err);
    return err_set(err, EX_USAGE, "there is no command '%s%s%s'; see --help", words[0], count > 1 ? " " : "",
                   count > 1 ? words[1] : "");
}

/* The paths, as did-optimizer-sync itself reads them. */
static int read_paths(struct serve_options *options, struct err *err)
{
    static char name[] = "did-optimizer-sync", status[] = "status";
    char *words[SERVE_OPTIONS_PASSED + 3] = { name };
    int count = 1;
    for (int i = 0; i < options->passed_count; i++)
        words[count++] = options->passed[i];
    words[count++] = status;
    optind = 0; /* getopt begins again */
    int result = options_parse(count, words, &options->paths, err);
    options->paths.arguments = NULL; /* they were in words */
    options->paths.argument_count = 0;
    return result;
}

int serve_options_parse(int argc, char **argv, struct serve_options *ret_options, struct err *err)
{
    *ret_options = (struct serve_options){
        .command = SERVE_RUN,
        .config = "/etc/did-optimizer-sync-serve.conf",
        .state_dir = "/var/lib/did-optimizer-sync-serve",
        .page_dir = DATA_DIR "/serve",
    };
    int code = 0;
    opterr = 0;
    optind = 0;
    while ((code = getopt_long(argc, argv, ":hV", known_options, NULL)) != -1)
        if (apply(code, argv, ret_options, err) != 0)
            return -1;
    if (ret_options->command == SERVE_HELP || ret_options->command == SERVE_VERSION)
        return 0;
    if (find_command(argv + optind, argc - optind, ret_options, err) != 0)
        return -1;
    return read_paths(ret_options, err);
}
