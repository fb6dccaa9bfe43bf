/* pbx: the source `pbx-api`, the list of calls that a hosted PBX offers over HTTP. */
#ifndef PBX_H
#define PBX_H

#include "source/source.h"

extern const struct source_ops pbx_source;

#endif
