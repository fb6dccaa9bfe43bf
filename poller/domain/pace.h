/* pace: how many requests may be in flight: as many as the API can handle.
 *
 * It begins with two, doubles while answers stay quick, and from the first sign of strain on grows by one a round.
 * Strain is an answer that takes half as long again as the quickest ones did: more requests would only wait in the
 * API's queue. A failure halves the number. */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    double limit;          /* requests in flight; between 1 and most */
    double most;
    bool fixed;            /* the settings name a number: it stays */
    bool strained;         /* the API has shown strain: no more doubling */
    double quickest_ms;    /* what an answer takes without strain; forgets slowly, for the API may change */
    double typical_ms;     /* what recent answers took */
    int64_t since_change;  /* answers since the number last went down */
};

/* pace_start: fixed is the number to keep to, 0 to follow the API up to most. */
struct pace pace_start(int64_t fixed, int64_t most);

/* pace_answered: an answer came after took_ms; useful: not a failure of the API. */
void pace_answered(struct pace *pace, double took_ms, bool useful);

/* pace_limit: how many requests may be in flight now; at least 1. */
int64_t pace_limit(const struct pace *pace);

#endif
