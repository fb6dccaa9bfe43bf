/* recorder_pq: a connection to PostgreSQL (libpq). */
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "sink/recorder_pq.h"
#include "sink/recorder_store.h"
#include "sink/recorder_verdict.h"

#define TURN_MS 50
#define SLACK_MS 5000 /* the server ends a slow statement; without an answer this much later, the connection is dead */
#define SQLSTATE_SIZE 6
#define MOST_OPTIONS 64

struct recorder_pq {
    PQconninfoOption *options; /* the options in url */
    char *password;            /* from the settings; "": none */
    char *ignored_passfile;    /* libpq ignores this password file, because other users may read it; NULL: none */
    int64_t timeout;
    PGconn *connection;        /* NULL: none */
    PGresult *result;          /* the result of the last statement; NULL: none */
    char sqlstate[SQLSTATE_SIZE];
    size_t position; /* of the last error in the statements, in characters; 0: not known */
};

/* ---- settings ---- */

static const char *option(const struct recorder_pq *pq, const char *keyword)
{
    for (const PQconninfoOption *at = pq->options; at != NULL && at->keyword != NULL; at++)
        if (strcmp(at->keyword, keyword) == 0)
            return str_or_empty(at->val);
    return "";
}

/* url without possible passwords: without the text before the last @ and the values of password parameters. */
static char *without_secrets(const char *url)
{
    static const char *const secrets[] = { "password=", "sslpassword=" };
    const char *end = strrchr(url, '@'), *begin = strstr(url, "://");
    char *safe = begin != NULL && end != NULL && end > begin
                     ? mem_format("%.*s%s", (int)(begin + 3 - url), url, end + 1) : mem_copy(url);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        for (char *at = strstr(safe, secrets[i]); at != NULL; at = strstr(at + 1, secrets[i])) {
            char *value = at + strlen(secrets[i]);
            size_t length = strcspn(value, "&");
            (void)memmove(value, value + length, strlen(value + length) + 1);
        }
    return safe;
}

static void copy_first_line(const char *text, char *out, size_t size)
{
    size_t length = strcspn(text, "\n");
    (void)snprintf(out, size, "%.*s", (int)length, text);
}

/* libpq's error quotes the url. So parse the url without secrets again, to get an error without secrets. */
static int fail_url(const struct param *param, struct err *err)
{
    char *safe = without_secrets(param->value), *words = NULL, reason[300];
    PQconninfoOption *options = PQconninfoParse(safe, &words);
    copy_first_line(str_or_empty(words), reason, sizeof reason);
    if (options != NULL)
        (void)snprintf(reason, sizeof reason, "the fault is in the account or the password: write special characters "
                       "as %%XX, or use password_file");
    PQconninfoFree(options);
    PQfreemem(words);
    free(safe);
    return err_set(err, EX_CONFIG, "%s: url is not a PostgreSQL address: %s", param->origin, reason);
}

int recorder_pq_new(const struct params *params, struct recorder_pq **ret_pq, struct err *err)
{
    const struct param *url = params_find(params, "url");
    int64_t timeout = 0;
    char *words = NULL;
    if (strncmp(url->value, "postgresql://", 13) != 0 && strncmp(url->value, "postgres://", 11) != 0)
        return err_set(err, EX_CONFIG, "%s: url does not begin with postgresql://; write "
                       "postgresql://USER@HOST/DATABASE", url->origin);
    if (recorder_store_timeout(params, &timeout, err) != 0)
        return -1;
    PQconninfoOption *options = PQconninfoParse(url->value, &words);
    PQfreemem(words);
    if (options == NULL)
        return fail_url(url, err);
    struct recorder_pq *pq = mem_zero(1, sizeof *pq);
    pq->options = options;
    pq->password = mem_copy(params_text(params, "password", ""));
    pq->timeout = timeout;
    *ret_pq = pq;
    return 0;
}

void recorder_pq_free(struct recorder_pq *pq)
{
    recorder_pq_disconnect(pq);
    for (PQconninfoOption *at = pq->options; at != NULL && at->keyword != NULL; at++)
        if (at->val != NULL)
            explicit_bzero(at->val, strlen(at->val));
    PQconninfoFree(pq->options);
    mem_free_secret(pq->password);
    free(pq->ignored_passfile);
    free(pq);
}

int64_t recorder_pq_timeout(const struct recorder_pq *pq)
{
    return pq->timeout;
}

