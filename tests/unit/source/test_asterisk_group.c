/* Tests of asterisk_group: the rows of one linkedid make one call. */
#include "../unit.h"

#include "source/asterisk_group.h"

#define E 1729771100 /* the time when the first channel was created */
#define ZONE 7200
#define SETTLE 60
#define MOST 8

#define TRUNK "PJSIP/acme-00000001"
#define PHONE "PJSIP/101-00000002"
#define PHONE_2 "PJSIP/102-00000003"
#define PHONE_3 "PJSIP/103-00000004"
#define CUSTOMER "15551234567"

/* A row of channel .uid, which began `at` seconds after E. NULL ends the rows of a call. */
struct given {
    const char *uid, *src, *dst, *channel, *dstchannel, *app, *disposition;
    int at, duration, billsec;
    const char *did, *cnum, *outbound_cnum, *accountcode, *data, *clid;
};

/* More members may follow the last argument: .did = "..." */
#define ROW(uid_, src_, dst_, channel_, dstchannel_, app_, disposition_, at_, duration_, ...) \
    { .uid = uid_, .src = src_, .dst = dst_, .channel = channel_, .dstchannel = dstchannel_, .app = app_, \
      .disposition = disposition_, .at = at_, .duration = duration_, .billsec = __VA_ARGS__ }
#define END { .uid = NULL }

struct made {
    struct asterisk_row *rows[MOST];
    size_t count;
    struct asterisk_call of;
};

static struct zone zone_of(int64_t first, int64_t second)
{
    struct zone zone = { .count = 0 };
    zone_add(&zone, first, 0);
    if (second != 0)
        zone_add(&zone, second, 0);
    return zone;
}

static struct asterisk_row *row_of(const struct given *given, int sequence)
{
    static const struct asterisk_widths widths = { .uniqueid = 32, .linkedid = 32 };
    char uniqueid[40], duration[16], billsec[16], number[16];
    (void)snprintf(uniqueid, sizeof uniqueid, "%s", strchr(given->uid, '.') != NULL ? given->uid : "");
    if (*uniqueid == '\0')
        (void)snprintf(uniqueid, sizeof uniqueid, "%d.%s", E, given->uid);
    (void)snprintf(duration, sizeof duration, "%d", given->duration);
    (void)snprintf(billsec, sizeof billsec, "%d", given->billsec);
    (void)snprintf(number, sizeof number, "%d", sequence);
    const char *columns[ASTERISK_COLUMNS] = {
        [ASTERISK_UNIQUEID] = uniqueid, [ASTERISK_LINKEDID] = "1729771100.1", [ASTERISK_SRC] = given->src,
        [ASTERISK_DST] = given->dst, [ASTERISK_CHANNEL] = given->channel, [ASTERISK_DSTCHANNEL] = given->dstchannel,
        [ASTERISK_LASTAPP] = given->app, [ASTERISK_DISPOSITION] = given->disposition, [ASTERISK_DURATION] = duration,
        [ASTERISK_BILLSEC] = billsec, [ASTERISK_DID] = given->did, [ASTERISK_CNUM] = given->cnum,
        [ASTERISK_OUTBOUND_CNUM] = given->outbound_cnum, [ASTERISK_ACCOUNTCODE] = given->accountcode,
        [ASTERISK_LASTDATA] = given->data, [ASTERISK_SEQUENCE] = number, [ASTERISK_CLID] = given->clid,
    };
    return asterisk_row_make(columns, E + ZONE + given->at, &widths);
}

/* The time is an hour after E, unless `now` is set. */
static void make_at(const struct given *given, const char *trunks, int64_t now, struct made *made)
{
    static struct zone zone;
    zone = zone_of(ZONE, 0);
    const struct asterisk_rules rules = { .zone = &zone, .campaign = "DEFAULT", .trunks = trunks,
                                          .settle_sec = SETTLE, .now = now };
    made->count = 0;
    for (; made->count < MOST && given[made->count].uid != NULL; made->count++)
        made->rows[made->count] = row_of(&given[made->count], (int)made->count + 10);
    made->count = asterisk_group_sort(made->rows, made->count);
    assert_int_equal(asterisk_group_length(made->rows, made->count), made->count);
    asterisk_group_call(made->rows, made->count, &rules, &made->of);
}

