/* Tests of succession: which host may lead, in a table and in many random histories of three hosts. */
#include "../unit.h"

#include "engine/succession.h"

enum { T = 180, PATIENCE = 300, NOW = 1000000 };

static void test_succession_step(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct succession_notes notes;
        bool held, ours;
        enum succession_step want;
        struct succession_notes then;
    } rows[] = {
        { "ours", { NOW - 60, 0, NOW - 60 }, true, true, SUCCESSION_LEAD, { NOW, 0, NOW } },
        { "another's", { NOW - 60, 0, NOW - 60 }, true, false, SUCCESSION_FOLLOW, { 0, 0, NOW } },
        { "another's again", { 0, NOW - 100, NOW - 40 }, true, false, SUCCESSION_FOLLOW, { 0, 0, NOW } },
        { "fresh", { 0, 0, 0 }, false, false, SUCCESSION_WAIT, { 0, NOW, NOW } },
        { "led a moment ago", { NOW - T, 0, NOW - T }, false, false, SUCCESSION_TAKE, { NOW - T, 0, NOW - T } },
        { "led in this second", { NOW, 0, NOW }, false, false, SUCCESSION_TAKE, { NOW, 0, NOW } },
        { "two looks in a second", { 0, NOW - T, NOW }, false, false, SUCCESSION_TAKE, { 0, NOW - T, NOW } },
        { "led too long ago", { NOW - T - 1, 0, NOW - T }, false, false, SUCCESSION_WAIT, { NOW - T - 1, NOW, NOW } },
        { "led in the future", { NOW + 1, 0, NOW }, false, false, SUCCESSION_WAIT, { NOW + 1, NOW, NOW } },
        { "too early", { 0, NOW - T + 1, NOW - 60 }, false, false, SUCCESSION_WAIT, { 0, NOW - T + 1, NOW } },
        { "long enough", { 0, NOW - T, NOW - 60 }, false, false, SUCCESSION_TAKE, { 0, NOW - T, NOW } },
        { "a short gap", { 0, NOW - 900, NOW - PATIENCE }, false, false, SUCCESSION_TAKE, { 0, NOW - 900, NOW } },
        { "a gap", { 0, NOW - 900, NOW - PATIENCE - 1 }, false, false, SUCCESSION_WAIT, { 0, NOW, NOW } },
        { "the clock was set back", { 0, NOW + 500, NOW + 600 }, false, false, SUCCESSION_WAIT, { 0, NOW, NOW } },
        { "led last, too early", { NOW - 900, NOW - T + 1, NOW - 30 }, false, false, SUCCESSION_WAIT,
          { NOW - 900, NOW - T + 1, NOW } },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct succession_notes notes = rows[i].notes;
        struct succession_look look = { .now = NOW, .is_held = rows[i].held, .is_held_by_us = rows[i].ours,
                                        .takeover_after = T, .longest_gap = PATIENCE };
        unit_same_int(rows[i].name, succession_step(&look, &notes), rows[i].want);
        unit_same_int(rows[i].name, notes.led, rows[i].then.led);
        unit_same_int(rows[i].name, notes.vacant_since, rows[i].then.vacant_since);
        unit_same_int(rows[i].name, notes.looked, rows[i].then.looked);
    }
}

/* ---- histories ---- Seconds pass; each host runs once a minute at a second of its own, unless it is down. The lock is
 * lost when its host goes down, when the holder's connection breaks and when the server restarts; a holder that lives
 * takes it again within 5 s. */

enum { HOSTS = 3, LEASE = 290, SECONDS = 24 * 3600, HISTORIES = 200 };

struct host {
    struct succession_notes notes;
    int64_t down_until, renewed, relock_at; /* relock_at: the time of the holder's next try; 0: no holder */
};

struct world {
    struct host hosts[HOSTS];
    int64_t now;
    int owner; /* -1: the lock is free */
    int64_t free_since, leads_since, disturbed;
    int former, takeovers;
    uint64_t random;
};

static int64_t roll(struct world *world, int64_t sides)
{
    world->random = world->random * 6364136223846793005U + 1442695040888963407U;
    return (int64_t)((world->random >> 33) % (uint64_t)sides);
}

