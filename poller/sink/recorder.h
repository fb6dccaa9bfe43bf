/* recorder: the sink `records`, which writes calls to a table of SQLite or PostgreSQL. */
#ifndef RECORDER_H
#define RECORDER_H

#include "sink/sink.h"

extern const struct sink_ops recorder_sink;

#endif