static void make(const struct given *given, struct made *made)
{
    make_at(given, "", E + 3600, made);
}

static void clear(struct made *made)
{
    for (size_t i = 0; i < made->count; i++)
        free(made->rows[i]);
}

/* ---- party and result ---- */

struct want {
    const char *name;
    struct given rows[MOST + 1];
    const char *number, *agent, *status, *billsec, *answered_by;
    enum call_direction direction;
    int length;
};

static const struct want calls[] = {
    { "outbound, answered",
      { ROW("1", "15550001111", CUSTOMER, PHONE, TRUNK, "Dial", "ANSWERED", 0, 65, 60, .cnum = "101",
          .outbound_cnum = "15550001111") },
      CUSTOMER, "101", "ANSWERED", "60", "person", CALL_OUTBOUND, 65 },
    { "outbound, no answer",
      { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "NO ANSWER", 0, 30, 0) },
      CUSTOMER, "101", "NO ANSWER", "0", NULL, CALL_OUTBOUND, 30 },
    { "outbound, busy",
      { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Busy", "BUSY", 0, 3, 0) },
      CUSTOMER, "101", "BUSY", "0", NULL, CALL_OUTBOUND, 3 },
    { "outbound, the first trunk fails and the second gets through",
      { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "CONGESTION", 0, 2, 0),
        ROW("1", "101", CUSTOMER, PHONE, "PJSIP/other-00000009", "Dial", "ANSWERED", 2, 42, 40) },
      CUSTOMER, "101", "ANSWERED", "40", "person", CALL_OUTBOUND, 44 },
    { "outbound, no trunk could be reached: there is no channel, and an announcement is played",
      { ROW("1", "101", CUSTOMER, PHONE, "", "Dial", "FAILED", 0, 1, 0),
        ROW("1", "101", CUSTOMER, PHONE, "", "Playback", "ANSWERED", 1, 9, 9) },
      CUSTOMER, "101", "FAILED", "0", "machine", CALL_OUTBOUND, 10 },
    { "outbound, the extension is s: Dial's arguments have the number",
      { ROW("1", "101", "s", PHONE, TRUNK, "Dial", "ANSWERED", 0, 20, 10, .data = "PJSIP/" CUSTOMER "@acme,300,T") },
      CUSTOMER, "101", "ANSWERED", "10", "person", CALL_OUTBOUND, 20 },
    { "outbound, dst is s and the arguments were cut: another row has the number",
      { ROW("1", "101", "s", PHONE, TRUNK, "Dial", "ANSWERED", 0, 20, 10, .data = "PJSIP/acme"),
        ROW("1", "101", CUSTOMER, PHONE, "", "Macro", "NO ANSWER", 0, 1, 0) },
      CUSTOMER, "101", "ANSWERED", "10", "person", CALL_OUTBOUND, 20 },
    { "inbound to a phone",
      { ROW("1", CUSTOMER, "101", TRUNK, PHONE, "Dial", "ANSWERED", 0, 30, 22, .did = "15550001111") },
      CUSTOMER, "101", "ANSWERED", "22", "person", CALL_INBOUND, 30 },
    { "inbound, withheld number",
      { ROW("1", "", "101", TRUNK, PHONE, "Dial", "ANSWERED", 0, 30, 22, .clid = "\"\" <>") },
      "anonymous", "101", "ANSWERED", "22", "person", CALL_INBOUND, 30 },
    { "inbound, the number stands in clid alone",
      { ROW("1", "", "101", TRUNK, PHONE, "Dial", "NO ANSWER", 0, 30, 0, .clid = "\"Ann\" <" CUSTOMER ">") },
      CUSTOMER, NULL, "NO ANSWER", "0", NULL, CALL_INBOUND, 30 },
    { "inbound to a ring group: one of three answers",
      { ROW("1", CUSTOMER, "600", TRUNK, PHONE, "Dial", "NO ANSWER", 0, 12, 0, .did = "15550001111"),
        ROW("1", CUSTOMER, "600", TRUNK, PHONE_2, "Dial", "ANSWERED", 0, 72, 60, .did = "15550001111"),
        ROW("1", CUSTOMER, "600", TRUNK, PHONE_3, "Dial", "BUSY", 0, 1, 0, .did = "15550001111") },
      CUSTOMER, "102", "ANSWERED", "60", "person", CALL_INBOUND, 72 },
    { "inbound to a ring group: busy counts more than no answer",
      { ROW("1", CUSTOMER, "600", TRUNK, PHONE, "Dial", "NO ANSWER", 0, 12, 0),
        ROW("1", CUSTOMER, "600", TRUNK, PHONE_3, "Dial", "BUSY", 0, 1, 0) },
      CUSTOMER, NULL, "BUSY", "0", NULL, CALL_INBOUND, 12 },
    { "queue, answered by the second agent: the queue's own row has the wait in it",
      { ROW("1", CUSTOMER, "500", TRUNK, "Local/102@from-queue-00000002;1", "Queue", "ANSWERED", 0, 200, 200),
        ROW("2", CUSTOMER, "101", "Local/101@from-queue-00000001;2", PHONE, "Dial", "NO ANSWER", 10, 15, 0),
        ROW("3", CUSTOMER, "102", "Local/102@from-queue-00000002;2", PHONE_2, "Dial", "ANSWERED", 40, 160, 150) },
      CUSTOMER, "102", "ANSWERED", "150", "person", CALL_INBOUND, 200 },
    { "queue, the agent's row stands first: both began in one second",
      { ROW("2", CUSTOMER, "102", "Local/102@from-queue-00000002;2", PHONE_2, "Dial", "ANSWERED", 0, 160, 150),
        ROW("1", CUSTOMER, "500", TRUNK, "Local/102@from-queue-00000002;1", "Queue", "ANSWERED", 0, 160, 160) },
      CUSTOMER, "102", "ANSWERED", "150", "person", CALL_INBOUND, 160 },
    { "a queue with phones as agents, which have no row of their own",
      { ROW("1", CUSTOMER, "500", TRUNK, PHONE, "Queue", "ANSWERED", 0, 90, 80) },
      CUSTOMER, "101", "ANSWERED", "80", "person", CALL_INBOUND, 90 },
    { "queue, given up: no agent answered",
      { ROW("1", CUSTOMER, "500", TRUNK, "Local/101@from-queue-00000001;1", "Queue", "ANSWERED", 0, 100, 100),
        ROW("2", CUSTOMER, "101", "Local/101@from-queue-00000001;2", PHONE, "Dial", "NO ANSWER", 10, 15, 0) },
      CUSTOMER, NULL, "NO ANSWER", "0", "queue", CALL_INBOUND, 100 },
    { "queue, given up before any agent was tried",
      { ROW("1", CUSTOMER, "500", TRUNK, "", "Queue", "ANSWERED", 0, 100, 100) },
      CUSTOMER, NULL, "NO ANSWER", "0", "queue", CALL_INBOUND, 100 },
    { "voicemail after a phone that rang",
      { ROW("1", CUSTOMER, "101", TRUNK, PHONE, "Dial", "NO ANSWER", 0, 20, 0),
        ROW("1", CUSTOMER, "vmu101", TRUNK, "", "VoiceMail", "ANSWERED", 20, 30, 30) },
      CUSTOMER, NULL, "NO ANSWER", "0", "voicemail", CALL_INBOUND, 50 },
    { "voicemail in one row, as before Asterisk 12",
      { ROW("1", CUSTOMER, "vmu101", TRUNK, PHONE, "VoiceMail", "ANSWERED", 0, 50, 30) },
      CUSTOMER, NULL, "NO ANSWER", "0", "voicemail", CALL_INBOUND, 50 },
    { "voicemail of a busy phone, told by dst alone",
      { ROW("1", CUSTOMER, "vmb101", TRUNK, PHONE, "Hangup", "ANSWERED", 0, 50, 30) },
      CUSTOMER, NULL, "NO ANSWER", "0", "voicemail", CALL_INBOUND, 50 },
    { "a menu that the caller leaves",
      { ROW("1", CUSTOMER, "s", TRUNK, "", "BackGround", "ANSWERED", 0, 15, 14) },
      CUSTOMER, NULL, "ANSWERED", "14", "machine", CALL_INBOUND, 15 },
    { "a menu, then a phone that nobody picks up",
      { ROW("1", CUSTOMER, "s", TRUNK, "", "BackGround", "ANSWERED", 0, 15, 14),
        ROW("1", CUSTOMER, "101", TRUNK, PHONE, "Dial", "NO ANSWER", 15, 20, 0) },
      CUSTOMER, NULL, "NO ANSWER", "0", "machine", CALL_INBOUND, 35 },
    { "a conference is people",
      { ROW("1", CUSTOMER, "800", TRUNK, "", "ConfBridge", "ANSWERED", 0, 300, 298) },
      CUSTOMER, NULL, "ANSWERED", "298", "person", CALL_INBOUND, 300 },
    { "blind transfer: both talks count, the longer one is the agent's",
      { ROW("1", CUSTOMER, "101", TRUNK, PHONE, "Dial", "ANSWERED", 0, 35, 30),
        ROW("1", CUSTOMER, "102", TRUNK, PHONE_2, "Dial", "ANSWERED", 35, 65, 60) },
      CUSTOMER, "102", "ANSWERED", "90", "person", CALL_INBOUND, 100 },
    { "attended transfer: the seconds of the call that asks back count once",
      { ROW("1", CUSTOMER, "101", TRUNK, PHONE, "Dial", "ANSWERED", 0, 60, 50),
        ROW("2", "101", "102", PHONE, PHONE_2, "Dial", "ANSWERED", 30, 30, 25),
        ROW("1", CUSTOMER, "102", TRUNK, PHONE_2, "Dial", "ANSWERED", 60, 40, 40) },
      CUSTOMER, "101", "ANSWERED", "90", "person", CALL_INBOUND, 100 },
    { "inbound, forwarded to a mobile",
      { ROW("1", CUSTOMER, "101", TRUNK, "PJSIP/acme-00000009", "Dial", "ANSWERED", 0, 35, 30, .did = "15550001111") },
      CUSTOMER, "acme", "ANSWERED", "30", "person", CALL_INBOUND, 35 },
    { "between two phones",
      { ROW("1", "101", "102", PHONE, PHONE_2, "Dial", "ANSWERED", 0, 35, 30) },
      "102", "101", "ANSWERED", "30", "person", CALL_INTERNAL, 35 },
    { "a feature code",
      { ROW("1", "101", "*97", PHONE, "", "VoiceMailMain", "ANSWERED", 0, 35, 35) },
      "*97", "101", "NO ANSWER", "0", "voicemail", CALL_INTERNAL, 35 },
    { "a phone with a name, and trunks are guessed",
      { ROW("1", "201", CUSTOMER, "SIP/alice-00000001", "SIP/provider-00000002", "Dial", "ANSWERED", 0, 35, 30) },
      CUSTOMER, "alice", "ANSWERED", "30", "person", CALL_OUTBOUND, 35 },
    { "a disposition that nobody knows is kept",
      { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "CANCEL", 0, 5, 0) },
      CUSTOMER, "101", "CANCEL", "0", NULL, CALL_OUTBOUND, 5 },
    { "an empty disposition gets a word",
      { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "", 0, 5, 0) },
      CUSTOMER, "101", "UNKNOWN", "0", NULL, CALL_OUTBOUND, 5 },
    { "a known result counts more than an unknown one",
      { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "CANCEL", 0, 5, 0),
        ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "failed", 5, 1, 0) },
      CUSTOMER, "101", "FAILED", "0", NULL, CALL_OUTBOUND, 6 },
};

