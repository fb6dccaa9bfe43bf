/* session: a read-only session with a MariaDB or MySQL server. */
#include <errmsg.h>
#include <inttypes.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "source/session.h"
#include "source/throttle.h"

/* Errors of a MyISAM file that is damaged or gone (my_base.h: HA_ERR_CRASHED and kin; mysys_err.h: EE_FILENOTFOUND),
 * and the server's words for it. */
enum { FILE_GONE = 29, CRASHED = 126, CRASHED_RECORD = 127, NOT_A_TABLE = 130, CRASHED_ON_REPAIR = 144,
       CRASHED_ON_USAGE = 145, INDEX_GONE = 1017, NO_KEY_FILE = 1034, MARKED_CRASHED = 1194,
       MARKED_CRASHED_REPAIR = 1195 };

/* Errors of MySQL only: a statement was too slow, the server or account needs TLS, an idle session was closed. */
enum { MYSQL_TIMEOUT = 3024, MYSQL_NEEDS_TLS = 3159, MYSQL_CANNOT_CONVERT = 3854, MYSQL_IDLE = 4031,
       CLIENT_NEEDS_TLS = 2061 };

/* The epoch that the server reported stays usable for this long: clocks do not drift apart in so short a time. */
#define CLOCK_FRESH_MS 10000

/* Pauses, as multiples of a statement's time: a run keeps the server busy for at most half of its time, long work for a
 * fifth. */
#define PAUSE 1
#define PAUSE_OF_LONG_WORK 4

struct session_result {
    MYSQL_RES *rows;
    bool is_cut;
};

struct session {
    MYSQL *mysql;
    const struct settings_database *settings;
    const struct session_words *words;
    int (*on_reconnect)(void *context, struct err *err);
    void *context;
    bool is_mariadb, reconnecting, is_lost, only_waits;
    enum session_failure failure;
    char missing[160];
    int64_t reconnects, statements;
    double took_ms;
    struct clock_reading clock; /* read_ms 0: not read yet */
    struct throttle throttle;
};

/* ---- errors ---- */

static bool is_damage(unsigned code)
{
    switch (code) {
    case FILE_GONE:
    case CRASHED:
    case CRASHED_RECORD:
    case NOT_A_TABLE:
    case CRASHED_ON_REPAIR:
    case CRASHED_ON_USAGE:
    case INDEX_GONE:
    case NO_KEY_FILE:
    case MARKED_CRASHED:
    case MARKED_CRASHED_REPAIR:
        return true;
    default:
        return false;
    }
}

#define NEEDS_TLS "; the server accepts this account over TLS only: set ssl_ca under [database] in " \
                  "/etc/did-optimizer-sync.conf to the file with the server's CA certificate"

static const char *remedy_for(unsigned code, const struct session_words *words, int *ret_exit_code)
{
    *ret_exit_code = EX_CONFIG;
    switch (code) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
        return words->credentials;
    case ER_BAD_DB_ERROR:
        return words->name;
    case ER_NO_SUCH_TABLE:
        return words->no_table;
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
        return "; grant SELECT on it to this user";
    case MYSQL_NEEDS_TLS:
    case CLIENT_NEEDS_TLS:
        return NEEDS_TLS;
    case CR_SSL_CONNECTION_ERROR:
        return "; TLS with the server failed: check ssl_ca under [database] in /etc/did-optimizer-sync.conf, and that "
               "the server's certificate is valid for this host name";
    default:
        *ret_exit_code = EX_UNAVAILABLE;
    }
    if (is_damage(code))
        return words->damaged;
    switch (code) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
        return words->server;
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
        return "; the server is at its connection limit; the next run tries again";
    case ER_STATEMENT_TIMEOUT:
    case MYSQL_TIMEOUT:
    case ER_LOCK_WAIT_TIMEOUT:
        return "; the table is locked or very busy; the next run tries again";
    default:
        return "";
    }
}

