/* vicidial_link: the common part of the sources that read VICIdial's database. */
#include <stdio.h>
#include <string.h>

#include "source/vicidial_link.h"

static const struct session_words words = {
    .database = "VICIdial database",
    .credentials = "; check VARDB_user, VARDB_pass and VARDB_database in astguiclient.conf, or [database] in "
                   "/etc/did-optimizer-sync.conf",
    .name = "; check VARDB_database in astguiclient.conf, or name in [database] of /etc/did-optimizer-sync.conf",
    .server = "; is the server running? Check VARDB_server and VARDB_port in astguiclient.conf, or host, port and "
              "socket in [database] of /etc/did-optimizer-sync.conf",
    .no_table = "; is this VICIdial's database?",
};

int vicidial_link_open(struct vicidial_link *link, const struct settings_database *database, const char *damaged,
                       struct err *err)
{
    link->database = database;
    link->words = words;
    link->words.damaged = damaged;
    return session_open(database, &link->words, &link->session, err);
}

void vicidial_link_close(struct vicidial_link *link)
{
    session_close(link->session);
}

/* ---- functions of source_ops ---- */

int vicidial_link_now(void *state, int64_t *ret_epoch, struct err *err)
{
    const struct vicidial_link *link = state;
    return session_now(link->session, ret_epoch, err);
}

struct source_effort vicidial_link_effort(void *state)
{
    const struct vicidial_link *link = state;
    return session_effort(link->session);
}

bool vicidial_link_may_read(const void *state)
{
    const struct vicidial_link *link = state;
    return session_may_read(link->session);
}

int64_t vicidial_link_spread(const void *state)
{
    const struct vicidial_link *link = state;
    return zone_spread(&link->zone);
}

/* Uses and keeps the memory of earlier runs about the zones of rows. */
void vicidial_link_recall(void *state, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                          char problem[SOURCE_PROBLEM_SIZE])
{
    struct vicidial_link *link = state;
    char told[ZONE_PROBLEM_SIZE], found[ZONE_PROBLEM_SIZE];
    struct zone before;
    zone_read(earlier, &before);
    zone_recall(&link->zone, &before);
    if (*zone_problem(&link->zone, found) != '\0' && strcmp(found, zone_problem(&before, told)) != 0)
        (void)snprintf(problem, SOURCE_PROBLEM_SIZE, "Time zones: %s", found);
    zone_write(&link->zone, memory);
}

const char *vicidial_link_archive_problem(const void *state)
{
    const struct vicidial_link *link = state;
    return link->archive_problem;
}

/* ---- reading ---- */

int vicidial_link_fetched(struct vicidial_link *link, enum source_table table, int result, const struct err *failure,
                          struct err *err)
{
    if (table == SOURCE_ARCHIVE)
        link->archive_problem[0] = '\0';
    if (result == 0)
        return 0;
    enum session_failure why = session_failure(link->session);
    if (table == SOURCE_ARCHIVE && why == SESSION_NO_TABLE)
        return 0; /* this dialer archives nothing */
    if (table == SOURCE_ARCHIVE && why == SESSION_TABLE_UNUSABLE) {
        (void)snprintf(link->archive_problem, sizeof link->archive_problem, "%s", failure->message);
        return 0;
    }
    return err_set(err, failure->code, "%s", failure->message);
}

int vicidial_link_list(struct vicidial_link *link, const char *key, const char *table, const char *what,
                       source_on_campaign *on_campaign, void *context, struct err *err)
{
    enum { MOST = 5000 }; /* a large dialer has some hundreds; the table is read by its primary key */
    char sql[128], action[64];
    struct session_result *result = NULL;
    (void)snprintf(sql, sizeof sql, "SELECT %s FROM %s ORDER BY %s LIMIT %d", key, table, key, MOST);
    (void)snprintf(action, sizeof action, "read the dialer's %s", what);
    if (session_query(link->session, sql, action, &result, err) != 0)
        return -1;
    bool all = session_rows(result) < MOST;
    const char *const *row = NULL;
    while (all && (row = session_next(result)) != NULL)
        on_campaign(context, row[0] != NULL ? row[0] : "");
    session_free(result);
    return all ? 0 : err_set(err, EX_UNAVAILABLE, "could not read the dialer's %s: there are too many", what);
}

/* ---- `check` ---- */

static void check_zone(const struct zone *zone, const struct findings *findings)
{
    char names[ZONE_NAMES_SIZE], problem[ZONE_PROBLEM_SIZE];
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "time zone" },
                                bad = { .kind = SOURCE_WARNS, .about = "time zone" };
    if (*zone_problem(zone, problem) != '\0')
        findings_tell(findings, bad, "%s", problem);
    else
        findings_tell(findings, good, "call_date is written in %s", zone_names(zone, names));
}

/* A read of a call that does not exist costs nothing, and shows whether calls may be read. */
void vicidial_link_check(const struct source_ops *ops, void *state, const char *missing, const char *no_call,
                         const struct findings *findings)
{
    struct err err;
    const struct vicidial_link *link = state;
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "table" },
                                old = { .kind = SOURCE_WARNS, .about = "table", .remedy = "" };
    const struct source_finding unread = {
        .kind = SOURCE_WARNS,
        .about = "table",
        .remedy = "until then, a pending call cannot be sent after its row has moved to the archive, nor a call of a "
                  "long outage",
    };
    const struct source_finding none = {
        .kind = SOURCE_WARNS,
        .about = "table",
        .remedy = "if old calls are deleted here, those of a long outage cannot be sent",
    };
    bool usable = false;
    if (*missing != '\0')
        findings_tell(findings, old, "this VICIdial is too old for %s; null is sent instead", missing);
    if (ops->fetch(state, SOURCE_LIVE, &no_call, 1, NULL, NULL, &err) != 0)
        findings_tell_failure(findings, &err);
    else
        findings_tell(findings, good, "SELECT is granted");
    check_zone(&link->zone, findings);
    if (ops->fetch(state, SOURCE_ARCHIVE, &no_call, 1, NULL, NULL, &err) == 0 && *link->archive_problem != '\0')
        findings_tell(findings, unread, "%s", link->archive_problem);
    else if (ops->inspect_archive(state, &usable, &err) != 0)
        findings_tell(findings, unread, "%s", err.message);
    else if (!usable)
        findings_tell(findings, none, "there is no %s", ops->places[SOURCE_ARCHIVE]);
}
