/* Tests of sender: when outcomes are reported. These tests need no server: each request fails, and the test's judge
 * decides the outcome. */
#include "../unit.h"

#include "sink/sender.h"

#define MOST 200

/* The events: "s3" means that request 3 started, "o3" that its outcome was reported. */
static struct {
    const char *verdicts; /* one letter for each answer, in order: a accepted, r retry */
    size_t answers, in_flight, reported;
    char events[4 * MOST * 4];
} scene;

static struct sink_message messages[MOST];

static void add(char kind, size_t index)
{
    size_t used = strlen(scene.events);
    (void)snprintf(scene.events + used, sizeof scene.events - used, "%c%zu ", kind, index);
}

static size_t headers(const void *context, const struct sink_message *message,
                      char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE])
{
    (void)context;
    (void)lines;
    add('s', (size_t)(message - messages));
    return 0;
}

static struct outcome judge(const void *context, const struct http_answer *answer)
{
    (void)context;
    (void)answer;
    bool accepted = scene.verdicts[scene.answers++] == 'a';
    return (struct outcome){ .kind = accepted ? OUTCOME_ACCEPTED : OUTCOME_RETRY, .known = accepted,
                             .code = (int64_t)scene.answers, .started_ms = (double)scene.answers * 2,
                             .took_ms = (double)scene.answers };
}

static void on_outcome(void *context, size_t index, const struct outcome *outcome)
{
    (void)context;
    add('o', index);
    scene.reported++;
    assert_int_equal(outcome->code, index + 1); /* each request fails at once, so the answers come in order */
    assert_true(outcome->took_ms > (double)index && outcome->known == (outcome->kind == OUTCOME_ACCEPTED));
    assert_true(outcome->started_ms > (double)index * 2);
    assert_string_equal(outcome->reason, "");
}

static size_t on_turn(void *context)
{
    (void)context;
    return scene.in_flight;
}

static void send_all(size_t in_flight, const char *verdicts)
{
    static const char *const no_headers[] = { NULL };
    const struct sink_message *list[MOST];
    const struct sink_observer observer = { .on_outcome = on_outcome, .on_turn = on_turn };
    struct err err;
    size_t count = strlen(verdicts);
    scene.verdicts = verdicts;
    scene.in_flight = in_flight;
    scene.answers = scene.reported = 0;
    scene.events[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        messages[i].body = (char *)"{}";
        list[i] = &messages[i];
    }
    struct http *http = http_open(&(struct http_settings){ .url = "nothing://host/", .headers = no_headers,
                                                           .ca_file = "", .connect_timeout = 1, .timeout = 1,
                                                           .connections = 100 });
    const struct sender sender = { .http = http, .headers = headers, .judge = judge };
    assert_int_equal(sender_send(&sender, list, count, &observer, &err), 0);
    http_close(http);
    assert_int_equal(scene.reported, count);
}

/* Recording an outcome takes time; the server can already work on the next requests then. */
static void test_sender_reports_accepted_calls_after_it_sent_the_next_requests(void **state)
{
    (void)state;
    send_all(1, "aaa");
    assert_string_equal(scene.events, "s0 s1 o0 s2 o1 o2 ");
    send_all(2, "aaaa");
    assert_string_equal(scene.events, "s0 s1 s2 s3 o0 o1 o2 o3 ");
}

/* Such an outcome may end the run, and uses up a retry only if the API works. So earlier accepted calls come first. */
static void test_sender_reports_any_other_outcome_at_once_and_in_order(void **state)
{
    (void)state;
    send_all(1, "rra");
    assert_string_equal(scene.events, "s0 o0 s1 o1 s2 o2 ");
    send_all(2, "arar");
    assert_string_equal(scene.events, "s0 s1 o0 o1 s2 s3 o2 o3 ");
    send_all(2, "raaa");
    assert_string_equal(scene.events, "s0 s1 o0 s2 s3 o1 o2 o3 ");
}

static void test_sender_reports_every_outcome_however_many_come_at_once(void **state)
{
    (void)state;
    char verdicts[MOST];
    memset(verdicts, 'a', sizeof verdicts - 1);
    verdicts[sizeof verdicts - 1] = '\0';
    send_all(100, verdicts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sender_reports_accepted_calls_after_it_sent_the_next_requests),
        cmocka_unit_test(test_sender_reports_any_other_outcome_at_once_and_in_order),
        cmocka_unit_test(test_sender_reports_every_outcome_however_many_come_at_once),
    };
    return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