/* SESSION_TABLE_UNUSABLE: only this table cannot be read, until somebody repairs it or the archiver releases it. */
static enum session_failure failure_of(unsigned code)
{
    switch (code) {
    case ER_NO_SUCH_TABLE:
        return SESSION_NO_TABLE;
    case ER_KEY_DOES_NOT_EXISTS:
        return SESSION_NO_INDEX;
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_BAD_FIELD_ERROR:
    case ER_STATEMENT_TIMEOUT:
    case ER_LOCK_WAIT_TIMEOUT:
    case MYSQL_TIMEOUT:
        return SESSION_TABLE_UNUSABLE;
    case ER_CANT_AGGREGATE_2COLLATIONS:
    case ER_CANT_AGGREGATE_3COLLATIONS:
    case ER_CANT_AGGREGATE_NCOLLATIONS:
    case MYSQL_CANNOT_CONVERT:
        return SESSION_NOT_COMPARABLE;
    default:
        return is_damage(code) ? SESSION_TABLE_UNUSABLE : SESSION_OTHER;
    }
}

static int fail(struct session *session, const char *action, struct err *err)
{
    int exit_code = EX_UNAVAILABLE;
    unsigned code = mysql_errno(session->mysql);
    const char *remedy = remedy_for(code, session->words, &exit_code);
    session->failure = failure_of(code);
    return err_set(err, exit_code, "could not %s: %s (%u)%s", action, mysql_error(session->mysql), code, remedy);
}

/* ---- connecting ---- */

/* Every option here is mandatory; if one cannot be set, the run stops. */
static int set_options(const struct session *session, struct err *err)
{
    const struct settings_database *settings = session->settings;
    unsigned connect = (unsigned)settings->connect_timeout, transfer = (unsigned)settings->read_timeout, off = 0;
    my_bool no = 0, yes = 1;
    MYSQL *mysql = session->mysql;
    bool failed = mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &transfer) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &transfer) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_RECONNECT, &no) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off) != 0 ||
                  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") != 0;
    bool tls = *settings->ssl_ca != '\0';
    if (tls && access(settings->ssl_ca, R_OK) != 0) /* the library's message would blame the server */
        return err_set(err, EX_CONFIG, "could not read the certificates in %s; correct ssl_ca in [database]",
                       settings->ssl_ca);
    failed = failed || mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, tls ? &yes : &no) != 0 ||
             (tls && (mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes) != 0 ||
                      mysql_options(mysql, MYSQL_OPT_SSL_CA, settings->ssl_ca) != 0));
    if (failed)
        return err_set(err, EX_SOFTWARE,
                       "could not prepare the database connection: the client library refuses an option");
    return 0;
}

static void start_handle(struct session *session)
{
    mysql_close(session->mysql);
    session->mysql = mysql_init(NULL);
    if (session->mysql == NULL)
        mem_out_of_memory();
}

/* One attempt: by socket, or by host and port if socket is NULL. */
static int connect_by(struct session *session, const char *host, const char *socket, struct err *err)
{
    const struct settings_database *settings = session->settings;
    start_handle(session);
    if (set_options(session, err) != 0)
        return -1;
    if (mysql_real_connect(session->mysql, host, settings->user, settings->password, settings->name,
                           (unsigned)settings->port, socket, 0) != NULL)
        return 0;
    char action[80];
    (void)snprintf(action, sizeof action, "connect to the %s", session->words->database);
    return fail(session, action, err);
}

/* "localhost" means a Unix socket, as for every MySQL client. Each distribution has another path, and a server that
 * crashed leaves a dead socket. So this tries each path, then TCP. */
static int connect_local(struct session *session, struct err *err)
{
    static const char *const places[] = { "/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock",
                                          "/run/mysql/mysql.sock", "/tmp/mysql.sock" };
    const char *named = session->settings->socket;
    if (*named != '\0')
        return connect_by(session, "localhost", named, err);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (access(places[i], F_OK) != 0)
            continue;
        if (connect_by(session, "localhost", places[i], err) == 0)
            return 0;
        if (mysql_errno(session->mysql) != CR_CONNECTION_ERROR)
            return -1;
    }
    return connect_by(session, "127.0.0.1", NULL, err);
}

/* A server gives the same error for a wrong password and for an account that needs TLS. A second attempt over TLS tells
 * which one it is. It does not check the certificate, and runs no statement. */
