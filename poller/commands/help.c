/* help: prints --help and `did-optimizer-sync help COMMAND`. The help of one command is a part of the whole text, so
 * the two cannot differ. */
#include <stdio.h>
#include <string.h>

#include "commands/help.h"

/* The one or two words of a command; second NULL: any second word. */
struct words {
    const char *first, *second;
};

static size_t line_length(const char *line)
{
    return strcspn(line, "\n") + 1; /* the text ends with a newline */
}

/* Whether line begins an entry. The further lines of an entry are indented more. */
static bool is_entry(const char *line)
{
    return strncmp(line, "  ", 2) == 0 && line[2] != ' ';
}

static size_t entry_length(const char *line)
{
    size_t length = line_length(line);
    while (strncmp(line + length, "   ", 3) == 0)
        length += line_length(line + length);
    return length;
}

/* "  checkpoint set WHEN ...", "  failed [list] [WHICH] ..." */
static bool is_command_entry(const char *entry, const struct words *words)
{
    const char *at = entry + 2;
    size_t first = strlen(words->first);
    if (strncmp(at, words->first, first) != 0 || at[first] != ' ')
        return false;
    at += first + 1 + strspn(at + first + 1, "[");
    return words->second == NULL || strncmp(at, words->second, strlen(words->second)) == 0;
}

/* "  --campaign ID, --status STATUS  ...": whether the command takes the first of these. */
static bool is_option_entry(const char *entry, const struct words *words)
{
    char name[40];
    return sscanf(entry, "  --%39[a-z-]", name) == 1 && options_command_accepts(words->first, words->second, name);
}

/* Returns the number of entries printed. */
static int print_entries(const char *section, const struct words *words,
                         bool (*is_wanted)(const char *, const struct words *))
{
    int printed = 0;
    for (const char *line = section + line_length(section); is_entry(line); line += entry_length(line))
        if (is_wanted(line, words)) {
            (void)printf("%.*s", (int)entry_length(line), line);
            printed++;
        }
    return printed;
}

static void print_command(const struct words *words)
{
    const char *text = options_help();
    const char *commands = strstr(text, "Commands:\n"), *which = strstr(text, "WHICH is"),
               *options = strstr(text, "Options:\n");
    (void)printf("%.*s\n", (int)line_length(text), text);
    if (commands == NULL || which == NULL || options == NULL) /* GCOVR_EXCL_BR_LINE: they are in the text */
        return;                                               /* GCOVR_EXCL_LINE */
    (void)print_entries(commands, words, is_command_entry);
    if (options_command_accepts(words->first, words->second, "reason"))
        (void)printf("\n%.*s", (int)(options - which) - 1, which);
    (void)printf("\n");
    if (print_entries(options, words, is_option_entry) > 0)
        (void)printf("\n");
    (void)printf("Every command takes --config, --dids, --astguiclient, --state-dir, --log and --profile; see --help.\n"
                 "More is in the manual: man did-optimizer-sync\n");
}

int help_command(const struct options *options)
{
    struct words words = { options->argument_count > 0 ? options->arguments[0] : NULL,
                           options->argument_count > 1 ? options->arguments[1] : NULL };
    /* `why 1.1 --help`: the word after the command may be an argument. */
    if (options->help && words.second != NULL && !options_command_exists(words.first, words.second))
        words.second = NULL;
    bool exists = words.first != NULL && options_command_exists(words.first, words.second);
    if (exists) {
        print_command(&words);
    } else if (words.first == NULL || options->help) {
        (void)fputs(options_help(), stdout);
    } else {
        (void)fprintf(stderr, "did-optimizer-sync: there is no command '%s%s%s'; see --help\n", words.first,
                      words.second != NULL ? " " : "", words.second != NULL ? words.second : "");
        return EX_USAGE;
    }
    return EX_OK;
}