/* ---- failures ---- */

/* In libpq's verbose errors the SQLSTATE is between two colons: "FATAL:  28P01: password ...". */
static void find_sqlstate(const char *words, char out[SQLSTATE_SIZE])
{
    *out = '\0';
    for (const char *at = strchr(words, ':'); at != NULL; at = strchr(at + 1, ':')) {
        const char *begin = at + 1 + strspn(at + 1, " ");
        /* "FATAL:" has no digit; every SQLSTATE has one. */
        if (strspn(begin, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && begin[5] == ':' &&
            strcspn(begin, "0123456789") < 5) {
            (void)snprintf(out, SQLSTATE_SIZE, "%s", begin);
            return;
        }
    }
}

/* Sets *ret_failure. words is libpq's error and may quote anything, even a password. */
static int fail(struct recorder_pq *pq, const char *action, const char *words, struct outcome *ret_failure)
{
    const char *advice = "";
    char line[400];
    enum recorder_blame blame = recorder_verdict_of(pq->sqlstate, &advice);
    enum outcome_kind kind = blame == RECORDER_BLAMES_SETTINGS ? OUTCOME_MISCONFIGURED : OUTCOME_RETRY;
    copy_first_line(words, line, sizeof line);
    str_hide(line, pq->password);
    str_hide(line, option(pq, "password"));
    str_hide(line, option(pq, "sslpassword"));
    (void)recorder_store_fail(ret_failure, kind, recorder_verdict_code(pq->sqlstate), advice, "could not %s: %s",
                              action, *line != '\0' ? line : "the connection was lost");
    ret_failure->unreachable = blame == RECORDER_BLAMES_SERVER; /* no call is at fault */
    return -1;
}

void recorder_pq_disconnect(struct recorder_pq *pq)
{
    PQclear(pq->result);
    pq->result = NULL;
    PQfinish(pq->connection);
    pq->connection = NULL;
}

/* ---- waiting ---- */

/* Waits for the socket, at most TURN_MS. */
static void wait_a_turn(const struct recorder_pq *pq, short events, const struct sink_observer *observer)
{
    struct pollfd socket = { .fd = PQsocket(pq->connection), .events = events };
    if (observer != NULL)
        (void)observer->on_turn(observer->context);
    (void)poll(&socket, 1, TURN_MS);
}

/* ---- connecting ---- */

/* Finds a password file that other users may read. libpq would warn about it on standard error, and cron would mail the
 * warning each minute. */
static void find_unsafe_passfile(struct recorder_pq *pq)
{
    struct stat info;
    const char *named = *option(pq, "passfile") != '\0' ? option(pq, "passfile") : getenv("PGPASSFILE");
    const struct passwd *user = named == NULL ? getpwuid(geteuid()) : NULL;
    char *path = named != NULL ? mem_copy(named) : mem_format("%s/.pgpass", user != NULL ? user->pw_dir : "");
    free(pq->ignored_passfile);
    pq->ignored_passfile = NULL;
    if (stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0))
        pq->ignored_passfile = path;
    else
        free(path);
}

static PGconn *start(struct recorder_pq *pq)
{
    const char *keywords[MOST_OPTIONS + 8], *values[MOST_OPTIONS + 8];
    int count = 0;
    char user_timeout[24];
    (void)snprintf(user_timeout, sizeof user_timeout, "%" PRId64, pq->timeout * 1000 + SLACK_MS);
    const char *const ours[][2] = { { "fallback_application_name", "did-optimizer-sync" },
                                    { "client_encoding", "UTF8" },
                                    { "tcp_user_timeout", user_timeout },
                                    { "password", pq->password },
                                    { "passfile", "/proc/self/no-password-file" } };
    find_unsafe_passfile(pq);
    for (const PQconninfoOption *at = pq->options; at->keyword != NULL && count < MOST_OPTIONS; at++)
        if (at->val != NULL && *at->val != '\0') {
            keywords[count] = at->keyword;
            values[count++] = at->val;
        }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        bool wanted = strcmp(ours[i][0], "password") == 0 ? *pq->password != '\0'
                      : strcmp(ours[i][0], "passfile") == 0 ? pq->ignored_passfile != NULL
                      : strcmp(ours[i][0], "client_encoding") == 0 || *option(pq, ours[i][0]) == '\0';
        if (wanted) { /* libpq uses the later of two equal keywords */
            keywords[count] = ours[i][0];
            values[count++] = ours[i][1];
        }
    }
    keywords[count] = values[count] = NULL;
    return PQconnectStartParams(keywords, values, 0);
}

