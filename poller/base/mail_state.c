/* mail_state: which problems cron has mailed, for a state directory that cannot be written. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mail_state.h"
#include "base/str.h"

/* One per process: cron mails a process's standard output. */
static struct {
    int fd;
    char path[64];
} memory = { .fd = -1 };

void mail_state_open(const char *state_dir)
{
    struct stat info;
    if (geteuid() != 0)
        return;
    (void)snprintf(memory.path, sizeof memory.path, "/run/did-optimizer-sync.%016" PRIx64,
                   str_hash(STR_HASH_START, state_dir, strlen(state_dir)));
    memory.fd = open(memory.path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (memory.fd >= 0 && (fstat(memory.fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        (void)close(memory.fd);
        memory.fd = -1;
    }
}

bool mail_state_is_reported(enum mail_topic topic)
{
    char mark = '\0';
    return memory.fd >= 0 && pread(memory.fd, &mark, 1, (off_t)topic) == 1 && mark == 'x';
}

void mail_state_set(enum mail_topic topic, bool reported)
{
    if (memory.fd >= 0 && (reported || mail_state_is_reported(topic)))
        (void)!pwrite(memory.fd, reported ? "x" : "-", 1, (off_t)topic);
}

void mail_state_close(void)
{
    bool reported = false;
    if (memory.fd < 0)
        return;
    for (int topic = 0; topic < MAIL_TOPIC_COUNT; topic++)
        reported = reported || mail_state_is_reported((enum mail_topic)topic);
    if (!reported && geteuid() == 0)
        (void)unlink(memory.path);
    (void)close(memory.fd);
    memory.fd = -1;
}
