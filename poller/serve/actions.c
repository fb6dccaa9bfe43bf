/* actions: what an administrator can do over the page. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/profile.h"
#include "serve/actions.h"

enum { PARAMS = 8, IDS_MOST = 500 };

enum kind {
    TEXT,   /* --NAME=VALUE */
    NUMBER, /* the same, a whole number from 1 */
    FLAG,   /* --NAME, if the value is true */
    WORD,   /* an argument of the command */
    WORDS   /* a list of them */
};

struct action_param {
    const char *name, *option; /* option NULL: a WORD */
    enum kind kind;
    bool required;
    size_t most; /* bytes, or of a NUMBER the highest */
};

#define WHEN_PARAM(name, option, required) { name, option, TEXT, required, 40 }
#define WHICH_PARAMS \
    { "ids", NULL, WORDS, false, 100 }, { "all", "all", FLAG, false, 0 }, { "reason", "reason", TEXT, false, 200 }, \
    WHEN_PARAM("before", "before", false)

static const struct action {
    const char *name;
    const char *words[2];  /* the command; the second may be NULL */
    const char *always;    /* an option that is always given; NULL: none */
    struct action_param params[PARAMS];
} actions[] = {
    { "sync", { "run", NULL }, NULL, { { .name = NULL } } },
    { "backfill", { "backfill", NULL }, NULL,
      { WHEN_PARAM("from", "from", true), WHEN_PARAM("to", "to", true), { "campaign", "campaign", TEXT, false, 40 },
        { "status", "status", TEXT, false, 40 }, { "force", "force", FLAG, false, 0 } } },
    { "reconcile", { "reconcile", NULL }, NULL, { { "days", "days", NUMBER, false, 400 },
                                                  { "report_only", "report-only", FLAG, false, 0 } } },
    { "check", { "check", NULL }, NULL, { { .name = NULL } } },
    { "why", { "why", NULL }, NULL, { { "id", NULL, WORD, true, 100 } } },
    { "enable", { "enable", NULL }, NULL, { { .name = NULL } } },
    { "disable", { "disable", NULL }, NULL, { { .name = NULL } } },
    { "checkpoint_set", { "checkpoint", "set" }, "--yes",
      { { "when", NULL, WORD, true, 100 }, { "dry_run", "dry-run", FLAG, false, 0 } } },
    { "failed_retry", { "failed", "retry" }, NULL, { WHICH_PARAMS } },
    { "failed_drop", { "failed", "drop" }, "--yes", { WHICH_PARAMS } },
    { "failed_restore", { "failed", "restore" }, NULL, { WHICH_PARAMS } },
    { "recordings_retry", { "recordings", "retry" }, NULL, { { "ids", NULL, WORDS, false, 100 },
                                                             { "all", "all", FLAG, false, 0 } } },
    { "recordings_fetch", { "recordings", "fetch" }, NULL, { { "id", NULL, WORD, true, 100 } } },
    { "settings_set", { "settings", "set" }, NULL, { { "key", NULL, WORD, true, 80 },
                                                     { "value", NULL, WORD, true, 1000 } } },
};
enum { COUNT = sizeof actions / sizeof actions[0] };

const char *actions_name(size_t index)
{
    return index < COUNT ? actions[index].name : NULL;
}

void actions_free(struct actions_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        mem_free_secret(words->list[i]);
    free(words->list);
    *words = (struct actions_words){ .list = NULL };
}

/* Ownership: takes the word. */
static void add(struct actions_words *words, char *word)
{
    words->list = mem_resize(words->list, words->count + 2, sizeof *words->list);
    words->list[words->count++] = word;
    words->list[words->count] = NULL;
}

