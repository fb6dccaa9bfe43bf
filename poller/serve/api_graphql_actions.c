/* api_graphql_actions: what changes something. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "base/when.h"
#include "ledger/enabled.h"
#include "serve/api_graphql.h"
#include "serve/api_graphql_actions.h"
#include "serve/api_graphql_routes.h"

enum { DAY = 86400, MOST_ACTIONS = 8 };

/* Actions are collected and checked first, so that a wrong argument changes nothing. */
struct actions {
    const struct graphql_call *call;
    struct serve_profile *profile;
    struct {
        const char *name;
        struct json *arguments;
    } list[MOST_ACTIONS];
    int count;
    int64_t id; /* of the last one in the journal */
    struct api_graphql_change change;
};

/* name NULL: the first profile. */
static int begin(struct actions *actions, const struct graphql_call *call, const char *name, struct err *err)
{
    const struct api_graphql *context = call->context;
    const struct profiles *profiles = context->api->profiles;
    *actions = (struct actions){ .call = call };
    if (context->request->role < ROLE_ADMIN) {
        (void)err_set(err, EX_NOPERM, "your user may not do this: an administrator may");
        return -1;
    }
    if (name != NULL)
        actions->profile = profiles_find(profiles, name);
    else if (profiles->count > 0)
        actions->profile = &profiles->list[0];
    if (actions->profile != NULL)
        return 0;
    (void)err_set(err, EX_USAGE, "there is no such profile");
    return -1;
}

/* Returns the new action's arguments, for the caller to fill. The texts that are added are borrowed. */
static struct json *add(struct actions *actions, const char *name)
{
    struct json *arguments = json_object();
    actions->list[actions->count].name = name;
    actions->list[actions->count++].arguments = arguments;
    return arguments;
}

static void end(struct actions *actions)
{
    while (actions->count > 0)
        json_free(actions->list[--actions->count].arguments);
}

/* Ends with the first action that cannot begin. */
static int run(struct actions *actions, struct err *err)
{
    const struct api_graphql *context = actions->call->context;
    int result = 0;
    if (context->act == NULL) {
        end(actions);
        return err_set(err, EX_UNAVAILABLE, "this page only shows: use the command on the host");
    }
    for (int i = 0; i < actions->count && result == 0; i++)
        result = context->act(context->act_context, actions->profile->name, actions->list[i].name,
                              actions->list[i].arguments, &actions->id, err);
    end(actions);
    return result;
}

/* ---- sync ---- */

