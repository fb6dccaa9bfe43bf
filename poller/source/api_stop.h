/* api_stop: a scan that a signal ends. For the sources that read an HTTP API. */
#ifndef API_STOP_H
#define API_STOP_H

#include "base/err.h"
#include "source/source.h"

/* api_stop_result: the result of a step that may have failed because of a signal. If on_slice says so too, the scan has
 * ended early, which is no error: the result is 1. */
int api_stop_result(int result, int64_t reached, source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

#endif
