/* breaker: tells an API that is down from a call that it cannot digest (a circuit breaker). */
#include "breaker.h"

struct breaker breaker_start(bool in_outage)
{
    return (struct breaker){ .must_probe = in_outage };
}

void breaker_useful(struct breaker *breaker)
{
    *breaker = (struct breaker){ .answered = true };
}

void breaker_failed(struct breaker *breaker)
{
    breaker->failures_in_a_row++;
    if (breaker->failures_in_a_row >= BREAKER_FAILURES)
        breaker->must_probe = true;
}
