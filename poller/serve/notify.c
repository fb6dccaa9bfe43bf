/* notify: tells systemd how the program is. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "serve/notify.h"

static struct sockaddr_un place; /* systemd's socket */
static socklen_t place_size;     /* 0: there is none */
static int to_systemd = -1;
static int64_t watchdog_ms, told_ms; /* watchdog_ms 0: there is none */

/* "/path" or "@name", an abstract socket. */
static void set_place(const char *name)
{
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length >= sizeof place.sun_path)
        return;
    place.sun_family = AF_UNIX;
    memcpy(place.sun_path, name, length);
    if (name[0] == '@')
        place.sun_path[0] = '\0';
    place_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

void notify_begin(void)
{
    const char *name = getenv("NOTIFY_SOCKET"), *watchdog = getenv("WATCHDOG_USEC");
    const char *process = getenv("WATCHDOG_PID");
    int64_t number = 0;
    if (name != NULL)
        set_place(name);
    if (watchdog != NULL && (process == NULL || (str_to_int(process, &number) && number == getpid())) &&
        str_to_int(watchdog, &number) && number > 0)
        watchdog_ms = number / 1000;
}

void notify_say(const char *state)
{
    if (place_size == 0)
        return;
    if (to_systemd < 0)
        to_systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (to_systemd >= 0)
        (void)sendto(to_systemd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&place, place_size);
}

void notify_alive(int64_t now_ms)
{
    if (watchdog_ms == 0 || now_ms - told_ms < watchdog_ms / 2)
        return;
    told_ms = now_ms;
    notify_say("WATCHDOG=1");
}

int notify_pause(int most_ms)
{
    return watchdog_ms > 0 && watchdog_ms / 4 < most_ms ? (int)(watchdog_ms / 4) : most_ms;
}