static void test_asterisk_group_finds_party_and_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(calls); i++) {
        const struct want *want = &calls[i];
        struct made made;
        make(want->rows, &made);
        const struct call *call = &made.of.call;
        unit_same_text(want->name, call->id, "1729771100.1");
        unit_same_text(want->name, call->number, want->number);
        unit_same_text(want->name, call->agent, want->agent);
        unit_same_text(want->name, call->status, want->status);
        unit_same_text(want->name, call_extra(call, "billsec"), want->billsec);
        unit_same_text(want->name, call_extra(call, "answered_by"), want->answered_by);
        unit_same_int(want->name, call->direction, want->direction);
        unit_same_int(want->name, call->length, want->length);
        unit_same_int(want->name, call->started, E);
        unit_same_int(want->name, call->ended, E + want->length);
        unit_same_int(want->name, made.of.made, E);
        unit_same_int(want->name, call->age, 3600);
        unit_true(want->name, !call->is_oddly_dated);
        clear(&made);
    }
}

static void test_asterisk_group_has_dial_s_words_for_known_results(void **state)
{
    (void)state;
    static const char *const cases[][2] = { { "ANSWERED", "ANSWER" }, { "NO ANSWER", "NOANSWER" }, { "BUSY", "BUSY" },
                                            { "FAILED", "CHANUNAVAIL" }, { "CONGESTION", "CONGESTION" },
                                            { "CANCEL", NULL } };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        const struct given rows[] = { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", cases[i][0], 0, 5, 2), END };
        struct made made;
        make(rows, &made);
        unit_same_text(cases[i][0], call_extra(&made.of.call, "dial_status"), cases[i][1]);
        clear(&made);
    }
}

