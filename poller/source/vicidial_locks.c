/* vicidial_locks: the database server's named locks (GET_LOCK). */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "source/session.h"
#include "source/vicidial_link.h"
#include "source/vicidial_locks.h"

static struct session *session_of(void *state)
{
    return ((struct vicidial_link *)state)->session;
}

/* A lock's name has at most 64 characters, so it holds a hash. The hash is computed here, as MySQL 9.6 has no MD5(). */
static void name_lock(const void *state, const char *profile, char out[LOCKS_NAME_SIZE])
{
    const char *database = ((const struct vicidial_link *)state)->database->name;
    uint64_t hash = STR_HASH_START;
    for (const char *at = database; *at != '\0'; at++) { /* some servers ignore the case of letters */
        char letter = (char)tolower((unsigned char)*at);
        hash = str_hash(hash, &letter, 1);
    }
    if (profile != NULL) {
        hash = str_hash(hash, "/", 1);
        hash = str_hash(hash, profile, strlen(profile));
    }
    (void)snprintf(out, LOCKS_NAME_SIZE, "did-optimizer-sync.%016" PRIx64, hash);
}

#define SERVERS "(SELECT COUNT(*) FROM servers)"

/* Looks, and takes the lock if it is free and the number of servers is from least to 1; least 2: does not take it. The
 * server evaluates the columns in their order, so the holder is the one before. A lock that this session has already is
 * not free: a second GET_LOCK would need a second RELEASE_LOCK. */
static int look_and_take(void *state, const char *name, bool count_servers, int least, int64_t numbers[5],
                         struct err *err)
{
    struct session *session = session_of(state);
    static const char action[] = "look for the leader among the hosts";
    char sql[512], taking[256];
    for (bool count = count_servers;; count = false) {
        const char *servers = count ? SERVERS : "0";
        (void)snprintf(taking, sizeof taking,
                       "IF(IS_FREE_LOCK('%s') AND %s BETWEEN %d AND 1, IFNULL(GET_LOCK('%s', 0), 0), 0)", name, servers,
                       least, name);
        (void)snprintf(sql, sizeof sql,
                       "SELECT UNIX_TIMESTAMP(), IFNULL(IS_USED_LOCK('%s'), 0), CONNECTION_ID(), %s, %s", name, servers,
                       least < 2 ? taking : "0");
        if (session_numbers(session, sql, action, numbers, 5, err) == 0)
            return 0;
        if (!count || session_failure(session) == SESSION_OTHER)
            return -1;
    }
}

static struct locks_look look_of(const int64_t numbers[5])
{
    return (struct locks_look){ .now = numbers[0], .holder = numbers[1], .own = numbers[2], .servers = numbers[3] };
}

static int look(void *state, const char *name, bool count_servers, struct locks_look *ret_look, struct err *err)
{
    int64_t numbers[5] = { 0 };
    if (look_and_take(state, name, count_servers, 2, numbers, err) != 0)
        return -1;
    *ret_look = look_of(numbers);
    return 0;
}

static int take_if_alone(void *state, const char *name, bool alone_if_unknown, struct locks_look *ret_look,
                         bool *ret_taken, struct err *err)
{
    int64_t numbers[5] = { 0 };
    if (look_and_take(state, name, true, alone_if_unknown ? 0 : 1, numbers, err) != 0)
        return -1;
    *ret_look = look_of(numbers);
    *ret_taken = numbers[4] == 1;
    return 0;
}

/* The clock and the uptime need two statements. If much time passes between them, on a host under load, repeat both:
 * with a wrong start time a leader takes its own lock for another host's and stops sending. */
