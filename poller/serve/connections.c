/* connections: which clients are connected, and which of them must go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/connections.h"

static size_t count_of_address(const struct connections *all, const char *address)
{
    size_t count = 0;
    for (const struct connection *one = all->first; one != NULL; one = one->next)
        count += !one->is_leaving && strcmp(one->address, address) == 0;
    return count;
}

/* The connection that has waited longest for a request; NULL: all have one. */
static struct connection *longest_waiting(const struct connections *all)
{
    struct connection *found = NULL;
    for (struct connection *one = all->first; one != NULL; one = one->next)
        if (!one->has_request && !one->is_leaving && (found == NULL || one->since_ms <= found->since_ms))
            found = one;
    return found;
}

bool connections_admit(const struct connections *all, const char *address, bool is_local,
                       struct connection **ret_victim)
{
    *ret_victim = NULL;
    if (!is_local && count_of_address(all, address) >= CONNECTIONS_MOST_OF_ADDRESS)
        return false;
    if (all->count < CONNECTIONS_MOST)
        return true;
    *ret_victim = longest_waiting(all);
    return *ret_victim != NULL;
}

struct connection *connections_add(struct connections *all, int socket, const char *address, bool is_local,
                                   int64_t now_ms)
{
    struct connection *connection = mem_zero(1, sizeof *connection);
    connection->socket = socket;
    (void)snprintf(connection->address, sizeof connection->address, "%s", address);
    connection->is_local = is_local;
    connection->since_ms = now_ms;
    connection->next = all->first;
    if (all->first != NULL)
        all->first->previous = connection;
    all->first = connection;
    all->count++;
    return connection;
}

void connections_remove(struct connections *all, struct connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        all->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    all->count -= !connection->is_leaving;
    free(connection);
}

void connections_set_request(struct connection *connection, bool has_request, int64_t now_ms)
{
    connection->has_request = has_request;
    connection->since_ms = now_ms;
}

void connections_dismiss(struct connections *all, struct connection *connection)
{
    if (connection->is_leaving)
        return;
    connection->is_leaving = true;
    all->count--;
}

struct connection *connections_late(const struct connections *all, int64_t now_ms)
{
    for (struct connection *one = all->first; one != NULL; one = one->next)
        if (!one->has_request && !one->is_leaving && now_ms - one->since_ms > CONNECTIONS_REQUEST_MS)
            return one;
    return NULL;
}
