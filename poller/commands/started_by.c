/* started_by: who started this command, if the live page did. */
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "commands/started_by.h"

void started_by_log(const struct options *options, char *const *words, int count)
{
    const char *by = getenv("DID_OPTIMIZER_SYNC_BY");
    if (by == NULL || *by == '\0' || count == 0)
        return;
    bool two = count > 1 && options_command_exists(words[0], words[1]);
    log_open(options->log, LOG_TERMINAL_NONE);
    log_info("started by %.40s over the page: %s%s%s", by, words[0], two ? " " : "", two ? words[1] : "");
    log_close();
}

int64_t started_by_action(void)
{
    int64_t action = 0;
    return str_to_int(str_or_empty(getenv("DID_OPTIMIZER_SYNC_ACTION")), &action) && action > 0 ? action : 0;
}
