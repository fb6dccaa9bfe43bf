/* pbx_verify: tests what the API of a hosted PBX does not say: the shape of its rows, and the time zone of the times
 * that it is asked for. For pbx's files only. */
#ifndef PBX_VERIFY_H
#define PBX_VERIFY_H

#include "source/pbx_pages.h"
#include "source/source.h"

/* What was found out. */
struct pbx_verified {
    int64_t at;                /* epoch; 0: nothing is known yet */
    int64_t newest;            /* when one of the latest calls began; 0: there is none in the last days */
    int64_t made;              /* when the uuid of that call was made; 0: the uuid does not tell */
    bool zone_fits;            /* a call is found by its local time; or this shape names no local times */
};

/* pbx_verify: asks for one of the latest calls, for a day that has none, and then, if requests name local times, for
 * the minute of that call: a wrong time zone would hide calls for ever. Sets pages->seen. Errors: EX_CONFIG (time_zone,
 * or the API ignores the dates), and those of pbx_pages_read. */
int pbx_verify(struct pbx_pages *pages, struct pbx_verified *ret_verified, struct err *err) MUST_CHECK;

/* pbx_verify_write: writes what a later run may take over. "" if nothing was proven.
 * pbx_verify_recall: takes over what an earlier run wrote, for a day, and while the settings and the zone's offset are
 * the same. False: it is worth nothing now. */
void pbx_verify_write(const struct pbx_pages *pages, const struct pbx_verified *verified,
                      char memory[SOURCE_MEMORY_SIZE]);
bool pbx_verify_recall(struct pbx_pages *pages, struct pbx_verified *verified, const char *memory);

#endif