static void test_asterisk_group_takes_the_campaign_from_accountcode_else_from_the_setting(void **state)
{
    (void)state;
    const struct given with[] = { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "FAILED", 0, 1, 0),
                                  ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "ANSWERED", 1, 5, 2,
                                    .accountcode = "SALES"),
                                  END };
    const struct given without[] = { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "ANSWERED", 0, 5, 2), END };
    struct made made;
    make(with, &made);
    assert_string_equal(made.of.call.campaign, "SALES");
    clear(&made);
    make(without, &made);
    assert_string_equal(made.of.call.campaign, "DEFAULT");
    clear(&made);
}

static void test_asterisk_group_uses_the_trunks_in_the_settings(void **state)
{
    (void)state;
    const struct given rows[] = { ROW("1", "15559876543", CUSTOMER, "SIP/alice-1", "SIP/4711-2", "Dial", "ANSWERED", 0,
                                      5, 2),
                                  END };
    struct made made;
    make_at(rows, "SIP/4711", E + 3600, &made);
    assert_int_equal(made.of.call.direction, CALL_OUTBOUND);
    assert_string_equal(made.of.call.agent, "alice");
    clear(&made);
    make_at(rows, "alice", E + 3600, &made);
    assert_int_equal(made.of.call.direction, CALL_INBOUND);
    assert_string_equal(made.of.call.number, "15559876543");
    clear(&made);
}