static void ignore_notice(void *context, const char *words)
{
    (void)context;
    (void)words;
}

static bool connect_until(struct recorder_pq *pq, int64_t until_ms, const struct sink_observer *observer)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        if (clock_mono_ms() > until_ms)
            return false;
        struct pollfd socket = { .fd = PQsocket(pq->connection),
                                 .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT };
        if (observer != NULL)
            (void)observer->on_turn(observer->context);
        if (poll(&socket, 1, TURN_MS) > 0)
            status = PQconnectPoll(pq->connection);
    }
    return true;
}

static int fail_to_connect(struct recorder_pq *pq, bool in_time, struct outcome *ret_failure)
{
    const char *words = in_time ? PQerrorMessage(pq->connection) : "the server did not answer in time";
    find_sqlstate(in_time ? words : "", pq->sqlstate);
    (void)fail(pq, "connect to PostgreSQL", words, ret_failure);
    ret_failure->unreachable = ret_failure->kind == OUTCOME_RETRY;
    if (in_time && PQconnectionNeedsPassword(pq->connection)) {
        ret_failure->kind = OUTCOME_MISCONFIGURED;
        ret_failure->unreachable = false;
        (void)snprintf(ret_failure->advice, sizeof ret_failure->advice, "%s%.200s%s",
                       pq->ignored_passfile != NULL ? "; chmod 600 " : "; write password_file in [sink]",
                       pq->ignored_passfile != NULL ? pq->ignored_passfile : "",
                       pq->ignored_passfile != NULL ? ": other users may read this file, so its password is not used"
                                                    : "");
    } else if (*pq->sqlstate == '\0') {
        (void)snprintf(ret_failure->advice, sizeof ret_failure->advice,
                       "; check url in [sink], and that the server runs");
    }
    recorder_pq_disconnect(pq);
    return -1;
}

int recorder_pq_connect(struct recorder_pq *pq, const struct sink_observer *observer, struct outcome *ret_failure)
{
    if (pq->connection != NULL)
        return 0;
    pq->connection = start(pq);
    if (pq->connection == NULL)
        mem_out_of_memory();
    (void)PQsetNoticeProcessor(pq->connection, ignore_notice, NULL); /* the default writes to standard error */
    (void)PQsetErrorVerbosity(pq->connection, PQERRORS_VERBOSE);
    bool in_time = PQstatus(pq->connection) == CONNECTION_BAD ||
                   connect_until(pq, clock_mono_ms() + pq->timeout * 1000, observer);
    if (!in_time || PQstatus(pq->connection) != CONNECTION_OK || PQsetnonblocking(pq->connection, 1) != 0)
        return fail_to_connect(pq, in_time, ret_failure);
    *pq->sqlstate = '\0';
    return 0;
}

bool recorder_pq_is_connected(const struct recorder_pq *pq)
{
    return pq->connection != NULL;
}

/* ---- statements ---- */

static int fail_and_disconnect(struct recorder_pq *pq, const char *words, struct outcome *ret_failure)
{
    (void)fail(pq, "write to PostgreSQL", words, ret_failure);
    ret_failure->unreachable = ret_failure->kind == OUTCOME_RETRY;
    recorder_pq_disconnect(pq);
    return -1;
}

/* Waits for the next result. False: the connection is dead. */
static bool wait_for_result(struct recorder_pq *pq, int64_t until_ms, const struct sink_observer *observer)
{
    int unsent = PQflush(pq->connection);
    while (unsent >= 0 && (unsent > 0 || PQisBusy(pq->connection))) {
        if (clock_mono_ms() > until_ms)
            return false;
        wait_a_turn(pq, (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)), observer);
        if (!PQconsumeInput(pq->connection))
            return false;
        unsent = unsent > 0 ? PQflush(pq->connection) : 0;
    }
    return unsent == 0;
}

