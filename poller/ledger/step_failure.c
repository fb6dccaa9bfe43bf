/* step_failure: since when a step that follows the calls fails.
 *
 * The note has four numbers and the message, with blanks between them, in the order of the struct. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "ledger/step_failure.h"

#define FIRST_PAUSE_SEC 60
#define LONGEST_PAUSE_SEC 3600

enum { NUMBERS = 4, TEXT_SIZE = NUMBERS * (STR_INT_SIZE + 1) + sizeof(((struct step_failure *)0)->message) };

static const struct {
    const char *note, *what;
} steps[STEPS] = {
    [STEP_TABLES] = { "tables_failed", "customers, staff and groups are not copied" },
    [STEP_CUSTOMERS] = { "customers_failed", "customers are not copied" },
    [STEP_STAFF] = { "staff_failed", "staff and groups are not copied" },
    [STEP_AFTER] = { "after_failed", "the files of after do not run" },
    [STEP_RECORDINGS] = { "recordings_failed", "recordings are not stored" },
};

int step_failure_read(struct ledger *ledger, enum step step, struct step_failure *ret_failure, struct err *err)
{
    char text[TEXT_SIZE];
    struct step_failure found = { .since = 0 };
    int64_t *const numbers[NUMBERS] = { &found.since, &found.tries, &found.next, &found.code };
    *ret_failure = found;
    if (ledger_read_text_note(ledger, steps[step].note, text, sizeof text, err) != 0)
        return -1;
    char *at = text;
    for (int i = 0; i < NUMBERS; i++) {
        char *end = strchr(at, ' ');
        if (end == NULL)
            return 0; /* no note */
        *end = '\0';
        if (!str_to_int(at, numbers[i]))
            return 0;
        at = end + 1;
    }
    (void)snprintf(found.message, sizeof found.message, "%s", at);
    *ret_failure = found;
    return 0;
}

static int64_t pause_after(int64_t tries)
{
    int64_t pause = FIRST_PAUSE_SEC;
    for (int64_t i = 1; i < tries && pause < LONGEST_PAUSE_SEC; i++)
        pause *= 2;
    return pause < LONGEST_PAUSE_SEC ? pause : LONGEST_PAUSE_SEC;
}

int step_failure_note(struct ledger *ledger, enum step step, const struct err *why, struct err *err)
{
    char text[TEXT_SIZE];
    struct step_failure failure;
    int64_t now = clock_now_epoch();
    if (step_failure_read(ledger, step, &failure, err) != 0)
        return -1;
    int64_t since = failure.since != 0 && failure.since <= now ? failure.since : now, tries = failure.tries + 1;
    (void)snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %" PRId64 " %d %.*s", since, tries,
                   now + pause_after(tries), why->code, (int)sizeof failure.message - 1, why->message);
    return ledger_set_text_note(ledger, steps[step].note, text, err);
}

int step_failure_clear(struct ledger *ledger, enum step step, struct err *err)
{
    return ledger_delete_note(ledger, steps[step].note, err);
}

bool step_failure_waits(const struct step_failure *failure, int64_t now)
{
    return failure->since != 0 && now < failure->next && failure->next - now <= LONGEST_PAUSE_SEC;
}

int step_failure_report(const struct step_failure *failure, struct err *err)
{
    char since[CLOCK_TEXT_SIZE], next[CLOCK_TEXT_SIZE];
    return err_set(err, (int)failure->code, "%s (since %s; the next try is at %s)", failure->message,
                   clock_local(failure->since, since, sizeof since), clock_local(failure->next, next, sizeof next));
}

const char *step_failure_what(enum step step)
{
    return steps[step].what;
}
