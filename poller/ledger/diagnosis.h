/* diagnosis: the one verdict on the current state. Every view prints this verdict, so no two views can differ. */
#ifndef DIAGNOSIS_H
#define DIAGNOSIS_H

#include "ledger/standing.h"

/* The values are the exit codes of monitoring plugins. UNKNOWN: the state could not be read; diagnosis_of never returns
 * it. */
enum diagnosis_level { DIAGNOSIS_OK = 0, DIAGNOSIS_WARNING = 1, DIAGNOSIS_CRITICAL = 2, DIAGNOSIS_UNKNOWN = 3 };

/* The greatest age, in seconds, of the oldest unsent call and of the last look at the source's calls. A call may be
 * older by the time for which the sink usually lets calls wait. */
struct diagnosis_limits {
    int64_t warning, critical;
};

/* diagnosis_usual_limits: 5 and 15 minutes, and the longest pause between two runs. Without one, cron starts a run each
 * minute; a pending call is tried again after 1 to 2 minutes. */
struct diagnosis_limits diagnosis_usual_limits(const struct standing *standing);

struct diagnosis {
    enum diagnosis_level level;
    char text[1024];  /* the findings, those about runs first; one line without control characters */
    char action[240]; /* what to do about the worst finding; "": nothing */
};

/* diagnosis_of: judges the state. Calls that wait for the agent's disposition are no fault. profile: the profile
 * for the commands in the action; NULL: the default profile. Pure. */
struct diagnosis diagnosis_of(const struct standing *standing, const struct diagnosis_limits *limits,
                              const char *profile);

/* diagnosis_name: "OK", "WARNING", "CRITICAL" or "UNKNOWN". */
const char *diagnosis_name(enum diagnosis_level level);

/* diagnosis_line: "text; do: action" as people read it. Ownership: the caller frees it. */
char *diagnosis_line(const struct diagnosis *diagnosis) MUST_CHECK;

#endif
