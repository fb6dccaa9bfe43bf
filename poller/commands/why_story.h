/* why_story: what the ledger, and perhaps the source, know of one call, for `why` and for the live page. */
#ifndef WHY_STORY_H
#define WHY_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "domain/explanation.h"
#include "ledger/records.h"
#include "sink/sink.h"
#include "source/source.h"

/* Begin with uniqueid, and with zero in all other members; `where` is then EXPLANATION_ROW_UNKNOWN. Texts are copies,
 * but uniqueid is borrowed. Ownership: why_story_free. */
struct why_story {
    const char *uniqueid;
    bool known;               /* the ledger has the call */
    struct records_call call;
    struct records_attempt *attempts; /* before call.last, oldest first */
    int64_t attempt_count;
    struct call *row;         /* the source's row of the call; NULL: none */
    enum explanation_row where;
    const char *const *places; /* see struct source_ops */
    char problem[1200];       /* why the source could not be read; "": it was read */
    struct explanation_facts facts;
    const struct sink_ops *sink; /* the kind that explains the codes; NULL: unknown */
    char extras[200]; /* the names of the extras in the fingerprint, "term_reason"; "": none */
    char sentence[1200]; /* the explanation */
};

/* why_story_read: reads the ledger's part. Errors: EX_IOERR. */
int why_story_read(struct ledger *ledger, struct why_story *story, struct err *err) MUST_CHECK;

/* why_story_use_source: takes the name of the source, for the sentence, and the names of its extras that can make the
 * program send a call again. source may be NULL. */
void why_story_use_source(struct why_story *story, const struct source_ops *source);

/* why_story_mask: hides the telephone number in each text with the function hide (see mask.h). Call it before
 * why_story_explain. */
typedef void why_story_hide(char *text, const char *phone);
void why_story_mask(struct why_story *story, why_story_hide *hide);

/* why_story_explain: writes the sentence. settings are borrowed until why_story_free. */
void why_story_explain(struct why_story *story, const struct settings_sync *settings);

/* why_story_is_change_of_extras: whether a version that was accepted was sent again, although nothing changed that the
 * ledger keeps of an attempt. Then one of the extras changed: the ledger has only a hash of them. */
bool why_story_is_change_of_extras(const struct why_story *story, const struct records_attempt *attempt);

/* why_story_json: the story as `why --json` prints it. It borrows the texts of story. Ownership: json_free. */
struct json *why_story_json(const struct why_story *story) MUST_CHECK;

const char *why_story_state_name(enum call_state state);

void why_story_free(struct why_story *story);

#endif
