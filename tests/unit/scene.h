/* scene: runs between a source and a sink in memory, with a ledger, a checkpoint and a log in a directory of their own.
 * A run can be made to crash at any of its steps. */
#ifndef SCENE_H
#define SCENE_H

#include "unit.h"

#include "engine/forward.h"
#include "engine/poll.h"
#include "engine/revisit.h"
#include "memory_sink.h"
#include "memory_source.h"

#define SCENE_NOW INT64_C(1729771200) /* the source's clock at first */
#define SCENE_MOST 500                /* messages */

/* What the sink got. */
struct scene_sent {
    char id[32], status[16], key[SINK_KEY_SIZE];
    bool accepted;
};

/* It lies in memory that a run in a process of its own writes to as well. */
struct scene {
    char directory[200], log[240];
    struct memory_source calls;
    struct settings_sync settings; /* a batch has three calls; no sweep, no backfill_rate */
    struct settings_api api;       /* one request at a time */
    struct disposition_map *dispositions;
    bool dry_run;
    int64_t every;
    /* What a message comes to, that has been sent nth times before; NULL: it is accepted. */
    struct outcome (*answer)(struct scene *scene, const struct scene_sent *sent, size_t nth);
    struct scene_sent sent[SCENE_MOST];
    size_t sent_count;
    struct summary summary; /* of the last run */
    struct ledger *ledger;  /* see scene_ledger */
    size_t steps, crash_at; /* 0: it does not crash */
};

int scene_enter(void **state);
int scene_leave(void **state);
#define in_scene(test) cmocka_unit_test_setup_teardown(test, scene_enter, scene_leave)

/* scene_begin_anew: as at the beginning: no call, no message, and nothing on disk but the log. */
void scene_begin_anew(struct scene *scene);

/* scene_add: a call of the status SALE, in the order of ends. Borrowed until the next one is added or dropped. */
struct call *scene_add(struct scene *scene, const char *id, int64_t ended);
/* scene_add_many: calls "PREFIX0" and on, that end one step after the other. */
void scene_add_many(struct scene *scene, const char *prefix, size_t count, int64_t first_end, int64_t step);
struct call *scene_call(struct scene *scene, const char *id);
void scene_archive(struct scene *scene, const char *id);
void scene_drop(struct scene *scene, const char *id);
void scene_pass(struct scene *scene, int64_t seconds);

/* scene_run: one run. scene_run_on: with the ledger that is open, if one is. scene_run_apart: in a process of its own, which ends at that step; whether it came to its end. */
void scene_run(struct scene *scene);
void scene_run_on(struct scene *scene);
bool scene_run_apart(struct scene *scene, size_t crash_at);

/* scene_ledger: open, until the next run. scene_close: that is over. */
struct ledger *scene_ledger(struct scene *scene);
void scene_close(struct scene *scene);

/* scene_break: the ledger loses a table. */
void scene_break(struct scene *scene, const char *table);

/* scene_engine: as a run has it when it begins. The summary is the scene's. */
struct engine scene_engine(struct scene *scene, const struct source *source, const struct sink *sink);
/* scene_take: takes a call in hand as a scan does that found it. scene_revisit: as one that is read again by its id. */
void scene_take(struct engine *engine, struct work *work, const struct call *call);
void scene_revisit(struct engine *engine, struct work *work, const char *id, int64_t ended);
/* scene_sink: one that the scene answers for; memory is borrowed. */
struct sink scene_sink(struct scene *scene, struct memory_sink *memory);

/* What there is afterwards. ids: "1 2 3", of the messages from the first one on; valid until the next call. */
const char *scene_ids(const struct scene *scene, size_t first);
struct call_record scene_record(struct scene *scene, const char *id);
int64_t scene_note(struct scene *scene, const char *name);
struct position scene_file(const struct scene *scene); /* the checkpoint; 0: there is none */
struct position scene_place(struct scene *scene, enum ledger_place which);
size_t scene_count_log(const struct scene *scene, const char *part);
void scene_check_log(const struct scene *scene, const char *row, const char *part);

/* Outcomes. */
struct outcome scene_outcome(enum outcome_kind kind);

#endif
