/* place: the table of all places that keep recordings. */
#include <stdarg.h>
#include <stdio.h>

#include "recording/place.h"
#include "recording/place_directory.h"
#include "recording/place_drive.h"
#include "recording/place_s3.h"

/* A new type is one row here. */
static const struct place_ops *const kinds[] = {
    &place_directory,
    &place_drive,
    &place_s3,
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

int place_find(const char *type, const char *where, const struct place_ops **ret_ops, struct err *err)
{
    const char *types[KIND_COUNT];
    size_t which = 0;
    for (size_t i = 0; i < KIND_COUNT; i++)
        types[i] = kinds[i]->type;
    if (params_find_type("recordings", types, KIND_COUNT, type, where, &which, err) != 0)
        return -1;
    *ret_ops = kinds[which];
    return 0;
}

bool place_is_secret(const char *key)
{
    bool is_secret = false;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct param_spec *spec = params_spec_of(kinds[i]->params, key);
        is_secret = is_secret || (spec != NULL && spec->secret);
    }
    return is_secret;
}

int place_open(const struct place_ops *ops, const struct place_settings *settings, struct place *ret_place,
               struct err *err)
{
    void *state = NULL;
    if (ops->open(settings, &state, err) != 0)
        return -1;
    *ret_place = (struct place){ .ops = ops, .state = state };
    return 0;
}

void place_close(struct place *place)
{
    if (place->ops != NULL)
        place->ops->close(place->state);
    *place = (struct place){ .ops = NULL };
}

enum transfer_turn transfer_fail(struct transfer_failure *failure, enum transfer_fault fault, const char *remedy,
                                 const char *format, ...)
{
    va_list args;
    *failure = (struct transfer_failure){ .fault = fault };
    va_start(args, format);
    (void)vsnprintf(failure->reason, sizeof failure->reason, format, args);
    va_end(args);
    (void)snprintf(failure->remedy, sizeof failure->remedy, "%s", remedy);
    return TRANSFER_FAILED;
}
