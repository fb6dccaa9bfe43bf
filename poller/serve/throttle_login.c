/* throttle_login: makes whoever guesses passwords wait. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "serve/throttle_login.h"

enum { SCOPES = 3 };

/* The pair, the address, the name; and how many times the attempts of a pair each has. */
static const struct scope {
    char letter;
    int64_t times;
} scopes[SCOPES] = { { 'p', 1 }, { 'a', 4 }, { 'n', 20 } };

/* The text of an IPv4 address, "local" and the like as they are. */
static uint64_t add_address(uint64_t key, const char *address)
{
    enum { NETWORK = 8 };
    struct in6_addr six;
    if (inet_pton(AF_INET6, address, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six))
        return str_hash(key, (const char *)six.s6_addr, NETWORK);
    return str_hash(key, address, strlen(address) + 1);
}

static uint64_t key_of(const struct scope *scope, const char *name, const char *address)
{
    uint64_t key = str_hash(STR_HASH_START, &scope->letter, 1);
    if (scope->letter != 'n')
        key = add_address(key, address);
    if (scope->letter != 'a')
        key = str_hash(key, name, strlen(name) + 1);
    return key | 1;
}

static const struct throttle_login_count *find(const struct throttle_login *throttle, uint64_t key)
{
    for (size_t i = 0; i < THROTTLE_LOGIN_COUNTS; i++)
        if (throttle->list[i].key == key)
            return &throttle->list[i];
    return NULL;
}

static int64_t age_sec(const struct throttle_login_count *count, int64_t now_ms)
{
    return (now_ms - count->first_ms) / 1000;
}

int64_t throttle_login_wait(const struct throttle_login *throttle, const char *name, const char *address,
                            int64_t now_ms)
{
    int64_t longest = 0;
    for (size_t i = 0; i < SCOPES; i++) {
        const struct throttle_login_count *count = find(throttle, key_of(&scopes[i], name, address));
        if (count == NULL || count->wrong < throttle->attempts * scopes[i].times)
            continue;
        int64_t wait = THROTTLE_LOGIN_WAIT_SEC - age_sec(count, now_ms);
        if (wait > longest)
            longest = wait;
    }
    return longest;
}

bool throttle_login_begin(struct throttle_login *throttle, int64_t now_ms)
{
    int64_t from = throttle->free_ms > now_ms ? throttle->free_ms : now_ms;
    if (from - now_ms > (int64_t)(THROTTLE_LOGIN_AT_ONCE - 1) * THROTTLE_LOGIN_EACH_MS)
        return false;
    throttle->free_ms = from + THROTTLE_LOGIN_EACH_MS;
    return true;
}

/* The count of key; a new one in the place of the one that was touched longest ago. */
static struct throttle_login_count *take(struct throttle_login *throttle, uint64_t key)
{
    struct throttle_login_count *oldest = &throttle->list[0];
    for (size_t i = 0; i < THROTTLE_LOGIN_COUNTS; i++) {
        if (throttle->list[i].key == key)
            return &throttle->list[i];
        if (oldest->key != 0 && (throttle->list[i].key == 0 || throttle->list[i].last_ms < oldest->last_ms))
            oldest = &throttle->list[i];
    }
    *oldest = (struct throttle_login_count){ .key = key };
    return oldest;
}

void throttle_login_failed(struct throttle_login *throttle, const char *name, const char *address, int64_t now_ms)
{
    for (size_t i = 0; i < SCOPES; i++) {
        struct throttle_login_count *count = take(throttle, key_of(&scopes[i], name, address));
        if (count->wrong == 0 || age_sec(count, now_ms) >= THROTTLE_LOGIN_WAIT_SEC) {
            count->wrong = 0;
            count->first_ms = now_ms;
        }
        count->wrong++;
        count->last_ms = now_ms;
    }
}

void throttle_login_passed(struct throttle_login *throttle, const char *name, const char *address)
{
    uint64_t key = key_of(&scopes[0], name, address);
    for (size_t i = 0; i < THROTTLE_LOGIN_COUNTS; i++)
        if (throttle->list[i].key == key)
            throttle->list[i] = (struct throttle_login_count){ .key = 0 };
}
