/* Tests of why_attempt: the line of one attempt, for sinks that describe their codes in words and sinks that do not. */
#include <inttypes.h>

#include "../memory_sink.h"
#include "../unit.h"

#include "base/clock.h"
#include "commands/why_attempt.h"

#define TRIED INT64_C(1729771200)

static bool describe_odd(int64_t code, char *out, size_t size)
{
    (void)snprintf(out, size, "CODE %" PRId64, code);
    return code % 2 == 0;
}

static void test_why_attempt_says_what_is_known_and_no_more(void **state)
{
    (void)state;
    struct memory_sink memory = { .answer = NULL };
    const struct sink_ops *plain = memory_sink_open(&memory).ops, *none = NULL;
    const struct sink_ops with_words = { .type = "words", .describe = describe_odd };
    const struct {
        const char *name;
        const struct sink_ops *sink;
        int64_t answer, took_ms;
        const char *reason;
        bool is_accepted;
        const char *want;
    } rows[] = {
        { "accepted, as the ledger says", plain, 7, 12, NULL, true, ", code 7 after 12 ms: accepted" },
        { "a kind without codes", plain, 0, 12, NULL, true, ", sent after 12 ms: accepted" },
        { "accepted before, and sent again", plain, 7, 12, NULL, false, ", code 7 after 12 ms" },
        { "failed", plain, 7, 12, "disk full", false, ", code 7 after 12 ms: disk full" },
        { "a negative code", plain, -3, 0, "disk full", false, ", code -3 after 0 ms: disk full" },
        { "no answer", plain, 0, 5000, NULL, false, ", no answer after 5000 ms: not accepted" },
        { "no answer, and why", plain, 0, 5000, "timeout", false, ", no answer after 5000 ms: timeout" },
        { "nothing is known", plain, RECORDS_UNKNOWN, RECORDS_UNKNOWN, NULL, false, ", sent" },
        { "a kind that is not known", none, 7, 12, NULL, false, ", code 7 after 12 ms" },
        { "words for accepted", &with_words, 8, 12, NULL, false, ", CODE 8 after 12 ms: accepted" },
        { "words for a failure", &with_words, 7, 12, NULL, false, ", CODE 7 after 12 ms: not accepted" },
        { "words, and a negative code", &with_words, -1, 12, NULL, false, ", CODE -1 after 12 ms: not accepted" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char line[300], want[300], local[CLOCK_TEXT_SIZE];
        const struct records_attempt attempt = { .tried = TRIED, .answer = rows[i].answer, .took_ms = rows[i].took_ms,
                                                 .reason = rows[i].reason };
        (void)snprintf(want, sizeof want, "%s%s", clock_local(TRIED, local, sizeof local), rows[i].want);
        unit_same_text(rows[i].name, why_attempt(&attempt, rows[i].sink, rows[i].is_accepted, line, sizeof line), want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_why_attempt_says_what_is_known_and_no_more),
    };
    return cmocka_run_group_tests_name("why_attempt", tests, NULL, NULL);
}