static void lose_lock(struct world *world)
{
    if (world->owner >= 0)
        world->free_since = world->now;
    world->owner = -1;
}

static void give_lock(struct world *world, int host)
{
    if (host != world->former && world->former >= 0) {
        world->takeovers++;
        /* The stated time: the former leader has not had the lock, nor has anybody else. One that had only just begun
         * may not have been seen by all. */
        if (world->free_since - world->leads_since > PATIENCE) {
            assert_true(world->now - world->free_since >= T);
            assert_true(world->now - world->hosts[world->former].notes.led > 60); /* its last run has ended */
        }
    }
    if (host != world->former)
        world->leads_since = world->now;
    world->owner = world->former = host;
    world->hosts[host].relock_at = world->now;
    world->hosts[host].renewed = world->now;
}

static void run_host(struct world *world, int number)
{
    struct host *host = &world->hosts[number];
    struct succession_look look = { .now = world->now, .is_held = world->owner >= 0,
                                    .is_held_by_us = world->owner == number, .takeover_after = T,
                                    .longest_gap = PATIENCE };
    host->renewed = world->now;
    enum succession_step step = succession_step(&look, &host->notes);
    if (step == SUCCESSION_TAKE) {
        give_lock(world, number);
        look.is_held = look.is_held_by_us = true;
        (void)succession_step(&look, &host->notes);
    }
}

/* The holder ends with its lease, or when another host leads. It takes a free lock again. */
static void hold(struct world *world, int number)
{
    struct host *host = &world->hosts[number];
    if (host->relock_at == 0)
        return;
    bool ends = world->now - host->renewed >= LEASE || (world->owner >= 0 && world->owner != number);
    if (ends && world->owner == number)
        lose_lock(world);
    if (ends)
        host->relock_at = 0;
    else if (world->owner < 0 && world->now >= host->relock_at)
        give_lock(world, number);
}

static void disturb(struct world *world)
{
    int host = (int)roll(world, HOSTS);
    int64_t what = roll(world, 600);
    /* A host looks at the lock once a minute, so it does not see changes in between. */
    if (what > 2 || world->now - world->disturbed <= 2 * PATIENCE)
        return;
    world->disturbed = world->now;
    switch (what) {
    case 0: /* the power fails for a minute or for an hour */
        world->hosts[host].down_until = world->now + 20 + roll(world, roll(world, 2) == 0 ? 120 : 3600);
        world->hosts[host].relock_at = 0;
        if (world->owner == host)
            lose_lock(world);
        break;
    case 1: /* the server restarts, or the connection breaks */
        lose_lock(world);
        for (int i = 0; i < HOSTS; i++)
            if (world->hosts[i].relock_at != 0)
                world->hosts[i].relock_at = world->now + 1 + roll(world, 5);
        break;
    default: /* the holder is killed */
        world->hosts[host].relock_at = 0;
        if (world->owner == host)
            lose_lock(world);
        break;
    }
}

static void test_succession_in_many_histories(void **state)
{
    (void)state;
    int takeovers = 0, led = 0;
    for (int history = 0; history < HISTORIES; history++) {
        struct world world = { .owner = -1, .former = -1, .random = (uint64_t)history + 1, .now = NOW };
        int64_t all_up_since = NOW;
        for (; world.now < NOW + SECONDS; world.now++) {
            disturb(&world);
            for (int i = 0; i < HOSTS; i++) {
                if (world.hosts[i].down_until > world.now || world.owner < 0)
                    all_up_since = world.hosts[i].down_until > world.now ? world.now : all_up_since;
                if (world.hosts[i].down_until > world.now)
                    continue;
                hold(&world, i);
                if (world.now % 60 == i * 17)
                    run_host(&world, i);
            }
            led += world.owner >= 0;
            /* When every host works, one of them soon leads. */
            assert_true(world.owner >= 0 || world.now - all_up_since < T + 180 ||
                        world.now - world.free_since < T + 180);
        }
        takeovers += world.takeovers;
    }
    assert_true(takeovers > HISTORIES);
    assert_true(led > HISTORIES * (SECONDS / 10 * 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_succession_step),
        cmocka_unit_test(test_succession_in_many_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
