/* view_scene: ledgers of two profiles, and a view that is fed from them. */
#ifndef VIEW_SCENE_H
#define VIEW_SCENE_H

#include "../unit.h"

#include "base/mem.h"
#include "ledger/ledger.h"
#include "ledger/recordings.h"
#include "serve/view.h"
#include "serve/view_feed.h"

enum { LEDGERS = 2 };
static struct ledger *ledgers[LEDGERS];
static char state_dirs[LEDGERS][300], view_path[300];
static struct view_feed_profile profiles[LEDGERS] = { { "default", state_dirs[0] }, { "tenant", state_dirs[1] } };
static struct view_feed *feed;
static struct view *view;
static struct err err;

static inline void open_scene_ledger(int at)
{
    if (ledger_open(state_dirs[at], LEDGER_WRITE, &ledgers[at], NULL, &err) != 0)
        fail_msg("%s", err.message);
}

static inline void open_feed(void)
{
    if (view_feed_open(view_path, profiles, LEDGERS, &feed, &err) != 0)
        fail_msg("%s", err.message);
}

static inline int enter(void **state)
{
    if (unit_create_directory(state) != 0)
        return -1;
    (void)snprintf(view_path, sizeof view_path, "%s/view.db", (char *)*state);
    for (int i = 0; i < LEDGERS; i++) {
        (void)snprintf(state_dirs[i], sizeof state_dirs[i], "%s/%s", (char *)*state, profiles[i].name);
        assert_int_equal(mkdir(state_dirs[i], 0700), 0);
        open_scene_ledger(i);
    }
    open_feed();
    view = view_open(view_path);
    return 0;
}

static inline int leave(void **state)
{
    for (int i = 0; i < LEDGERS; i++)
        ledger_close(ledgers[i]);
    view_feed_close(feed);
    view_close(view);
    return unit_remove_directory(state);
}

#define in_scene(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static inline void step_until_done(void)
{
    for (bool busy = true; busy;)
        if (view_feed_step(feed, &busy, &err) != 0)
            fail_msg("%s", err.message);
}

/* A call with what differs in a test; empty texts are NULL in the ledger. */
struct scene_call {
    const char *id, *campaign, *number, *agent, *status, *result;
    int64_t ended, length;
    enum call_state state;
    enum call_direction direction;
    const char *reason;
};

static inline void put_call(int at, const struct scene_call *made)
{
    const struct call call = { .campaign = made->campaign, .number = made->number, .agent = made->agent,
                               .status = made->status, .length = made->length, .direction = made->direction };
    const struct ledger_attempt attempt = { .answer = 200, .took_ms = 80 };
    struct ledger_entry entry = { .uniqueid = made->id,
                                  .end_epoch = made->ended,
                                  .call = &call,
                                  .due = made->ended + 60,
                                  .result = made->result,
                                  .attempt = &attempt,
                                  .reason = made->reason };
    assert_int_equal(ledger_find(ledgers[at], made->id, &entry.record, &err), 0);
    entry.record.state = made->state;
    assert_int_equal(ledger_put(ledgers[at], &entry, &err), 0);
}

static inline void commit(int at)
{
    assert_int_equal(ledger_commit(ledgers[at], &err), 0);
}

/* The ids of a list, "c b a ". */
static char shown[20000];

static inline void show_id(void *context, const struct view_row *row)
{
    (void)context;
    size_t used = strlen(shown);
    (void)snprintf(shown + used, sizeof shown - used, "%s ", row->id);
}

static inline const char *list(const struct view_query *query, char next[VIEW_CURSOR_SIZE])
{
    *shown = '\0';
    if (view_list(view, query, show_id, NULL, next, &err) != 0)
        fail_msg("%s", err.message);
    return shown;
}

#endif
