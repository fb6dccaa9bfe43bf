/* vicidial_locks: the database server's named locks (GET_LOCK). */
#ifndef VICIDIAL_LOCKS_H
#define VICIDIAL_LOCKS_H

#include "source/locks.h"

/* vicidial_locks: the functions of locks.h; state begins with a struct vicidial_link. A lock's name depends on the
 * name of the database. Before MariaDB 10.0.2 and MySQL 5.7.5 a connection can have only one lock. */
extern const struct locks_ops vicidial_locks;

#endif
