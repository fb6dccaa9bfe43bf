/* vicidial_locks: the database server's named locks (GET_LOCK). */
#ifndef VICIDIAL_LOCKS_H
#define VICIDIAL_LOCKS_H

#include "source/locks.h"

/* vicidial_locks: what locks.h asks for; state is that of vicidial_source. A name is made of the database's. A server
 * that is older than MariaDB 10.0.2 or MySQL 5.7.5 lets a connection hold one lock only. */
extern const struct locks_ops vicidial_locks;

#endif
