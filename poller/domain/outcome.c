/* outcome: the result of sending a call, the same for all sinks. */
#include "domain/outcome.h"

int64_t outcome_clamp_wait(int64_t wait_sec)
{
    if (wait_sec > OUTCOME_WAIT_MAX_SEC)
        return OUTCOME_WAIT_MAX_SEC;
    return wait_sec < 0 ? 0 : wait_sec; /* negative: the date of a Retry-After has passed */
}

bool outcome_is_useful(const struct outcome *outcome)
{
    return outcome->kind == OUTCOME_ACCEPTED || outcome->kind == OUTCOME_SHOWN || outcome->kind == OUTCOME_REJECTED;
}