static bool needs_tls(struct session *session)
{
    struct settings_database with_tls = *session->settings;
    my_bool yes = 1, no = 0;
    bool local = strcasecmp(with_tls.host, "localhost") == 0;
    if (*with_tls.ssl_ca != '\0')
        return false;
    const char *socket = local && *with_tls.socket != '\0' ? with_tls.socket : NULL;
    const char *host = local && socket == NULL ? "127.0.0.1" : with_tls.host;
    unsigned connect = (unsigned)with_tls.connect_timeout;
    MYSQL *probe = mysql_init(NULL);
    if (probe == NULL)
        mem_out_of_memory();
    bool answered = mysql_options(probe, MYSQL_OPT_CONNECT_TIMEOUT, &connect) == 0 &&
                    mysql_options(probe, MYSQL_OPT_READ_TIMEOUT, &connect) == 0 &&
                    mysql_options(probe, MYSQL_OPT_SSL_ENFORCE, &yes) == 0 &&
                    mysql_options(probe, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no) == 0 &&
                    mysql_real_connect(probe, host, with_tls.user, with_tls.password, with_tls.name,
                                       (unsigned)with_tls.port, socket, 0) != NULL;
    mysql_close(probe);
    return answered;
}

static int connect_to_server(struct session *session, struct err *err)
{
    bool local = strcasecmp(session->settings->host, "localhost") == 0;
    int result = local ? connect_local(session, err) : connect_by(session, session->settings->host, NULL, err);
    if (result != 0 && mysql_errno(session->mysql) == ER_ACCESS_DENIED_ERROR && needs_tls(session))
        return err_set(err, EX_CONFIG, "could not connect to the %s: %s (%u)" NEEDS_TLS, session->words->database,
                       mysql_error(session->mysql), mysql_errno(session->mysql));
    return result;
}

/* ---- the session's variables ---- */

enum value { FIXED, IDLE, LIMIT, LIMIT_MS, READ_ONLY };

/* The variables on which a read depends. Old servers lack some of them; mandatory ones exist everywhere. */
static const struct variable {
    const char *assignment; /* the whole text, or the text before the value; NULL: servers name it differently */
    enum value value;
    bool mandatory;
    const char *loss; /* the protection that is missing without it, for messages; NULL: none */
} variables[] = {
    { "NAMES utf8mb4", FIXED, false, NULL }, /* skip-character-set-client-handshake: the client's wish is ignored */
    { "SESSION sql_mode = ''", FIXED, true, NULL },
    { "SESSION autocommit = 1", FIXED, true, NULL }, /* otherwise a read of InnoDB tables keeps their metadata lock */
    { "SESSION sql_select_limit = 18446744073709551615", FIXED, true, NULL },
    { "SESSION sql_big_selects = 1", FIXED, false, NULL }, /* otherwise max_join_size may refuse a read */
    { "SESSION sql_auto_is_null = 0", FIXED, false, NULL },
    { "SESSION net_write_timeout = 60", FIXED, false, NULL },
    { "SESSION wait_timeout = ", IDLE, true, NULL },
    { "SESSION lock_wait_timeout = ", LIMIT, false, NULL },
    { NULL, LIMIT, false, "a limit of a statement's time" },
    { NULL, READ_ONLY, false, "a read-only session" }, /* MariaDB before 10.0, MySQL before 5.6 */
};

enum { VARIABLES = sizeof variables / sizeof variables[0] };

/* MySQL 8.0 dropped the old name. MariaDB 11.1 knows both, and warns of the old one. */
static const char *read_only_name(const struct session *session)
{
    return mysql_get_server_version(session->mysql) >= (session->is_mariadb ? 110101UL : 50720UL)
               ? "transaction_read_only" : "tx_read_only";
}

/* Writes one assignment, with its value. */
static void write_assignment(const struct session *session, const struct variable *variable, char *out, size_t size)
{
    int64_t limit = session->settings->max_statement_time;
    const char *text = variable->assignment;
    enum value value = variable->value;
    if (value == READ_ONLY) {
        (void)snprintf(out, size, "SESSION %s = 1", read_only_name(session));
        return;
    }
    if (text == NULL) { /* MariaDB's name and MySQL's differ, as do their units */
        text = session->is_mariadb ? "SESSION max_statement_time = " : "SESSION max_execution_time = ";
        value = session->is_mariadb ? LIMIT : LIMIT_MS;
    }
    if (value == FIXED)
        (void)snprintf(out, size, "%s", text);
    else
        (void)snprintf(out, size, "%s%" PRId64, text,
                       value == IDLE ? (int64_t)SESSION_IDLE_SEC : value == LIMIT ? limit : limit * 1000);
}

