/* leader_lock: the database server's named locks (GET_LOCK). */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "source/leader_lock.h"

/* Of the lowest level. One run of the sweep and the overlap fit into twice this age, which is what a busy site has. */
#define LEVEL_SEC 960

/* A lock's name has room for 64 characters; MySQL 9.6 has no MD5(), so the hash is made here. */
void leader_lock_name(const char *database, const char *profile, char out[LEADER_LOCK_NAME_SIZE])
{
    uint64_t hash = STR_HASH_START;
    for (const char *at = database; *at != '\0'; at++) { /* some servers take Asterisk for asterisk */
        char letter = (char)tolower((unsigned char)*at);
        hash = str_hash(hash, &letter, 1);
    }
    if (profile != NULL) {
        hash = str_hash(hash, "/", 1);
        hash = str_hash(hash, profile, strlen(profile));
    }
    (void)snprintf(out, LEADER_LOCK_NAME_SIZE, "did-optimizer-sync.%016" PRIx64, hash);
}

int leader_lock_look(struct session *session, const char *name, bool count_servers, struct leader_lock *ret_look,
                     struct err *err)
{
    static const char action[] = "look for the leader among the hosts";
    char sql[256];
    int64_t numbers[4] = { 0, 0, 0, 0 };
    for (bool count = count_servers;; count = false) {
        (void)snprintf(sql, sizeof sql, "SELECT UNIX_TIMESTAMP(), IFNULL(IS_USED_LOCK('%s'), 0), CONNECTION_ID(), %s",
                       name, count ? "(SELECT COUNT(*) FROM servers)" : "0");
        if (session_numbers(session, sql, action, numbers, 4, err) == 0)
            break;
        if (!count || session_failure(session) == SESSION_OTHER)
            return -1;
    }
    *ret_look = (struct leader_lock){ .now = numbers[0], .holder = numbers[1], .own = numbers[2],
                                      .servers = numbers[3] };
    return 0;
}

int64_t leader_lock_started(struct session *session, int64_t now)
{
    return (int64_t)((uint64_t)now - session_uptime(session));
}

int leader_lock_take(struct session *session, const char *name, int wait_sec, bool *ret_taken, struct err *err)
{
    static const char action[] = "take the leader's lock";
    struct session_result *none = NULL;
    char sql[160];
    int64_t taken = 0;
    (void)snprintf(sql, sizeof sql, "SELECT IFNULL(GET_LOCK('%s', %d), 0)", name, wait_sec);
    if (session_numbers(session, sql, action, &taken, 1, err) != 0)
        return -1;
    *ret_taken = taken == 1;
    if (!*ret_taken)
        return 0;
    (void)snprintf(sql, sizeof sql, "SET SESSION wait_timeout = %d", LEADER_LOCK_IDLE_SEC);
    int result = session_query(session, sql, action, &none, err);
    session_free(none);
    return result;
}

void leader_lock_give_up(struct session *session, const char *name)
{
    char sql[160];
    int64_t ignored = 0;
    (void)snprintf(sql, sizeof sql, "SELECT IFNULL(RELEASE_LOCK('%s'), 0)", name);
    (void)!session_numbers(session, sql, "give up the leader's lock", &ignored, 1, NULL);
}

int leader_lock_is_many(struct session *session, const char *name, bool *ret_many, struct err *err)
{
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

/* ---- how old the leader's open calls are ---- */

int64_t leader_lock_age(int level)
{
    return (int64_t)LEVEL_SEC << level;
}

int leader_lock_level(int64_t age)
{
    for (int level = 0; level < LEADER_LOCK_LEVELS; level++)
        if (leader_lock_age(level) >= age)
            return level;
    return -1;
}

int leader_lock_say(struct session *session, const char *name, int before, int level, struct err *err)
{
    char of_level[LEADER_LOCK_NAME_SIZE + 8];
    bool taken = level < 0;
    if (before == level)
        return 0;
    (void)snprintf(of_level, sizeof of_level, "%s.%d", name, level);
    if (level >= 0 && leader_lock_take(session, of_level, 0, &taken, err) != 0)
        return -1;
    if (!taken) /* by a connection of the former leader that the server has not found gone yet */
        return err_set(err, EX_UNAVAILABLE, "the server's lock %s is taken", of_level);
    (void)snprintf(of_level, sizeof of_level, "%s.%d", name, before);
    if (before >= 0)
        leader_lock_give_up(session, of_level);
    return 0;
}

int leader_lock_ask(struct session *session, const char *name, int64_t holder, int *ret_level, struct err *err)
{
    char sql[LEADER_LOCK_LEVELS * (LEADER_LOCK_NAME_SIZE + 40) + 16] = "SELECT ";
    int64_t holders[LEADER_LOCK_LEVELS];
    size_t used = strlen(sql);
    for (int level = 0; level < LEADER_LOCK_LEVELS; level++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, "%sIFNULL(IS_USED_LOCK('%s.%d'), 0)",
                                 level > 0 ? ", " : "", name, level);
    if (session_numbers(session, sql, "ask how far the leader is", holders, LEADER_LOCK_LEVELS, err) != 0)
        return -1;
    *ret_level = -1;
    for (int level = 0; level < LEADER_LOCK_LEVELS; level++)
        if (holders[level] == holder)
            *ret_level = level; /* while it changes from one to the other it tells both: the older counts */
    return 0;
}
