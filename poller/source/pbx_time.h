/* pbx_time: the times of a hosted PBX: its time zone, ISO 8601, and the time in the id of a call. For pbx's files
 * only. */
#ifndef PBX_TIME_H
#define PBX_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PBX_TIME_ZONE_SIZE 64

/* A time zone; all zero: the zone of this host. */
struct pbx_zone {
    char name[PBX_TIME_ZONE_SIZE]; /* "Asia/Ho_Chi_Minh", "+07:00"; "": this host's */
    bool is_fixed;                 /* the offset never changes ... */
    int64_t fixed_sec;             /* ... and is this: local time less UTC */
};

/* pbx_time_zone: reads the name of a zone (IANA), UTC, or an offset like +07:00. place is the file and line that set
 * it. Errors: EX_CONFIG, if this host does not know the zone. */
int pbx_time_zone(const char *text, const char *place, struct pbx_zone *ret_zone, struct err *err) MUST_CHECK;

/* pbx_time_offset: local time less UTC at epoch, in seconds. */
int64_t pbx_time_offset(const struct pbx_zone *zone, int64_t epoch);

/* pbx_time_rule: the zone as a value of TZ; "": this host's. Returns out. */
#define PBX_TIME_RULE_SIZE 80
const char *pbx_time_rule(const struct pbx_zone *zone, char out[PBX_TIME_RULE_SIZE]);

/* pbx_time_local: writes epoch as "YYYY-MM-DD HH:MM:SS" in this zone. Returns out. */
#define PBX_TIME_SIZE 32
const char *pbx_time_local(const struct pbx_zone *zone, int64_t epoch, char out[PBX_TIME_SIZE]);

/* pbx_time_parse: reads "2025-10-09T03:04:05+07:00". Z, a blank instead of T, a fraction of a second, and an offset
 * without a colon are read too; without an offset the time is one of this zone. False: it is no such time. */
bool pbx_time_parse(const char *text, const struct pbx_zone *zone, int64_t *ret_epoch);

/* pbx_time_of_uuid: the epoch in a version-1 UUID (RFC 9562), when the call's id was made; 0: it is no such UUID. */
int64_t pbx_time_of_uuid(const char *uuid);

#endif
