/* breaker: tells an API that is down, or settings that are wrong, from a call that the API cannot digest. */
#include "domain/breaker.h"

/* So many different calls tell an API that is down from a call that it cannot digest. */
#define SEVERAL 2

struct breaker breaker_start(bool in_outage, bool in_doubt)
{
    return (struct breaker){ .must_probe = in_outage, .down = in_outage, .doubt = in_doubt };
}

void breaker_asked_again(struct breaker *breaker)
{
    breaker->doubt = false;
}

void breaker_useful(struct breaker *breaker)
{
    *breaker = (struct breaker){ .answered = true };
}

void breaker_failed(struct breaker *breaker, enum breaker_failure how, bool blamed)
{
    breaker->last = how;
    breaker->failures_in_a_row++;
    breaker->refused_in_a_row += how == BREAKER_REFUSED ? 1 : 0;
    breaker->open_in_a_row += blamed ? 0 : 1;
    if (breaker->failures_in_a_row >= BREAKER_FAILURES)
        breaker->must_probe = true;
}

enum breaker_finding breaker_find_down(const struct breaker *breaker)
{
    return breaker->refused_in_a_row == breaker->failures_in_a_row ? BREAKER_CONFIGURATION : BREAKER_OUTAGE;
}

enum breaker_finding breaker_find(const struct breaker *breaker)
{
    int different = breaker->open_in_a_row + (breaker->doubt ? 1 : 0);
    if (breaker->failures_in_a_row == 0)
        return BREAKER_CLOSED;
    if (breaker->answered)
        return BREAKER_CALLS;
    if (breaker->down || breaker->last == BREAKER_UNREACHABLE || different >= SEVERAL ||
        breaker->failures_in_a_row > BREAKER_FAILURES)
        return breaker_find_down(breaker);
    return BREAKER_DOUBT;
}
