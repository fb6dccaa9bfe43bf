/* throttle_login: makes whoever guesses passwords wait.
 *
 * Wrong passwords are counted by name and address together, by address, and by name. Each has its own limit, so that a
 * stranger cannot lock a user out from afar: only the pair has the small one. Memory is bounded: the count that was
 * touched longest ago is forgotten. */
#ifndef THROTTLE_LOGIN_H
#define THROTTLE_LOGIN_H

#include <stdint.h>

enum { THROTTLE_LOGIN_COUNTS = 1024, THROTTLE_LOGIN_WAIT_SEC = 900 };

struct throttle_login_count {
    uint64_t key; /* 0: free */
    int64_t first_ms, last_ms; /* of the wrong passwords */
    int64_t wrong;
};

struct throttle_login {
    int64_t attempts; /* of a pair; an address has 4 times as many, and a name 20 times */
    struct throttle_login_count list[THROTTLE_LOGIN_COUNTS];
};

/* throttle_login_wait: the seconds until this name may try again from this address; 0: now. */
int64_t throttle_login_wait(const struct throttle_login *throttle, const char *name, const char *address,
                            int64_t now_ms);

/* throttle_login_failed: counts a wrong password. throttle_login_passed: forgets those of the pair. */
void throttle_login_failed(struct throttle_login *throttle, const char *name, const char *address, int64_t now_ms);
void throttle_login_passed(struct throttle_login *throttle, const char *name, const char *address);

#endif
