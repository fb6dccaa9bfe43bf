/* memory_locks: a simulated server with named locks, in memory that several processes share. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "memory_locks.h"

struct memory_locks *memory_locks;

struct connection {
    int64_t number;
    int (*on_reconnect)(void *context, struct err *err);
    void *context;
};

void memory_locks_start(void)
{
    memory_locks = mmap(NULL, sizeof *memory_locks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory_locks != MAP_FAILED);
}

void memory_locks_stop(void)
{
    (void)munmap(memory_locks, sizeof *memory_locks);
    memory_locks = NULL;
}

/* ---- the server's side ---- */

static size_t place_of(const char *name)
{
    size_t i = 0;
    while (i + 1 < UNIT_COUNT(memory_locks->locks) && *memory_locks->locks[i].name != '\0' &&
           strcmp(memory_locks->locks[i].name, name) != 0)
        i++;
    return i;
}

int64_t memory_locks_holder(const char *name)
{
    return memory_locks->locks[place_of(name)].holder;
}

void memory_locks_give(const char *name, int64_t connection)
{
    size_t place = place_of(name);
    (void)snprintf(memory_locks->locks[place].name, sizeof memory_locks->locks[place].name, "%s", name);
    memory_locks->locks[place].holder = connection;
}

void memory_locks_end(int64_t connection)
{
    for (size_t i = 0; i < UNIT_COUNT(memory_locks->locks); i++)
        if (memory_locks->locks[i].holder == connection)
            memory_locks->locks[i].holder = 0;
}

static int64_t next_number(void)
{
    assert_true(memory_locks->connections < MEMORY_LOCKS_MOST);
    return ++memory_locks->connections;
}

/* ---- the client's side ---- */

/* The first step of each statement. */
static int reach(struct connection *connection, struct err *err)
{
    if (++memory_locks->statements == memory_locks->dies_at)
        (void)raise(SIGKILL);
    if (memory_locks->fails || memory_locks->statements == memory_locks->fails_at)
        return err_set(err, EX_UNAVAILABLE, "the server in memory is out of reach");
    if (!memory_locks->is_cut[connection->number])
        return 0;
    connection->number = next_number();
    return connection->on_reconnect != NULL ? connection->on_reconnect(connection->context, err) : 0;
}

static int open_connection(const struct source_settings *settings, void **ret_state, struct err *err)
{
    (void)settings;
    if (memory_locks->fails)
        return err_set(err, EX_UNAVAILABLE, "the server in memory is out of reach");
    struct connection *connection = *ret_state = mem_zero(1, sizeof *connection);
    connection->number = next_number();
    return 0;
}

static void close_connection(void *state)
{
    memory_locks_end(((struct connection *)state)->number);
    free(state);
}

static void name_lock(const void *state, const char *profile, char out[LOCKS_NAME_SIZE])
{
    (void)state;
    (void)snprintf(out, LOCKS_NAME_SIZE, "calls%s%s", profile != NULL ? "/" : "", profile != NULL ? profile : "");
}

static int look(void *state, const char *name, bool count_servers, struct locks_look *ret_look, struct err *err)
{
    struct connection *connection = state;
    if (reach(connection, err) != 0)
        return -1;
    memory_locks->was_asked_for_servers |= count_servers;
    *ret_look = (struct locks_look){ .now = memory_locks->now, .holder = memory_locks_holder(name),
                                     .own = connection->number,
                                     .servers = count_servers ? memory_locks->servers : 0 };
    return 0;
}

static int take_if_alone(void *state, const char *name, bool alone_if_unknown, struct locks_look *ret_look,
                         bool *ret_taken, struct err *err)
{
    struct connection *connection = state;
    if (look(state, name, true, ret_look, err) != 0)
        return -1;
    bool alone = ret_look->servers == 1 || (ret_look->servers == 0 && alone_if_unknown);
    *ret_taken = alone && !memory_locks->refuses && ret_look->holder == 0;
    if (*ret_taken)
        memory_locks_give(name, connection->number);
    return 0;
}

static int started(void *state, int64_t *ret_started, struct err *err)
{
    *ret_started = memory_locks->started;
    return reach(state, err);
}

static int take(void *state, const char *name, int wait_sec, bool *ret_taken, struct err *err)
{
    struct connection *connection = state;
    if (wait_sec > memory_locks->longest_wait)
        memory_locks->longest_wait = wait_sec;
    if (reach(connection, err) != 0)
        return -1;
    int64_t holder = memory_locks_holder(name);
    *ret_taken = !memory_locks->refuses && (holder == 0 || holder == connection->number);
    if (*ret_taken && memory_locks->one_each)
        memory_locks_end(connection->number);
    if (*ret_taken)
        memory_locks_give(name, connection->number);
    return 0;
}

static void give_up(void *state, const char *name)
{
    struct connection *connection = state;
    if (reach(connection, NULL) == 0 && memory_locks_holder(name) == connection->number)
        memory_locks_give(name, 0);
}

static int are_many(void *state, const char *name, bool *ret_many, struct err *err)
{
    (void)name;
    *ret_many = !memory_locks->one_each;
    return reach(state, err);
}

static int ask(void *state, const char *name, int64_t holder, int *ret_level, struct err *err)
{
    *ret_level = -1;
    if (reach(state, err) != 0)
        return -1;
    for (int level = 0; level < LOCKS_LEVELS; level++) {
        char of_level[LOCKS_NAME_SIZE + 8];
        (void)snprintf(of_level, sizeof of_level, "%s.%d", name, level);
        if (holder != 0 && memory_locks_holder(of_level) == holder)
            *ret_level = level;
    }
    return 0;
}

static void hear_reconnect(void *state, int (*on_reconnect)(void *context, struct err *err), void *context)
{
    struct connection *connection = state;
    connection->on_reconnect = on_reconnect;
    connection->context = context;
}

static const struct locks_ops locks = { .name = name_lock, .look = look,
                                        .take_if_alone = take_if_alone, .started = started, .take = take,
                                        .give_up = give_up, .are_many = are_many, .ask = ask,
                                        .on_reconnect = hear_reconnect };

const struct source_ops memory_locks_kind = { .type = "memory", .title = "memory", .open = open_connection,
                                              .close = close_connection, .locks = &locks };

struct source memory_locks_connect(void)
{
    struct source source;
    struct err err;
    assert_int_equal(source_open(&memory_locks_kind, NULL, &source, &err), 0);
    return source;
}
