/* vicidial_recordings: reads recording_log. A row begins with the recording, and its location changes up to four times,
 * as scripts of VICIdial move and compress the file. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/vicidial_recordings.h"

/* Rows of recordings at one lead that a statement may read; a busy number of a test has many. */
#define MOST_ROWS 5000

/* A recording begins this long before or after its call, as the clocks of machines differ. */
#define SLACK_SEC 10

#define COLUMNS "vicidial_id, lead_id, location, start_epoch, end_epoch, length_in_sec"
enum { ID, LEAD, LOCATION, BEGAN, ENDED, LENGTH };

struct finding {
    const struct source_recording_key *keys;
    size_t count;
    bool *found; /* by key */
    bool by_lead;
    source_on_recording *on_recording;
    void *context;
};

/* The id that the row of a recording has: the uniqueid, or on inbound calls (UNIQUEID/cCLOSECALLID) the closecallid. */
static const char *id_of(const struct source_recording_key *key)
{
    const char *mark = strstr(key->call, "/c");
    return mark != NULL ? mark + 2 : key->call;
}

static int64_t number_of(const char *text)
{
    int64_t number = 0;
    return text != NULL && str_to_int(text, &number) ? number : 0;
}

/* At routing the row has the uniqueid that the call had then, or the code of a call that the agent dialled by hand. So
 * lead and time decide where the id does not. */
static bool is_of(const struct finding *finding, const struct source_recording_key *key, const char *const *row)
{
    if (!finding->by_lead)
        return row[ID] != NULL && strcmp(row[ID], id_of(key)) == 0;
    int64_t began = number_of(row[BEGAN]);
    return key->kin != NULL && row[LEAD] != NULL && strcmp(row[LEAD], key->kin) == 0 &&
           began >= key->began - SLACK_SEC && began <= key->ended + SLACK_SEC;
}

static void take_row(struct finding *finding, const char *const *row)
{
    const struct source_recording recording = { .url = str_or_empty(row[LOCATION]),
                                                .began = number_of(row[BEGAN]),
                                                .ended = number_of(row[ENDED]),
                                                .length = number_of(row[LENGTH]) };
    for (size_t i = 0; i < finding->count; i++)
        if (is_of(finding, &finding->keys[i], row)) {
            finding->found[i] = true;
            finding->on_recording(finding->context, i, &recording);
        }
}

static int ask(struct session *session, struct finding *finding, const char *column, const char *const *texts,
               size_t count, struct err *err)
{
    struct session_result *result = NULL;
    char *list = session_quote_all(session, texts, count);
    char *sql = mem_format("SELECT " COLUMNS " FROM recording_log FORCE INDEX (`%s`) WHERE %s IN (%s) LIMIT %d", column,
                           column, list, MOST_ROWS);
    int outcome = session_query(session, sql, "read recording_log", &result, err);
    free(sql);
    free(list);
    if (outcome != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        take_row(finding, row);
    session_free(result);
    return 0;
}

/* The server may not be able to compare other characters with the column. */
static bool is_ascii(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!isgraph((unsigned char)*at))
            return false;
    return *text != '\0';
}

int vicidial_recordings_find(struct session *session, const struct source_recording_key *keys, size_t count,
                             source_on_recording *on_recording, void *context, struct err *err)
{
    struct finding finding = { .keys = keys, .count = count, .found = mem_zero(count, sizeof(bool)),
                               .on_recording = on_recording, .context = context };
    const char **texts = mem_zero(count, sizeof *texts);
    size_t asked = 0;
    int result = 0;
    for (size_t i = 0; i < count; i++)
        if (is_ascii(id_of(&keys[i])))
            texts[asked++] = id_of(&keys[i]);
    if (asked > 0)
        result = ask(session, &finding, "vicidial_id", texts, asked, err);
    finding.by_lead = true;
    asked = 0;
    for (size_t i = 0; i < count; i++)
        if (!finding.found[i] && keys[i].kin != NULL && number_of(keys[i].kin) > 0)
            texts[asked++] = keys[i].kin;
    if (result == 0 && asked > 0)
        result = ask(session, &finding, "lead_id", texts, asked, err);
    free(texts);
    free(finding.found);
    return result;
}

static void ignore(void *context, size_t index, const struct source_recording *recording)
{
    (void)context;
    (void)index;
    (void)recording;
}

void vicidial_recordings_check(struct session *session, const struct findings *findings)
{
    static const struct source_recording_key nobody = { .call = "0", .kin = "1", .began = 1, .ended = 1 };
    struct err err;
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "recordings" };
    const struct source_finding bad = { .kind = SOURCE_WARNS,
                                        .about = "recordings",
                                        .remedy = "grant SELECT on recording_log as the example grant.sql does" };
    if (vicidial_recordings_find(session, &nobody, 1, ignore, NULL, &err) == 0)
        findings_tell(findings, good, "recordings are looked up in recording_log");
    else
        findings_tell(findings, bad, "recordings cannot be looked up: %s", err.message);
}