/* ---- finality ---- */

static void test_asterisk_group_is_final_a_settle_time_after_its_newest_end(void **state)
{
    (void)state;
    const struct given rows[] = { ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "FAILED", 0, 90, 0),
                                  ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "ANSWERED", 1, 40, 2),
                                  END };
    struct made made;
    make_at(rows, "", E + 90 + SETTLE - 1, &made);
    assert_int_equal(made.of.call.finality, CALL_NOT_FINAL);
    assert_int_equal(made.of.call.wait_until, E + 90 + SETTLE);
    clear(&made);
    make_at(rows, "", E + 90 + SETTLE, &made);
    assert_int_equal(made.of.call.finality, CALL_FINAL);
    clear(&made);
}

/* Asterisk writes the agents' rows when their phones hang up. The customer still waits in the queue then. */
static void test_asterisk_group_waits_for_the_row_of_the_first_channel(void **state)
{
    (void)state;
    const struct given rows[] = { ROW("2", CUSTOMER, "101", "Local/101@from-queue-1;2", PHONE, "Dial", "NO ANSWER", 10,
                                      15, 0),
                                  END };
    struct made made;
    make_at(rows, "", E + 25 + SETTLE + ASTERISK_HEAD_WAIT_SEC - 1, &made);
    assert_int_equal(made.of.call.finality, CALL_NOT_FINAL);
    assert_int_equal(made.of.call.wait_until, E + 25 + SETTLE + ASTERISK_HEAD_WAIT_SEC);
    assert_int_equal(made.of.made, E);
    assert_int_equal(made.of.call.started, E + 10);
    clear(&made);
    make_at(rows, "", E + 25 + SETTLE + ASTERISK_HEAD_WAIT_SEC, &made);
    assert_int_equal(made.of.call.finality, CALL_FINAL);
    clear(&made);
}

