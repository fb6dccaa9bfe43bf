/* check_api: the part of `check` that asks the API. */
#include <stdbool.h>

#include "base/json.h"
#include "commands/check_api.h"
#include "sink/delivery.h"

#define AREA "API"

/* The answer to the one request. */
struct probe {
    struct judgement judgement;
    long status;    /* 0: none came */
    bool is_object; /* the body is a JSON object, as all of the API's answers are */
};

static void note_answer(void *context, size_t index, const struct answer *answer)
{
    (void)index;
    struct probe *probe = context;
    struct json *object = json_parse(answer->body);
    probe->judgement = verdict_of(answer);
    probe->status = answer->failure == NULL ? answer->status : 0;
    probe->is_object = object != NULL;
    json_free(object);
}

static size_t one_at_a_time(void *context)
{
    (void)context;
    return 1;
}

/* The API has read the key before it finds that {} lacks a call: a refusal of the content proves the key. A web server
 * that answers 400 by itself (nginx, to plain http on its TLS port) proves nothing: only the API says it in JSON. */
static void judge(struct check_report *report, const struct settings_api *api, const struct probe *probe)
{
    const struct judgement *judgement = &probe->judgement;
    const char *url = api->base_url, *origin = api->base_url_origin;
    if (judgement->verdict == VERDICT_REJECTED && probe->is_object)
        check_good(report, AREA, "%s answers and accepts the key", url);
    else if (judgement->verdict == VERDICT_REJECTED)
        check_fail(report, AREA, EX_CONFIG, "is api_base_url the API's address, or a web server's?",
                   "%s (%s): HTTP %ld, but not in the API's words", url, origin, probe->status);
    else if (judgement->verdict == VERDICT_ACCEPTED)
        check_warn(report, AREA, "make sure that api_base_url is the DID Optimizer API's address",
                   "%s (%s) accepted an empty call, so it says nothing of the key", url, origin);
    else {
        bool refused = judgement->verdict == VERDICT_REFUSED;
        const char *advice = judgement->advice; /* "; check ..." */
        check_fail(report, AREA, refused ? EX_CONFIG : EX_UNAVAILABLE, *advice != '\0' ? advice + 2 : "ask the API's owner",
                   "%s (%s)%s: %s", url, origin, refused ? "" : " does not work", judgement->reason);
    }
}

void check_api(struct check_report *report, const struct settings_api *api)
{
    struct err err;
    struct delivery *delivery = NULL;
    struct probe probe = { .judgement = { .verdict = VERDICT_RETRY } };
    struct delivery_request empty = { .body = "{}" };
    struct delivery_observer observer = { .on_answer = note_answer, .on_turn = one_at_a_time, .context = &probe };
    if (delivery_open(api, &delivery, &err) != 0 || delivery_run(delivery, &empty, 1, &observer, &err) != 0)
        check_fail_err(report, AREA, &err);
    else
        judge(report, api, &probe);
    delivery_close(delivery);
}
