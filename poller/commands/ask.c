/* ask: asks the operator at the terminal. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "commands/ask.h"

bool ask_yes(const char *question, ...)
{
    char line[16] = "";
    va_list args;
    if (isatty(STDIN_FILENO) == 0)
        return true;
    va_start(args, question);
    (void)vfprintf(stderr, question, args);
    va_end(args);
    (void)fprintf(stderr, " [y/N] ");
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}
