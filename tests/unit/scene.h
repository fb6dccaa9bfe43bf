/* scene: runs with a source and a sink in memory. Ledger, checkpoint and log are in a temporary directory. A test can
 * let a run crash at any of its steps. */
#ifndef SCENE_H
#define SCENE_H

#include "unit.h"

#include "engine/forward.h"
#include "engine/poll.h"
#include "engine/revisit.h"
#include "memory_sink.h"
#include "memory_source.h"

#define SCENE_NOW INT64_C(1729771200) /* the source's clock at first */
#define SCENE_MOST 700                /* the most messages */

/* A message that the sink got. */
struct scene_sent {
    char id[32], status[16], key[SINK_KEY_SIZE];
    bool accepted;
};

/* The struct is in shared memory, because scene_run_apart runs in a child process. */
struct scene {
    char directory[200], log[240];
    struct memory_source calls;
    struct settings_sync settings; /* a batch has three calls; no sweep, no backfill_rate */
    struct settings_api api;       /* one request at a time */
    struct disposition_map *dispositions;
    bool dry_run;
    int64_t every;
    /* Returns the outcome of a message; nth: how many messages of the same call came before. NULL: all are accepted. */
    struct outcome (*answer)(struct scene *scene, const struct scene_sent *sent, size_t nth);
    struct scene_sent sent[SCENE_MOST];
    size_t sent_count;
    struct summary summary; /* of the last run */
    struct ledger *ledger;  /* see scene_ledger */
    size_t steps, crash_at; /* the steps of the run so far, and the step to crash at; 0: none */
};

int scene_enter(void **state);
int scene_leave(void **state);
#define in_scene(test) cmocka_unit_test_setup_teardown(test, scene_enter, scene_leave)

/* scene_begin_anew: returns to the beginning: no call, no message, and only the log on disk. */
void scene_begin_anew(struct scene *scene);

/* scene_add: adds a call with status SALE, in the order of ends. The result is borrowed until the next call is added or
 * dropped. */
struct call *scene_add(struct scene *scene, const char *id, int64_t ended);
/* scene_add_many: adds the calls PREFIX0, PREFIX1 and so on; each ends `step` seconds after the call before. */
void scene_add_many(struct scene *scene, const char *prefix, size_t count, int64_t first_end, int64_t step);
struct call *scene_call(struct scene *scene, const char *id);
void scene_archive(struct scene *scene, const char *id);
void scene_drop(struct scene *scene, const char *id);
void scene_pass(struct scene *scene, int64_t seconds);

/* scene_run: makes one run. scene_run_on: makes one run with the open ledger, if a ledger is open. scene_run_apart:
 * makes one run in a child process, which crashes at step crash_at; false: it crashed. */
void scene_run(struct scene *scene);
void scene_run_on(struct scene *scene);
bool scene_run_apart(struct scene *scene, size_t crash_at);

/* scene_ledger: the ledger, open until the next run. scene_close: closes the ledger. */
struct ledger *scene_ledger(struct scene *scene);
void scene_close(struct scene *scene);

/* scene_break: removes a table from the ledger, so that its statements fail. */
void scene_break(struct scene *scene, const char *table);

/* scene_engine: the engine of a run at its begin. It uses the scene's summary. */
struct engine scene_engine(struct scene *scene, const struct source *source, const struct sink *sink);
/* scene_take: adds a call to work, as a scan does. scene_revisit: reads a call again by its id and adds it to work. */
void scene_take(struct engine *engine, struct work *work, const struct call *call);
void scene_revisit(struct engine *engine, struct work *work, const char *id, int64_t ended);
/* scene_sink: a sink with the scene's answers; memory is borrowed. */
struct sink scene_sink(struct scene *scene, struct memory_sink *memory);

/* The results of runs. scene_ids: the ids of the messages from number first on, such as "1 2 3"; valid until the next
 * call of scene_ids. */
const char *scene_ids(const struct scene *scene, size_t first);
struct call_record scene_record(struct scene *scene, const char *id);
int64_t scene_note(struct scene *scene, const char *name);
struct position scene_file(const struct scene *scene); /* the checkpoint file; end_epoch 0: no file */
struct position scene_place(struct scene *scene, enum ledger_place which);
size_t scene_count_log(const struct scene *scene, const char *part);
void scene_check_log(const struct scene *scene, const char *row, const char *part);

/* scene_outcome: an outcome of this kind, with a reason. */
struct outcome scene_outcome(enum outcome_kind kind);

#endif