/* A later row that changes the result makes the call sent again. Any other later row does not. */
static void test_asterisk_group_has_another_fingerprint_when_its_result_changes(void **state)
{
    (void)state;
    const struct given first[] = { ROW("1", CUSTOMER, "101", TRUNK, PHONE, "Dial", "ANSWERED", 0, 60, 50), END };
    const struct given idle[] = { first[0],
                                  ROW("2", "x", "y", "Local/5@z-1;2", "", "NoOp", "NO ANSWER", 5, 1, 0), END };
    const struct given longer[] = { first[0], ROW("1", CUSTOMER, "102", TRUNK, PHONE_2, "Dial", "ANSWERED", 60, 5, 4),
                                    END };
    const struct given talk[] = { ROW("1", CUSTOMER, "101", TRUNK, PHONE, "Dial", "ANSWERED", 0, 60, 49), END };
    struct made one, same, grown, other;
    make(first, &one);
    make(idle, &same);
    make(longer, &grown);
    make(talk, &other);
    assert_true(call_fingerprint(&one.of.call) == call_fingerprint(&same.of.call));
    assert_true(call_fingerprint(&one.of.call) != call_fingerprint(&grown.of.call));
    assert_true(call_fingerprint(&one.of.call) != call_fingerprint(&other.of.call));
    clear(&one);
    clear(&same);
    clear(&grown);
    clear(&other);
}

static void test_asterisk_group_counts_a_duplicate_row_once(void **state)
{
    (void)state;
    const struct given row = ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "ANSWERED", 0, 65, 60);
    const struct given other = ROW("1", "101", CUSTOMER, PHONE, TRUNK, "Dial", "ANSWERED", 70, 65, 60);
    struct asterisk_row *rows[] = { row_of(&other, 2), row_of(&row, 1), row_of(&row, 1), row_of(&other, 2) };
    assert_int_equal(asterisk_group_sort(rows, 4), 2);
    assert_true(rows[0]->local_sec < rows[1]->local_sec);
    free(rows[0]);
    free(rows[1]);
    assert_int_equal(asterisk_group_sort(rows, 0), 0);
    assert_int_equal(asterisk_group_length(rows, 0), 0);
}

/* ---- the time of a call: in autumn an hour repeats ---- */

/* A row with date local_sec, of a channel that was created at epoch channel. */
static struct asterisk_row *dated(int64_t channel, int64_t local_sec)
{
    static const struct asterisk_widths widths = { .uniqueid = 32, .linkedid = 32 };
    char uniqueid[40];
    (void)snprintf(uniqueid, sizeof uniqueid, "%lld.1", (long long)channel);
    const char *columns[ASTERISK_COLUMNS] = { [ASTERISK_UNIQUEID] = channel != 0 ? uniqueid : "x",
                                              [ASTERISK_LINKEDID] = "1729771100.1" };
    return asterisk_row_make(columns, local_sec, &widths);
}

