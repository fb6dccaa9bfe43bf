/* vicidial_enrich_lookup: reads rows of other tables of the dialer, by key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "source/vicidial_enrich_lookup.h"

/* A remedy behind a ";" is cut off, because each message adds its own remedy. */
static void turn_off(struct enrich_lookup *lookup, bool is_missing, const char *problem)
{
    lookup->is_off = true;
    lookup->is_missing = is_missing;
    (void)snprintf(lookup->problem, sizeof lookup->problem, "%.*s", (int)strcspn(problem, ";"), problem);
}

/* Makes the statement; keys are SQL literals. Ownership: the caller frees it. */
static char *statement(const struct enrich_lookup *lookup, const char *keys, const char *since)
{
    const char *index = *lookup->own_index != '\0' ? lookup->own_index : lookup->index;
    char *bound = lookup->date != NULL ? mem_format(" AND %s >= '%s'", lookup->date, since) : mem_copy("");
    char *sql = mem_format("SELECT %s FROM %s FORCE INDEX (`%s`) WHERE %s IN (%s)%s", lookup->columns, lookup->table,
                           index, lookup->key, keys, bound);
    free(bound);
    return sql;
}

/* A site may have given the index another name. Without an index, each statement would read the whole table. */
static int find_index(struct session *session, struct enrich_lookup *lookup, struct err *err)
{
    enum { KEY_NAME = 2, POSITION_IN_INDEX = 3, COLUMN_NAME = 4, COMMENT = 11 };
    struct session_result *result = NULL;
    char sql[100], problem[200];
    (void)snprintf(sql, sizeof sql, "SHOW INDEX FROM %s", lookup->table);
    if (session_query(session, sql, "read a table's indexes", &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        bool disabled = row[COMMENT] != NULL && strstr(row[COMMENT], "disabled") != NULL;
        if (!disabled && strcmp(row[POSITION_IN_INDEX], "1") == 0 && row[COLUMN_NAME] != NULL &&
            strcasecmp(row[COLUMN_NAME], lookup->key) == 0 && strchr(row[KEY_NAME], '`') == NULL &&
            strlen(row[KEY_NAME]) < sizeof lookup->own_index)
            (void)snprintf(lookup->own_index, sizeof lookup->own_index, "%s", row[KEY_NAME]);
    }
    session_free(result);
    (void)snprintf(problem, sizeof problem, "%s has no index on %s, so each look-up would read the whole table",
                   lookup->table, lookup->key);
    if (*lookup->own_index == '\0')
        turn_off(lookup, false, problem);
    return 0;
}

/* Reacts to a failed statement: turns the lookup off, or changes it for a second try. */
static int adapt(struct session *session, struct enrich_lookup *lookup, bool is_second_try, const struct err *failure,
                 struct err *err)
{
    enum session_failure why = session_failure(session);
    char problem[200];
    if (session_is_lost(session))
        return err_set(err, EX_UNAVAILABLE, "%s", failure->message);
    if (why == SESSION_NO_INDEX && *lookup->own_index == '\0')
        return find_index(session, lookup, err);
    (void)snprintf(problem, sizeof problem, "there is no table %s", lookup->table);
    if (why == SESSION_TABLE_UNUSABLE && !is_second_try && lookup->older_columns != NULL)
        lookup->columns = lookup->older_columns;
    else if (why == SESSION_NO_TABLE)
        turn_off(lookup, true, problem);
    else
        turn_off(lookup, false, failure->message);
    lookup->is_busy = session_was_busy(session);
    return 0;
}

static int ask(struct session *session, struct enrich_lookup *lookup, const char *keys, const char *since,
               struct session_result **ret_result, struct err *err)
{
    enum { TRIES = 3 }; /* as it is, with another index, with older columns */
    char action[100];
    *ret_result = NULL;
    (void)snprintf(action, sizeof action, "read %s", lookup->table);
    for (int i = 0; i < TRIES && !lookup->is_off; i++) {
        struct err failure = { .code = EX_OK };
        bool is_old = lookup->columns == lookup->older_columns;
        char *sql = statement(lookup, keys, since);
        int result = session_query(session, sql, action, ret_result, &failure);
        free(sql);
        if (result == 0)
            return 0;
        if (adapt(session, lookup, is_old, &failure, err) != 0)
            return -1;
    }
    return 0;
}

/* VICIdial writes ids and codes in ASCII. The server may not be able to compare other characters with the column. */
static bool is_key(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return *text != '\0';
}

int enrich_lookup_run(struct session *session, struct enrich_lookup *lookup, const struct enrich_request *request,
                      enrich_on_row *on_row, void *context, struct err *err)
{
    int outcome = 0;
    size_t at = 0;
    while (outcome == 0 && at < request->count && !lookup->is_off) {
        const char *keys[ENRICH_MANY_KEYS];
        size_t count = 0;
        for (; at < request->count && count < ENRICH_MANY_KEYS; at++)
            if (is_key(request->keys[at]))
                keys[count++] = request->keys[at];
        if (count == 0)
            break;
        struct session_result *result = NULL;
        char *list = session_quote_all(session, keys, count);
        outcome = ask(session, lookup, list, request->since, &result, err);
        free(list);
        for (const char *const *row = result != NULL ? session_next(result) : NULL; row != NULL;
             row = session_next(result))
            on_row(context, row);
        session_free(result);
    }
    return outcome;
}