static void note_missing(struct session *session, const char *what)
{
    size_t used = strlen(session->missing);
    if (strstr(session->missing, what) == NULL)
        (void)snprintf(session->missing + used, sizeof session->missing - used, "%s%s", used > 0 ? ", " : "", what);
}

static int run(struct session *session, const char *sql)
{
    session->statements++;
    return mysql_real_query(session->mysql, sql, (unsigned long)strlen(sql));
}

/* The connection failed, not the statement. */
static bool is_client_error(const struct session *session)
{
    return mysql_errno(session->mysql) >= CR_MIN_ERROR && mysql_errno(session->mysql) <= CR_MAX_ERROR;
}

/* The server does not know the variable, or the words of the statement. */
static bool is_unknown(const struct session *session)
{
    return mysql_errno(session->mysql) == ER_PARSE_ERROR || mysql_errno(session->mysql) == ER_UNKNOWN_SYSTEM_VARIABLE;
}

/* The server has refused one of the variables: sets them one by one. */
static int set_each(struct session *session, const char *action, struct err *err)
{
    char assignment[128], sql[160];
    for (int i = 0; i < VARIABLES; i++) {
        bool read_only = variables[i].value == READ_ONLY;
        write_assignment(session, &variables[i], assignment, sizeof assignment);
        /* Every server with read-only sessions knows these words; the name of the variable differs. */
        (void)snprintf(sql, sizeof sql, "SET %s", read_only ? "SESSION TRANSACTION READ ONLY" : assignment);
        if (run(session, sql) == 0)
            continue;
        if (variables[i].mandatory || is_client_error(session) || (read_only && !is_unknown(session)))
            return fail(session, action, err);
        if (variables[i].loss != NULL)
            note_missing(session, variables[i].loss);
    }
    return 0;
}

/* Makes the session read-only, limits its waits, and sets its character set. */
static int prepare(struct session *session, struct err *err)
{
    static const char action[] = "prepare the database session";
    char sql[1024] = "SET ", assignment[128];
    size_t used = strlen(sql);
    session->is_mariadb = mariadb_connection(session->mysql) != 0;
    for (int i = 0; i < VARIABLES; i++) {
        write_assignment(session, &variables[i], assignment, sizeof assignment);
        used += (size_t)snprintf(sql + used, sizeof sql - used, "%s%s", i > 0 ? ", " : "", assignment);
    }
    if (run(session, sql) == 0)
        return 0;
    return is_client_error(session) ? fail(session, action, err) : set_each(session, action, err);
}

/* A run may use its share of a minute's limit. Long work, which a person started, has no such limit, but longer
 * pauses. */
static struct throttle start_throttle(const struct settings_database *settings)
{
    int64_t period = settings->run_period > 0 ? settings->run_period : 60;
    int64_t limit_ms = settings->is_long_work ? 0 : settings->max_server_time * 1000 * period / 60;
    return throttle_start((double)limit_ms, settings->is_long_work ? PAUSE_OF_LONG_WORK : PAUSE, clock_mono_exact_ms());
}

int session_open(const struct settings_database *settings, const struct session_words *words,
                 struct session **ret_session, struct err *err)
{
    struct session *session = mem_zero(1, sizeof *session);
    session->settings = settings;
    session->words = words;
    session->throttle = start_throttle(settings);
    if (connect_to_server(session, err) != 0 || prepare(session, err) != 0) {
        session_close(session);
        return -1;
    }
    *ret_session = session;
    return 0;
}

void session_on_reconnect(struct session *session, int (*on_reconnect)(void *context, struct err *err), void *context)
{
    session->on_reconnect = on_reconnect;
    session->context = context;
}

void session_close(struct session *session)
{
    if (session == NULL)
        return;
    mysql_close(session->mysql);
    free(session);
}

/* ---- statements ---- */

/* Whether the connection was closed before the statement arrived, so that the statement may be repeated. A connection
 * that ends during a statement, or times out, is another case: the statement may be the cause. */
