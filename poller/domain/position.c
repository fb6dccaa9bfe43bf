/* position: the order of finished calls, by (end_epoch, uniqueid). */
#include <string.h>

#include "domain/position.h"

struct position position_at(int64_t end_epoch, const char *uniqueid)
{
    struct position position = { .end_epoch = end_epoch };
    memcpy(position.uniqueid, uniqueid, strnlen(uniqueid, sizeof position.uniqueid - 1)); /* a NUL stays behind it */
    return position;
}

int position_compare(const struct position *a, const struct position *b)
{
    if (a->end_epoch != b->end_epoch)
        return a->end_epoch < b->end_epoch ? -1 : 1;
    return strcmp(a->uniqueid, b->uniqueid);
}