static void test_asterisk_group_knows_both_passes_of_the_repeated_hour(void **state)
{
    (void)state;
    const int64_t change = 1729990800; /* 2024-10-27 01:00 UTC: 03:00 becomes 02:00 in Berlin */
    const struct zone both = zone_of(7200, 3600), reversed = zone_of(3600, 7200), summer = zone_of(7200, 0);
    const struct {
        const char *name;
        const struct zone *zone;
        int64_t channels[2], starts[2], offsets[2];
    } cases[] = {
        { "first pass", &both, { change - 1800, 0 }, { change - 1800, 0 }, { 7200, 0 } },
        { "second pass", &both, { change + 1800, 0 }, { change + 1800, 0 }, { 3600, 0 } },
        { "first pass, zones the other way round", &reversed, { change - 1800, 0 }, { change - 1800, 0 }, { 7200, 0 } },
        { "second pass, zones the other way", &reversed, { change + 1800, 0 }, { change + 1800, 0 }, { 3600, 0 } },
        { "a call across the change", &both, { change - 600, change - 600 }, { change - 600, change + 600 },
          { 7200, 3600 } },
        { "two days later: a fork after more than an hour", &both, { change + 86400, change + 86400 },
          { change + 86400, change + 86400 + 5000 }, { 3600, 3600 } },
        { "summer: a fork after more than an hour", &both, { change - 86400, change - 86400 },
          { change - 86400, change - 86400 + 5000 }, { 7200, 7200 } },
        { "a second late", &both, { change + 1800, 0 }, { change + 1801, 0 }, { 3600, 0 } },
        { "a second early", &both, { change + 1800, 0 }, { change + 1799, 0 }, { 3600, 0 } },
        { "a second early, one zone", &summer, { change - 1800, 0 }, { change - 1801, 0 }, { 7200, 0 } },
        { "of two offsets that fit, that of the row closest to its channel", &both, { change + 86400, change + 80000 },
          { change + 86401, change + 86400 }, { 3600, 3600 } },
        { "one zone", &summer, { change - 1800, 0 }, { change - 1800, 0 }, { 7200, 0 } },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        size_t count = cases[i].channels[1] != 0 ? 2 : 1;
        struct asterisk_row *rows[2];
        for (size_t k = 0; k < count; k++)
            rows[k] = dated(cases[i].channels[k], cases[i].starts[k] + cases[i].offsets[k]);
        unit_true(cases[i].name, asterisk_group_date(rows, count, cases[i].zone));
        for (size_t k = 0; k < count; k++) {
            unit_same_int(cases[i].name, rows[k]->started, cases[i].starts[k]);
            free(rows[k]);
        }
    }
}

static void test_asterisk_group_uses_the_channel_s_time_if_no_zone_fits(void **state)
{
    (void)state;
    const struct zone east = zone_of(7200, 0), none = { .count = 0 };
    struct asterisk_row *west = dated(E, E - 18000), *plain = dated(0, E + 7200);
    assert_false(asterisk_group_date(&west, 1, &east));
    assert_int_equal(west->started, E);
    assert_true(asterisk_group_date(&plain, 1, &east)); /* the zone is possible */
    assert_int_equal(plain->started, E);
    assert_true(asterisk_group_date(&plain, 1, &none));
    assert_int_equal(plain->started, E + 7200);
    free(west);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asterisk_group_finds_party_and_result),
        cmocka_unit_test(test_asterisk_group_has_dial_s_words_for_known_results),
        cmocka_unit_test(test_asterisk_group_takes_the_campaign_from_accountcode_else_from_the_setting),
        cmocka_unit_test(test_asterisk_group_uses_the_trunks_in_the_settings),
        cmocka_unit_test(test_asterisk_group_is_final_a_settle_time_after_its_newest_end),
        cmocka_unit_test(test_asterisk_group_waits_for_the_row_of_the_first_channel),
        cmocka_unit_test(test_asterisk_group_has_another_fingerprint_when_its_result_changes),
        cmocka_unit_test(test_asterisk_group_counts_a_duplicate_row_once),
        cmocka_unit_test(test_asterisk_group_knows_both_passes_of_the_repeated_hour),
        cmocka_unit_test(test_asterisk_group_uses_the_channel_s_time_if_no_zone_fits),
    };
    return cmocka_run_group_tests_name("asterisk_group", tests, NULL, NULL);
}