static bool had_ended(const struct session *session, double took_ms)
{
    switch (mysql_errno(session->mysql)) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case ER_CONNECTION_KILLED:
    case MYSQL_IDLE:
        return took_ms < (double)session->settings->read_timeout * 1000.0 / 2.0;
    default:
        return false;
    }
}

static int reconnect(struct session *session, struct err *err)
{
    session->reconnects++;
    session->reconnecting = true;
    session->clock.read_ms = 0; /* it may be another server now */
    int result = connect_to_server(session, err) == 0 ? prepare(session, err) : -1;
    if (result == 0 && session->on_reconnect != NULL)
        result = session->on_reconnect(session->context, err);
    session->reconnecting = false;
    return result;
}

/* Sends sql and reads its whole result. */
static bool ask(struct session *session, const char *sql, MYSQL_RES **ret_rows, double *ret_took_ms)
{
    double started_ms = clock_mono_exact_ms();
    bool good = run(session, sql) == 0;
    *ret_rows = good ? mysql_store_result(session->mysql) : NULL;
    *ret_took_ms = clock_mono_exact_ms() - started_ms;
    session->took_ms += *ret_took_ms;
    good = good && (*ret_rows != NULL || mysql_errno(session->mysql) == 0);
    if (good && !session->only_waits) /* a failed statement has usually waited for a locked table */
        throttle_add(&session->throttle, *ret_took_ms, clock_mono_exact_ms());
    return good;
}

/* How many statements the server runs now, its own account of it; 0: it does not say. */
static int64_t count_running(struct session *session)
{
    MYSQL_RES *rows = NULL;
    double took_ms = 0;
    int64_t running = 0;
    if (!ask(session, "SHOW GLOBAL STATUS LIKE 'Threads_running'", &rows, &took_ms) || rows == NULL)
        return 0;
    MYSQL_ROW row = mysql_fetch_row(rows);
    if (row == NULL || mysql_num_fields(rows) < 2 || row[1] == NULL || !str_to_int(row[1], &running))
        running = 0;
    mysql_free_result(rows);
    return running;
}

/* Waits before the next statement as long as the last ones took the server. */
static void make_pause(struct session *session)
{
    double now_ms = clock_mono_exact_ms();
    if (throttle_wants_running(&session->throttle, now_ms))
        throttle_note_running(&session->throttle, count_running(session), now_ms);
    int64_t pause_ms = throttle_take_pause(&session->throttle, clock_mono_exact_ms());
    if (pause_ms > 0)
        interrupt_sleep_until(clock_mono_ms() + pause_ms);
}

int session_query(struct session *session, const char *sql, const char *action, struct session_result **ret_result,
                  struct err *err)
{
    MYSQL_RES *rows = NULL;
    double took_ms = 0;
    *ret_result = NULL;
    session->failure = SESSION_FINE;
    session->is_lost = false;
    make_pause(session);
    bool good = ask(session, sql, &rows, &took_ms);
    if (!good && !session->reconnecting && had_ended(session, took_ms)) {
        session->is_lost = reconnect(session, err) != 0;
        if (session->is_lost)
            return -1;
        good = ask(session, sql, &rows, &took_ms);
    }
    if (!good) {
        unsigned code = mysql_errno(session->mysql);
        session->is_lost = is_client_error(session) || code == ER_SERVER_SHUTDOWN || code == ER_CONNECTION_KILLED;
        return fail(session, action, err);
    }
    if (rows == NULL)
        return 0;
    struct session_result *result = *ret_result = mem_zero(1, sizeof *result);
    result->rows = rows;
    result->is_cut = mysql_warning_count(session->mysql) > 0;
    return 0;
}

int session_numbers(struct session *session, const char *sql, const char *action, int64_t *ret_numbers,
                    unsigned count, struct err *err)
{
    struct session_result *result = NULL;
    if (session_query(session, sql, action, &result, err) != 0)
        return -1;
    const char *const *row = result != NULL ? session_next(result) : NULL;
    bool good = row != NULL && mysql_num_fields(result->rows) == count;
    for (unsigned i = 0; good && i < count; i++)
        good = row[i] != NULL && str_to_int(row[i], &ret_numbers[i]);
    session_free(result);
    return good ? 0 : err_set(err, EX_UNAVAILABLE, "could not %s: the server gave no number", action);
}

