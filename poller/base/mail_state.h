/* mail_state: which problems cron has mailed, for a full or read-only disk or a ledger that cannot be opened.
 *
 * The file lies below /run, in memory, and only root can create it. Runs of other users remember nothing here. */
#ifndef MAIL_STATE_H
#define MAIL_STATE_H

#include <stdbool.h>

enum mail_topic { MAIL_TOPIC_HEALTH, MAIL_TOPIC_LOG, MAIL_TOPIC_COUNT };

/* mail_state_open: opens the file of state_dir. Call it as root, before privileges_drop_to_owner. Errors: none; a
 * problem that cannot be remembered is mailed again. */
void mail_state_open(const char *state_dir);

/* mail_state_is_reported: whether a problem of this topic was mailed and its end was not. */
bool mail_state_is_reported(enum mail_topic topic);

/* mail_state_set: records whether a problem is reported. Not durable: a reboot removes the record. */
void mail_state_set(enum mail_topic topic, bool reported);

/* mail_state_close: closes the file, and removes it if nothing is reported and this process may remove it. */
void mail_state_close(void);

#endif