static bool is_error(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

/* Reads all results, and keeps the last one or the first error. */
static int read_results(struct recorder_pq *pq, const struct sink_observer *observer, struct outcome *ret_failure)
{
    int64_t until_ms = clock_mono_ms() + pq->timeout * 1000 + SLACK_MS;
    PGresult *result = NULL;
    *pq->sqlstate = '\0';
    pq->position = 0;
    do {
        if (!wait_for_result(pq, until_ms, observer)) {
            bool dead = PQstatus(pq->connection) == CONNECTION_BAD;
            return fail_and_disconnect(pq, dead ? PQerrorMessage(pq->connection) : "the server did not answer in time",
                                       ret_failure);
        }
        result = PQgetResult(pq->connection);
        if (result != NULL && (pq->result == NULL || !is_error(pq->result))) {
            PQclear(pq->result);
            pq->result = result;
        } else {
            PQclear(result);
        }
    } while (result != NULL);
    if (!is_error(pq->result))
        return 0;
    const char *sqlstate = PQresultErrorField(pq->result, PG_DIAG_SQLSTATE);
    const char *position = PQresultErrorField(pq->result, PG_DIAG_STATEMENT_POSITION);
    pq->position = position != NULL ? (size_t)strtoul(position, NULL, 10) : 0;
    (void)snprintf(pq->sqlstate, sizeof pq->sqlstate, "%s", str_or_empty(sqlstate));
    const char *words = PQresultErrorField(pq->result, PG_DIAG_MESSAGE_PRIMARY); /* the other fields quote whole rows */
    if (PQstatus(pq->connection) == CONNECTION_BAD)
        return fail_and_disconnect(pq, words != NULL ? words : PQerrorMessage(pq->connection), ret_failure);
    return fail(pq, "write to PostgreSQL", str_or_empty(words), ret_failure);
}

static int send_and_take(struct recorder_pq *pq, const char *sql, const char *value,
                         const struct sink_observer *observer, struct outcome *ret_failure)
{
    PQclear(pq->result);
    pq->result = NULL;
    if (pq->connection == NULL)
        return fail(pq, "write to PostgreSQL", "", ret_failure);
    int sent = value != NULL ? PQsendQueryParams(pq->connection, sql, 1, NULL, &value, NULL, NULL, 0)
                             : PQsendQuery(pq->connection, sql);
    return sent == 1 ? read_results(pq, observer, ret_failure)
                     : fail_and_disconnect(pq, PQerrorMessage(pq->connection), ret_failure);
}

int recorder_pq_run(struct recorder_pq *pq, const char *sql, const struct sink_observer *observer,
                    struct outcome *ret_failure)
{
    return send_and_take(pq, sql, NULL, observer, ret_failure);
}

int recorder_pq_ask(struct recorder_pq *pq, const char *sql, const char *value, const struct sink_observer *observer,
                    struct outcome *ret_failure)
{
    return send_and_take(pq, sql, value, observer, ret_failure);
}

int recorder_pq_rows(const struct recorder_pq *pq)
{
    return PQntuples(pq->result);
}

const char *recorder_pq_text(const struct recorder_pq *pq, int row, int column)
{
    return str_or_empty(PQgetvalue(pq->result, row, column));
}

const char *recorder_pq_word(const struct recorder_pq *pq)
{
    return str_or_empty(PQcmdStatus(pq->result));
}

const char *recorder_pq_sqlstate(const struct recorder_pq *pq)
{
    return pq->sqlstate;
}

size_t recorder_pq_position(const struct recorder_pq *pq)
{
    return pq->position;
}

/* ---- facts about the connection ---- */

static bool is_local(const char *host)
{
    return *host == '\0' || *host == '/' || *host == '@' || strcmp(host, "::1") == 0 || url_is_this_host(host);
}

struct recorder_pq_facts recorder_pq_facts(const struct recorder_pq *pq)
{
    struct recorder_pq_facts facts = { .used_password = PQconnectionUsedPassword(pq->connection) != 0 };
    const char *mode = option(pq, "sslmode");
    (void)snprintf(facts.host, sizeof facts.host, "%s", str_or_empty(PQhost(pq->connection)));
    (void)snprintf(facts.user, sizeof facts.user, "%s", str_or_empty(PQuser(pq->connection)));
    (void)snprintf(facts.server, sizeof facts.server, "%s",
                   str_or_empty(PQparameterStatus(pq->connection, "server_version")));
    if (PQsslInUse(pq->connection))
        (void)snprintf(facts.tls, sizeof facts.tls, "%s", str_or_empty(PQsslAttribute(pq->connection, "protocol")));
    facts.is_verified = *facts.tls != '\0' && strcmp(mode, "verify-full") == 0;
    facts.is_local = is_local(facts.host);
    return facts;
}
