/* breaker: tells a sink that is down, or wrong settings, from a call that the sink cannot process. */
#include "domain/breaker.h"

/* This many different calls must fail before the sink counts as down. */
#define SEVERAL 2

struct breaker breaker_start(bool in_outage, bool in_doubt)
{
    return (struct breaker){ .must_probe = in_outage, .down = in_outage, .doubt = in_doubt };
}

void breaker_clear_doubt(struct breaker *breaker)
{
    breaker->doubt = false;
}

void breaker_record_success(struct breaker *breaker)
{
    *breaker = (struct breaker){ .answered = true };
}

void breaker_record_failure(struct breaker *breaker, enum breaker_failure how, bool blamed)
{
    breaker->last = how;
    breaker->failures_in_a_row++;
    breaker->refused_in_a_row += how == BREAKER_REFUSED ? 1 : 0;
    breaker->open_in_a_row += blamed ? 0 : 1;
    if (breaker->failures_in_a_row >= BREAKER_FAILURES)
        breaker->must_probe = true;
}

enum breaker_diagnosis breaker_diagnose_down(const struct breaker *breaker)
{
    return breaker->refused_in_a_row == breaker->failures_in_a_row ? BREAKER_CONFIGURATION : BREAKER_OUTAGE;
}

enum breaker_diagnosis breaker_diagnose(const struct breaker *breaker)
{
    int different = breaker->open_in_a_row + (breaker->doubt ? 1 : 0);
    if (breaker->failures_in_a_row == 0)
        return BREAKER_NO_FAILURE;
    if (breaker->answered)
        return BREAKER_CALL_AT_FAULT;
    if (breaker->down || breaker->last == BREAKER_UNREACHABLE || different >= SEVERAL ||
        breaker->failures_in_a_row > BREAKER_FAILURES)
        return breaker_diagnose_down(breaker);
    return BREAKER_UNDECIDED;
}
