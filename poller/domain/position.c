/* position: a place in the order of finished calls, (end_epoch, uniqueid). */
#include <stdio.h>
#include <string.h>

#include "domain/position.h"

struct position position_at(int64_t end_epoch, const char *uniqueid)
{
    struct position position = { .end_epoch = end_epoch };
    (void)snprintf(position.uniqueid, sizeof position.uniqueid, "%s", uniqueid);
    return position;
}

int position_compare(const struct position *a, const struct position *b)
{
    if (a->end_epoch != b->end_epoch)
        return a->end_epoch < b->end_epoch ? -1 : 1;
    return strcmp(a->uniqueid, b->uniqueid);
}
