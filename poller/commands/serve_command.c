/* serve_command: starts did-optimizer-sync-serve. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "commands/serve_command.h"

int serve_command(char **argv)
{
    char own[1024];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *program = mem_format("%s-serve", own);
    argv[1] = program;
    (void)execv(program, argv + 1);
    (void)fprintf(stderr, "did-optimizer-sync: could not start %s: %s%s\n", program, strerror(errno),
                  errno == ENOENT ? "; install the package did-optimizer-sync-serve" : "");
    free(program);
    return EX_UNAVAILABLE;
}
