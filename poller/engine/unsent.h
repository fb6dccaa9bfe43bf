/* unsent: the finished calls after the checkpoint that a run did not send, because it stopped before its end. */
#ifndef UNSENT_H
#define UNSENT_H

#include "domain/position.h"
#include "engine/engine.h"
#include "source/source.h"

/* unsent_count: reads the watched calls and the calls of range again, and counts those that ended after floor, are to
 * be sent, and are unknown to the ledger. Writes looked, unsent and unsent_oldest of the run's summary. It stops after
 * 1000 calls or after one second, so the number is a lower bound. Changes nothing else. Errors: those of the source and
 * the ledger. */
int unsent_count(struct engine *engine, const struct source_range *range, const struct position *floor,
                 struct err *err) MUST_CHECK;

#endif