static int add_sync(struct actions *actions, const struct graphql_value *input, struct err *err)
{
    const char *from = graphql_text_of(input, "fromDate"), *to = graphql_text_of(input, "toDate");
    int64_t first = 0, last = 0;
    bool has_dates = *str_or_empty(from) != '\0' || *str_or_empty(to) != '\0';
    if (!has_dates && graphql_integer_of(input, "fullSync", 0) != 0)
        return err_set(err, EX_USAGE, "say which calls to send again: give fromDate and toDate");
    if (!has_dates) {
        (void)add(actions, "sync");
        return 0;
    }
    if (*str_or_empty(from) == '\0' || *str_or_empty(to) == '\0')
        return err_set(err, EX_USAGE, "give fromDate and toDate together");
    if (when_parse_range("", from, to, clock_now_epoch(), &first, &last, err) != 0)
        return -1;
    if (first > last)
        return err_set(err, EX_USAGE, "fromDate must not be after toDate");
    struct json *arguments = add(actions, "backfill");
    char begin[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
    /* With the offset: the command reads other times in the zone of the source, and the queries in that of the host. */
    json_add_text(arguments, "from", arena_format(actions->call->arena, "%s", clock_iso(first, begin, sizeof begin)));
    json_add_text(arguments, "to", arena_format(actions->call->arena, "%s", clock_iso(last, end, sizeof end)));
    return 0;
}

int api_graphql_sync(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    static const char *const counts[] = { "recordsFetched", "recordsCreated", "recordsUpdated", "recordsSkipped",
                                          "totalFetched" };
    static const struct graphql_value none = { .kind = GRAPHQL_OBJECT };
    const struct graphql_value *input = graphql_member(call->arguments, "input");
    struct actions actions;
    input = input != NULL && input->kind == GRAPHQL_OBJECT ? input : &none;
    if (begin(&actions, call, graphql_text_of(input, "configId"), err) != 0 ||
        add_sync(&actions, input, err) != 0 || run(&actions, err) != 0)
        return -1;
    *ret_value = graphql_new(call->arena, GRAPHQL_OBJECT);
    (void)graphql_add(*ret_value, "success", graphql_new_boolean(call->arena, true));
    (void)graphql_add(*ret_value, "message",
                      graphql_new_text(call->arena, "the run has begun: getCallCenterSyncLogs will have its end"));
    const char *id = api_graphql_log_id(call->arena, actions.profile->name, actions.id);
    (void)graphql_add(*ret_value, "syncLogId", graphql_new_text(call->arena, id));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        (void)graphql_add(*ret_value, counts[i], graphql_new_integer(call->arena, 0));
    return 0;
}

/* ---- configurations ---- */

static void add_setting(struct actions *actions, const char *key, const char *value)
{
    struct json *arguments = add(actions, "settings_set");
    json_add_text(arguments, "key", key);
    json_add_text(arguments, "value", value);
}

static bool differs(const char *old, const char *wanted)
{
    return *str_or_empty(wanted) != '\0' && strcmp(str_or_empty(old), wanted) != 0;
}

static void add_number(struct actions *actions, const char *key, int64_t number)
{
    add_setting(actions, key, arena_format(actions->call->arena, "%lld", (long long)number));
}

/* The command checks the number too, but only after the answer. */
static int check_number(const char *name, const char *key, int64_t number, struct err *err)
{
    struct err why;
    return config_check_number("sync", key, number, &why) == 0
               ? 0 : err_set(err, EX_USAGE, "%s, which is %s in [sync]: %s", name, key, why.message);
}

/* Sending is on if the configuration is active and follows the schedule. */
static void add_switch(struct actions *actions, const struct graphql_value *input)
{
    const char *mode = graphql_text_of(input, "syncMode");
    int64_t active = graphql_integer_of(input, "isActive", -1);
    bool is_off = enabled_is_off(actions->profile->options.state_dir);
    bool wants_off = active == 0 || (mode != NULL && strcmp(mode, "MANUAL") == 0);
    actions->change.is_off = active >= 0 || mode != NULL ? wants_off : is_off;
    if (actions->change.is_off != is_off)
        (void)add(actions, wants_off ? "disable" : "enable");
}

static int add_numbers(struct actions *actions, const struct graphql_value *input, struct err *err)
{
    const struct settings_sync *sync = &actions->profile->config.sync;
    int64_t days = api_graphql_days_back(actions->profile);
    struct api_graphql_change *change = &actions->change;
    change->batch_size = graphql_integer_of(input, "batchSize", sync->batch_size);
    change->days_back = graphql_integer_of(input, "defaultDaysBack", days);
    if (check_number("batchSize", "batch_size", change->batch_size, err) != 0 ||
        check_number("defaultDaysBack", "first_run_lookback", change->days_back * DAY, err) != 0)
        return -1;
    if (change->batch_size != sync->batch_size)
        add_number(actions, "sync.batch_size", change->batch_size);
    if (change->days_back != days)
        add_number(actions, "sync.first_run_lookback", change->days_back * DAY);
    return 0;
}

static int add_changes(struct actions *actions, const struct graphql_value *input, struct err *err)
{
    const struct config *config = &actions->profile->config;
    const char *cron = graphql_text_of(input, "cronExpression");
    if (*str_or_empty(graphql_text_of(input, "apiKey")) != '\0')
        return err_set(err, EX_USAGE,
                       "a key cannot be set from here: write it into the file of the settings on the host");
    if (*str_or_empty(cron) != '\0' && strcmp(cron, "* * * * *") != 0)
        return err_set(err, EX_USAGE, "cron starts a run each minute, and cronExpression cannot change that");
    /* The phone system's key would go to the new address: see actions_may_set. */
    if (differs(params_text(&config->source_params, "url", NULL), graphql_text_of(input, "apiUrl")) ||
        differs(params_text(&config->source_params, "domain", NULL), graphql_text_of(input, "domain")))
        return err_set(err, EX_USAGE, "apiUrl and domain cannot be changed from here: change url and domain in "
                       "[source] of the file of the settings on the host, or send the present values");
    if (add_numbers(actions, input, err) != 0)
        return -1;
    add_switch(actions, input);
    return 0;
}

static int finish(struct actions *actions, struct graphql_value **ret_value, struct err *err)
{
    if (run(actions, err) != 0)
        return -1;
    *ret_value = api_graphql_config_of(actions->call, actions->profile, &actions->change, err);
    return *ret_value != NULL ? 0 : -1;
}

int api_graphql_create_config(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    struct actions actions;
    if (begin(&actions, call, graphql_text_of(call->arguments, "profile"), err) != 0)
        return -1;
    if (!enabled_is_off(actions.profile->options.state_dir))
        return err_set(err, EX_USAGE, "the profile %s has a configuration already: use updateCallCenterConfig",
                       actions.profile->name);
    return add_changes(&actions, graphql_member(call->arguments, "input"), err) == 0
               ? finish(&actions, ret_value, err) : -1;
}

int api_graphql_update_config(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    struct actions actions;
    if (begin(&actions, call, graphql_text_of(call->arguments, "id"), err) != 0 ||
        add_changes(&actions, graphql_member(call->arguments, "input"), err) != 0)
        return -1;
    return finish(&actions, ret_value, err);
}

int api_graphql_delete_config(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    struct actions actions;
    if (begin(&actions, call, graphql_text_of(call->arguments, "id"), err) != 0)
        return -1;
    (void)add(&actions, "disable");
    actions.change = (struct api_graphql_change){ .batch_size = actions.profile->config.sync.batch_size,
                                                  .days_back = api_graphql_days_back(actions.profile), .is_off = true };
    return finish(&actions, ret_value, err);
}