static int started(void *state, int64_t *ret_started, struct err *err)
{
    enum { TIMES = 5, QUICK_MS = 1000 };
    struct session *session = session_of(state);
    bool known = false;
    for (int i = 0; i < TIMES; i++) {
        int64_t now = 0, began_ms = clock_mono_ms();
        uint64_t uptime = 0;
        if (session_numbers(session, "SELECT UNIX_TIMESTAMP()", "read the database's clock", &now, 1, err) != 0)
            return -1;
        if (!session_uptime(session, &uptime))
            continue; /* the connection was closed just now; the next statement reconnects */
        *ret_started = (int64_t)((uint64_t)now - uptime);
        known = true;
        if (clock_mono_ms() - began_ms <= QUICK_MS)
            break;
    }
    return known ? 0
                 : err_set(err, EX_UNAVAILABLE,
                           "could not look for the leader among the hosts: the server does not "
                           "say for how long it runs");
}

static int take(void *state, const char *name, int wait_sec, bool *ret_taken, struct err *err)
{
    struct session *session = session_of(state);
    char sql[160];
    int64_t taken = 0;
    (void)snprintf(sql, sizeof sql, "SELECT IFNULL(GET_LOCK('%s', %d), 0)", name, wait_sec);
    session_set_only_waits(session, true);
    int waited = session_numbers(session, sql, "take the leader's lock", &taken, 1, err);
    session_set_only_waits(session, false);
    if (waited != 0)
        return -1;
    *ret_taken = taken == 1;
    return 0;
}

static void give_up(void *state, const char *name)
{
    struct session *session = session_of(state);
    char sql[160];
    int64_t ignored = 0;
    (void)snprintf(sql, sizeof sql, "SELECT IFNULL(RELEASE_LOCK('%s'), 0)", name);
    (void)!session_numbers(session, sql, "give up the leader's lock", &ignored, 1, NULL);
}

static int are_many(void *state, const char *name, bool *ret_many, struct err *err)
{
    struct session *session = session_of(state);
    char sql[512];
    int64_t own = 0, answers[5] = { 0, 0, 0, 0, 0 };
    if (session_numbers(session, "SELECT CONNECTION_ID()", "try the server's locks", &own, 1, err) != 0)
        return -1;
    (void)snprintf(sql, sizeof sql,
                   "SELECT GET_LOCK('%s.a%" PRId64 "', 0), GET_LOCK('%s.b%" PRId64 "', 0), "
                   "IFNULL(IS_USED_LOCK('%s.a%" PRId64 "'), 0), IFNULL(RELEASE_LOCK('%s.b%" PRId64 "'), 0), "
                   "IFNULL(RELEASE_LOCK('%s.a%" PRId64 "'), 0)", name, own, name, own, name, own, name, own, name, own);
    if (session_numbers(session, sql, "try the server's locks", answers, 5, err) != 0)
        return -1;
    *ret_many = answers[2] == own;
    return 0;
}

static int ask(void *state, const char *name, int64_t holder, int *ret_level, struct err *err)
{
    struct session *session = session_of(state);
    char sql[LOCKS_LEVELS * (LOCKS_NAME_SIZE + 40) + 16] = "SELECT ";
    int64_t holders[LOCKS_LEVELS];
    size_t used = strlen(sql);
    for (int level = 0; level < LOCKS_LEVELS; level++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, "%sIFNULL(IS_USED_LOCK('%s.%d'), 0)",
                                 level > 0 ? ", " : "", name, level);
    if (session_numbers(session, sql, "ask how far the leader is", holders, LOCKS_LEVELS, err) != 0)
        return -1;
    *ret_level = -1;
    for (int level = 0; level < LOCKS_LEVELS; level++)
        if (holders[level] == holder)
            *ret_level = level; /* during a change the leader has both locks: the higher level counts */
    return 0;
}

static void on_reconnect(void *state, int (*call_back)(void *context, struct err *err), void *context)
{
    session_on_reconnect(session_of(state), call_back, context);
}

const struct locks_ops vicidial_locks = { .name = name_lock,
                                          .look = look,
                                          .take_if_alone = take_if_alone,
                                          .started = started,
                                          .take = take,
                                          .give_up = give_up,
                                          .are_many = are_many,
                                          .ask = ask,
                                          .on_reconnect = on_reconnect };