static const struct action *find(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

/* One line of printable text. An empty one is no value, except of a setting. */
static bool is_plain(const char *text, size_t most)
{
    size_t length = strlen(text);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            return false;
    return length <= most && str_is_utf8(text);
}

static int wrong(const struct action_param *param, const char *wanted, struct err *err)
{
    return err_set(err, EX_USAGE, "%s must be %s", param->name, wanted);
}

static int add_text(const struct action_param *param, const struct json *value, struct actions_words *words,
                    struct err *err)
{
    char *text = json_text_or_number(value);
    int64_t number = 0;
    bool valid = text != NULL && is_plain(text, param->kind == NUMBER ? 20 : param->most);
    if (valid && param->kind == NUMBER)
        valid = str_to_int(text, &number) && number >= 1 && number <= (int64_t)param->most;
    if (valid)
        add(words, param->option != NULL ? mem_format("--%s=%s", param->option, text) : mem_copy(text));
    mem_free_secret(text);
    return valid ? 0 : wrong(param, param->kind == NUMBER ? "a number in its range" : "a short line of text", err);
}

static int add_list(const struct action_param *param, const struct json *value, struct actions_words *words,
                    struct err *err)
{
    if (!json_is_list(value) || json_count(value) == 0 || json_count(value) > IDS_MOST)
        return wrong(param, "a list of 1 to 500 texts", err);
    for (const struct json *one = json_first(value); one != NULL; one = json_next(one)) {
        char *text = json_text_or_number(one);
        bool valid = text != NULL && *text != '\0' && is_plain(text, param->most);
        if (valid)
            add(words, text);
        else
            free(text);
        if (!valid)
            return wrong(param, "a list of short texts", err);
    }
    return 0;
}

static int add_flag(const struct action_param *param, const struct json *arguments, struct actions_words *words,
                    struct err *err)
{
    if (json_is(arguments, param->name, true))
        add(words, mem_format("--%s", param->option));
    else if (!json_is(arguments, param->name, false))
        return wrong(param, "true or false", err);
    return 0;
}

/* Adds the parameters that are options, or those that are words. */
static int add_params(const struct action *action, const struct json *arguments, bool options,
                      struct actions_words *words, struct err *err)
{
    for (size_t i = 0; i < PARAMS && action->params[i].name != NULL; i++) {
        const struct action_param *param = &action->params[i];
        const struct json *value = arguments != NULL ? json_member(arguments, param->name) : NULL;
        if ((param->option != NULL) != options)
            continue;
        int result = 0;
        if (json_is_null(value))
            result = param->required ? wrong(param, "given", err) : 0;
        else if (param->kind == FLAG)
            result = add_flag(param, arguments, words, err);
        else if (param->kind == WORDS)
            result = add_list(param, value, words, err);
        else
            result = add_text(param, value, words, err);
        if (result != 0)
            return -1;
    }
    return 0;
}

static bool has_param(const struct action *action, const char *name)
{
    for (size_t i = 0; i < PARAMS && action->params[i].name != NULL; i++)
        if (strcmp(action->params[i].name, name) == 0)
            return true;
    return false;
}

/* The others say where calls go and where secrets are: only somebody with a shell on this host changes these. */
bool actions_may_set(const char *section)
{
    static const char *const sections[] = { "sync", "log", "enrich", "dispositions" };
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strcmp(section, sections[i]) == 0)
            return true;
    return false;
}

static int check_key(const struct json *arguments, struct err *err)
{
    char section[40];
    const char *key = arguments != NULL ? json_text(arguments, "key") : NULL;
    (void)snprintf(section, sizeof section, "%.*s", (int)strcspn(str_or_empty(key), "."), str_or_empty(key));
    if (strchr(str_or_empty(key), '.') != NULL && actions_may_set(section))
        return 0;
    return err_set(err, EX_USAGE, "the page changes settings of [sync], [log], [enrich] and [dispositions] only; "
                   "change others in the file, or with did-optimizer-sync settings set");
}

/* A parameter that the action does not have would be ignored, and the user would not know. */
static int check_names(const struct action *action, const struct json *arguments, struct err *err)
{
    if (!json_is_null(arguments) && !json_is_object(arguments))
        return err_set(err, EX_USAGE, "arguments must be an object");
    for (const struct json *one = json_first_member(arguments); one != NULL; one = json_next(one))
        if (!has_param(action, json_name(one)))
            return err_set(err, EX_USAGE, "the action %s has no parameter of that name", action->name);
    return 0;
}

int actions_build(const char *action_name, const char *profile, const struct json *arguments,
                  struct actions_words *ret_words, struct err *err)
{
    const struct action *action = find(action_name);
    struct actions_words words = { .list = NULL };
    *ret_words = words;
    if (action == NULL)
        return err_set(err, EX_USAGE, "there is no such action");
    if (!profile_is_name(profile))
        return err_set(err, EX_USAGE, "there is no such profile");
    if (check_names(action, arguments, err) != 0 ||
        (strcmp(action->name, "settings_set") == 0 && check_key(arguments, err) != 0))
        return -1;
    if (strcmp(profile, "default") != 0)
        add(&words, mem_format("--profile=%s", profile));
    if (action->always != NULL)
        add(&words, mem_copy(action->always));
    int result = add_params(action, arguments, true, &words, err);
    add(&words, mem_copy("--"));
    for (int i = 0; i < 2 && action->words[i] != NULL; i++)
        add(&words, mem_copy(action->words[i]));
    if (result == 0)
        result = add_params(action, arguments, false, &words, err);
    if (result == 0)
        *ret_words = words;
    else
        actions_free(&words);
    return result;
}
