/* api_stop: a scan that a signal ends. */
#include "base/interrupt.h"
#include "source/api_stop.h"

int api_stop_result(int result, int64_t reached, source_on_slice *on_slice, void *context, struct err *err)
{
    return result < 0 && interrupt_requested() && on_slice != NULL && on_slice(context, reached, err) == 1 ? 1 : result;
}