int session_now(struct session *session, int64_t *ret_epoch, struct err *err)
{
    struct clock_reading *clock = &session->clock;
    if (clock->read_ms == 0 || clock_mono_ms() - clock->read_ms > CLOCK_FRESH_MS) {
        int64_t epoch = 0;
        if (session_numbers(session, "SELECT UNIX_TIMESTAMP()", "read the database's clock", &epoch, 1, err) != 0)
            return -1;
        *clock = clock_reading_from(epoch);
    }
    *ret_epoch = clock_reading_now(clock);
    return 0;
}

int session_now_and_offset(struct session *session, int64_t *ret_epoch, int64_t *ret_offset, struct err *err)
{
    int64_t numbers[2] = { 0, 0 };
    if (session_numbers(session, "SELECT UNIX_TIMESTAMP(), TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW())",
                        "read the database's clock", numbers, 2, err) != 0)
        return -1;
    session->clock = clock_reading_from(numbers[0]);
    *ret_epoch = numbers[0];
    *ret_offset = numbers[1];
    return 0;
}

enum session_failure session_failure(const struct session *session)
{
    return session->failure;
}

bool session_is_lost(const struct session *session)
{
    return session->is_lost;
}

bool session_was_busy(const struct session *session)
{
    unsigned code = session->failure != SESSION_FINE ? mysql_errno(session->mysql) : 0;
    return code == ER_STATEMENT_TIMEOUT || code == ER_LOCK_WAIT_TIMEOUT || code == MYSQL_TIMEOUT;
}

const char *const *session_next(struct session_result *result)
{
    return (const char *const *)mysql_fetch_row(result->rows);
}

uint64_t session_rows(const struct session_result *result)
{
    return mysql_num_rows(result->rows);
}

bool session_is_cut(const struct session_result *result)
{
    return result->is_cut;
}

void session_free(struct session_result *result)
{
    if (result == NULL)
        return;
    mysql_free_result(result->rows);
    free(result);
}

char *session_quote_all(struct session *session, const char *const *texts, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += 2 * strlen(texts[i]) + 3; /* each byte escaped, two quotes, a comma */
    char *list = mem_zero(size, 1);
    char *at = list;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ',';
        *at++ = '\'';
        at += mysql_real_escape_string(session->mysql, at, texts[i], (unsigned long)strlen(texts[i]));
        *at++ = '\'';
    }
    return list;
}

struct session_facts session_facts(const struct session *session)
{
    return (struct session_facts){ .server = mysql_get_server_info(session->mysql),
                                   .is_mariadb = session->is_mariadb,
                                   .missing = session->missing,
                                   .reconnects = session->reconnects,
                                   .statements = session->statements,
                                   .took_ms = session->took_ms,
                                   .max_server_time = session->settings->max_server_time };
}

void session_set_only_waits(struct session *session, bool only_waits)
{
    session->only_waits = only_waits;
}

bool session_may_read(const struct session *session)
{
    return throttle_has_allowance(&session->throttle, clock_mono_exact_ms());
}

struct source_effort session_effort(struct session *session)
{
    int64_t examined = 0;
    struct source_effort effort = { .statements = session->statements,
                                    .took_ms = (int64_t)(session->took_ms + 0.5),
                                    .longest_ms = (int64_t)(session->throttle.longest_ms + 0.5),
                                    .running = session->throttle.most_running,
                                    .is_strained = throttle_is_strained(&session->throttle) };
    if (session_numbers(session,
                        "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS "
                        "WHERE VARIABLE_NAME LIKE 'Handler_read%'",
                        "read the session's metrics", &examined, 1, NULL) == 0)
        effort.rows_examined = examined;
    return effort;
}

bool session_uptime(struct session *session, uint64_t *ret_seconds)
{
    static const char word[] = "Uptime: ";
    const char *status = mysql_stat(session->mysql), *at = status != NULL ? strstr(status, word) : NULL;
    if (at != NULL)
        *ret_seconds = strtoull(at + sizeof word - 1, NULL, 10);
    return at != NULL;
}
