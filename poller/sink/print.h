/* print: the sink of a dry run: prints the messages that another sink makes, and sends nothing. */
#ifndef PRINT_H
#define PRINT_H

#include "sink/sink.h"

/* print_sink_open: a sink that makes its messages by kind and prints them on standard output, a line each. It is in no
 * table: no setting names it. Ownership: sink_close. Errors: those of kind. */
int print_sink_open(const struct sink_ops *kind, const struct sink_settings *settings, struct sink *ret_sink,
                    struct err *err) MUST_CHECK;

#endif
