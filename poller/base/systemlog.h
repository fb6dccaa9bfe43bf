/* systemlog: writes log lines to the host's syslog if the log file cannot be written. */
#ifndef SYSTEMLOG_H
#define SYSTEMLOG_H

#include <stddef.h>

/* systemlog_write: sends whole lines to syslog as did-optimizer-sync. level is an enum log_level, length is in bytes.
 * Without syslog the lines are lost. */
void systemlog_write(int level, const char *lines, size_t length);

#endif
