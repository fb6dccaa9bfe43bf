/* bigquery_state: what the sink remembers from one run to the next. */
#include <stdio.h>
#include <stdlib.h>

#include "base/fileutil.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/bigquery_state.h"

#define NAME "bigquery.state"
#define MOST_BYTES 4096

static bool read_number(const struct json *json, const char *name, int64_t *ret_number)
{
    char *text = json_text_or_number(json_member(json, name));
    bool good = text != NULL && str_to_int(text, ret_number);
    free(text);
    return good;
}

static bool read(const struct json *json, struct bigquery_state *state)
{
    const char *digest = json_text(json, "digest"), *job = json_text(json, "job");
    state->is_open = json_is(json, "is_open", true);
    state->is_reported = json_is(json, "is_reported", true);
    if (digest == NULL)
        return false;
    (void)snprintf(state->digest, sizeof state->digest, "%s", digest);
    (void)snprintf(state->job, sizeof state->job, "%s", str_or_empty(job));
    if (!read_number(json, "job_at", &state->job_at))
        state->job_at = 0;
    return read_number(json, "loaded", &state->loaded) && read_number(json, "seen_us", &state->seen_us) &&
           read_number(json, "sandbox", &state->sandbox) && read_number(json, "no_login", &state->no_login) &&
           read_number(json, "started", &state->started);
}

void bigquery_state_load(const char *state_dir, struct bigquery_state *ret_state)
{
    char *path = mem_format("%s/" NAME, state_dir), *text = NULL;
    bool is_missing = false;
    *ret_state = (struct bigquery_state){ .loaded = 0 };
    int result = fileutil_read(path, MOST_BYTES, FILEUTIL_REFUSE_LINK, &text, &is_missing, NULL);
    struct json *json = text != NULL ? json_parse(text) : NULL;
    if (!is_missing && (result != 0 || json == NULL || !read(json, ret_state)))
        *ret_state = (struct bigquery_state){ .is_open = true };
    json_free(json);
    free(text);
    free(path);
}

int bigquery_state_save(const char *state_dir, const struct bigquery_state *state, struct err *err)
{
    struct json *json = json_object();
    char seen[STR_INT_SIZE];
    json_add_int(json, "loaded", state->loaded);
    json_add_text(json, "seen_us", str_of_int(state->seen_us, seen)); /* a reader might lose digits of a number */
    json_add_int(json, "sandbox", state->sandbox);
    json_add_int(json, "no_login", state->no_login);
    json_add_bool(json, "is_open", state->is_open);
    json_add_bool(json, "is_reported", state->is_reported);
    json_add_text(json, "digest", state->digest);
    json_add_int(json, "started", state->started);
    json_add_text(json, "job", state->job);
    json_add_int(json, "job_at", state->job_at);
    char *text = json_print(json);
    json_free(json);
    int result = fileutil_replace(state_dir, NAME, text, err);
    free(text);
    return result;
}
