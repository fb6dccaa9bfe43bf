/* systemlog: writes log lines to the host's syslog if the log file cannot be written. */
#include <stdbool.h>
#include <string.h>
#include <syslog.h> /* has the names of log.h (LOG_INFO), so no file can include both */

#include "base/systemlog.h"

void systemlog_write(int level, const char *lines, size_t length)
{
    static const int priorities[] = { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR };
    static bool is_open;
    if (!is_open)
        openlog("did-optimizer-sync", LOG_PID, LOG_DAEMON);
    is_open = true;
    for (const char *line = lines, *end = lines + length; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline != NULL ? newline : end;
        syslog(priorities[level], "%.*s", (int)(next - line), line);
        line = next + 1;
    }
}
