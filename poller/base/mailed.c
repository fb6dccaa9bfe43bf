/* mailed: what cron's mail has told, where the state cannot hold it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mailed.h"
#include "base/str.h"

/* One per process, as its standard output is: that is where mails come from. */
static struct {
    int fd;
    char path[64];
} memory = { .fd = -1 };

void mailed_open(const char *state_dir)
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

bool mailed_is_told(enum mailed what)
{
    char mark = '\0';
    return memory.fd >= 0 && pread(memory.fd, &mark, 1, (off_t)what) == 1 && mark == 'x';
}

void mailed_tell(enum mailed what, bool told)
{
    if (memory.fd >= 0 && (told || mailed_is_told(what)))
        (void)!pwrite(memory.fd, told ? "x" : "-", 1, (off_t)what);
}

void mailed_close(void)
{
    bool told = false;
    if (memory.fd < 0)
        return;
    for (int what = 0; what < MAILED_COUNT; what++)
        told = told || mailed_is_told((enum mailed)what);
    if (!told && geteuid() == 0)
        (void)unlink(memory.path);
    (void)close(memory.fd);
    memory.fd = -1;
}
