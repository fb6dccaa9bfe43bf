/* bigquery: the sink `bigquery`, which loads calls into a table of Google BigQuery. */
#ifndef BIGQUERY_H
#define BIGQUERY_H

#include "sink/sink.h"

extern const struct sink_ops bigquery_sink;

#endif
