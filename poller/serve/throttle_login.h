/* throttle_login: makes whoever guesses passwords wait.
 *
 * Wrong passwords are counted by name and address together, by address, and by name. Each has its own limit, so that a
 * stranger cannot lock a user out from afar: only the pair has the small one. An IPv6 address counts as its network of
 * 64 bits, as one person may have all addresses of it. Memory is bounded: the oldest count is forgotten.
 *
 * A password takes some 100 ms of the one thread that answers everybody. So passwords are checked at a limited rate,
 * from however many addresses they come. */
#ifndef THROTTLE_LOGIN_H
#define THROTTLE_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_LOGIN_COUNTS = 1024, THROTTLE_LOGIN_WAIT_SEC = 900,
       THROTTLE_LOGIN_AT_ONCE = 20, THROTTLE_LOGIN_EACH_MS = 300 };

struct throttle_login_count {
    uint64_t key; /* 0: free */
    int64_t first_ms, last_ms; /* of the wrong passwords */
    int64_t wrong;
};

struct throttle_login {
    int64_t attempts; /* of a pair; an address has 4 times as many, and a name 20 times */
    int64_t free_ms;  /* when all passwords so far, at one each THROTTLE_LOGIN_EACH_MS, are checked */
    struct throttle_login_count list[THROTTLE_LOGIN_COUNTS];
};

/* throttle_login_wait: the seconds until this name may try again from this address; 0: now. */
int64_t throttle_login_wait(const struct throttle_login *throttle, const char *name, const char *address,
                            int64_t now_ms);

/* throttle_login_begin: whether a password may be checked now, of whomever; it then counts. At most
 * THROTTLE_LOGIN_AT_ONCE are checked in a row, and one each THROTTLE_LOGIN_EACH_MS in the long run. */
bool throttle_login_begin(struct throttle_login *throttle, int64_t now_ms);

/* throttle_login_failed: counts a wrong password. throttle_login_passed: forgets those of the pair. */
void throttle_login_failed(struct throttle_login *throttle, const char *name, const char *address, int64_t now_ms);
void throttle_login_passed(struct throttle_login *throttle, const char *name, const char *address);

#endif
