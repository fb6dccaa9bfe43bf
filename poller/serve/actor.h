/* actor: the process that starts commands for administrators.
 *
 * It is made before the page gives up its rights, and keeps them: a command may have to read the API's key. It reads
 * nothing from the network. The page sends it the name of an action and its parameters, and it checks them itself
 * against the table of actions.c. */
#ifndef ACTOR_H
#define ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct actor;

/* actor_start: starts the process. program: the path of did-optimizer-sync. passed: the options that name its files,
 * ended by NULL; both are borrowed by the new process. Call it before other threads and files are opened. Ownership:
 * actor_stop, which allows NULL; commands that run then are told to end (SIGTERM), and it waits for them. Errors:
 * EX_SOFTWARE. */
int actor_start(const char *program, char *const *passed, struct actor **ret_actor, struct err *err) MUST_CHECK;
void actor_stop(struct actor *actor);

/* actor_socket: readable when actor_receive has something. */
int actor_socket(const struct actor *actor);

/* actor_ask: starts an action. id: the caller's number for it. by: the user's name. Errors: EX_TEMPFAIL: too much is
 * running; EX_SOFTWARE: the process is gone. */
int actor_ask(struct actor *actor, int64_t id, const char *by, const char *profile, const char *action,
              const struct json *arguments, struct err *err) MUST_CHECK;

/* What the process tells: a line of output, or the end of the command. */
struct actor_news {
    int64_t id;
    bool is_end;
    int exit_code;   /* of the end; of a signal 128 + its number */
    char line[1024]; /* printable */
};

/* actor_receive: 1: *ret_news is set; 0: there is nothing now; -1: the process is gone. */
int actor_receive(struct actor *actor, struct actor_news *ret_news) MUST_CHECK;

/* actor_run: the process itself: serves actions from socket until its other end is closed. Returns its exit code. For
 * tests; actor_start calls it. */
int actor_run(int socket, const char *program, char *const *passed);

#endif
