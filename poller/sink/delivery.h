/* delivery: requests to the API, several at once. Reports what came back; judges nothing. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <stddef.h>

#include "base/err.h"
#include "domain/settings.h"
#include "sink/verdict.h"

struct delivery;

/* delivery_open: prepares connections to settings->base_url. settings is borrowed for the life of the delivery.
 * Nothing is sent yet. Ownership: delivery_close. Errors: EX_CONFIG for a missing ca_file. */
int delivery_open(const struct settings_api *settings, struct delivery **ret_delivery, struct err *err) MUST_CHECK;

/* One POST to /api/v1/call-results. Both texts are borrowed until delivery_run returns. idempotency_key may be NULL. */
struct delivery_request {
    const char *body;
    const char *idempotency_key;
};

/* What delivery_run tells while it works; answer is borrowed for the call. */
struct delivery_observer {
    /* Request number index has ended. */
    void (*on_answer)(void *context, size_t index, const struct answer *answer);
    /* Called before requests are started and after each turn of the network, at least every 50 ms. Returns how many
     * requests may be in flight; 0 for good: start none any more, those in flight are waited for. */
    size_t (*on_turn)(void *context);
    void *context;
};

/* delivery_run: sends count requests in their order, at most settings->max_concurrency in flight, over kept-alive
 * connections, and returns when each one that was started has ended (each is bounded by settings->timeout). Requests
 * that were never started are not reported. Errors: EX_SOFTWARE (the library fails as a whole). */
int delivery_run(struct delivery *delivery, const struct delivery_request *requests, size_t count,
                 const struct delivery_observer *observer, struct err *err) MUST_CHECK;

/* delivery_close: NULL is fine. */
void delivery_close(struct delivery *delivery);

#endif
