/* locks: named locks of a source's server, by which hosts that read the same calls elect a leader. */
#include <stdio.h>

#include "source/locks.h"
#include "source/source.h"

/* The age of level 0. At a busy site open calls are as old as a sweep and the overlap: level 1 covers both. */
#define LEVEL_SEC 960

bool locks_exist(const struct source *source)
{
    return source->ops->locks != NULL;
}

void locks_name(const struct source *source, const char *profile, char out[LOCKS_NAME_SIZE])
{
    source->ops->locks->name(source->state, profile, out);
}

int locks_look(const struct source *source, const char *name, bool count_servers, struct locks_look *ret_look,
               struct err *err)
{
    return source->ops->locks->look(source->state, name, count_servers, ret_look, err);
}

int locks_take_if_alone(const struct source *source, const char *name, bool alone_if_unknown,
                        struct locks_look *ret_look, bool *ret_taken, struct err *err)
{
    return source->ops->locks->take_if_alone(source->state, name, alone_if_unknown, ret_look, ret_taken, err);
}

int locks_started(const struct source *source, int64_t *ret_started, struct err *err)
{
    return source->ops->locks->started(source->state, ret_started, err);
}

int locks_take(const struct source *source, const char *name, int wait_sec, bool *ret_taken, struct err *err)
{
    return source->ops->locks->take(source->state, name, wait_sec, ret_taken, err);
}

void locks_give_up(const struct source *source, const char *name)
{
    source->ops->locks->give_up(source->state, name);
}

int locks_are_many(const struct source *source, const char *name, bool *ret_many, struct err *err)
{
    return source->ops->locks->are_many(source->state, name, ret_many, err);
}

void locks_on_reconnect(const struct source *source, int (*on_reconnect)(void *context, struct err *err), void *context)
{
    source->ops->locks->on_reconnect(source->state, on_reconnect, context);
}

/* ---- the age of the leader's open calls ---- */

int64_t locks_age(int level)
{
    return (int64_t)LEVEL_SEC << level;
}

int locks_level(int64_t age)
{
    for (int level = 0; level < LOCKS_LEVELS; level++)
        if (locks_age(level) >= age)
            return level;
    return -1;
}

int locks_say(const struct source *source, const char *name, int before, int level, struct err *err)
{
    char of_level[LOCKS_NAME_SIZE + 8];
    bool taken = level < 0;
    if (before == level)
        return 0;
    (void)snprintf(of_level, sizeof of_level, "%s.%d", name, level);
    if (level >= 0 && locks_take(source, of_level, 0, &taken, err) != 0)
        return -1;
    if (!taken) /* the server has not yet noticed that the former leader's connection is dead */
        return err_set(err, EX_UNAVAILABLE, "the server's lock %s is taken", of_level);
    (void)snprintf(of_level, sizeof of_level, "%s.%d", name, before);
    if (before >= 0)
        locks_give_up(source, of_level);
    return 0;
}

int locks_ask(const struct source *source, const char *name, int64_t holder, int *ret_level, struct err *err)
{
    return source->ops->locks->ask(source->state, name, holder, ret_level, err);
}
