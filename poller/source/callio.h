/* callio: the source `callio`, the calls of one or more tenants of Callio (phonenet) over its API. */
#ifndef CALLIO_H
#define CALLIO_H

#include "source/source.h"

extern const struct source_ops callio_source;

#endif
