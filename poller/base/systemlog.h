/* systemlog: the host's syslog, which takes the log's lines where its file does not. */
#ifndef SYSTEMLOG_H
#define SYSTEMLOG_H

#include <stddef.h>

/* systemlog_write: hands over whole lines, of an enum log_level, as did-optimizer-sync. Where the host has no syslog they
 * are lost. */
void systemlog_write(int level, const char *lines, size_t length);

#endif
