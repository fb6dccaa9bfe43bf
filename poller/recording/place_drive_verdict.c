/* place_drive_verdict: judges the errors of Google Drive. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "recording/place_drive_verdict.h"

/* The errors that no retry solves, by Drive's reason, with the remedy; %s is the account's name. */
static const struct {
    const char *reason, *remedy;
} remedies[] = {
    { "storageQuotaExceeded", "; free space in the Google Drive of %s, or buy storage" },
    { "quotaExceeded", "; free space in the Google Drive of %s, or buy storage" },
    { "dailyLimitExceeded", "; the quota of the project is used up; recordings of %s go on tomorrow" },
    { "teamDriveFileLimitExceeded", "; the Shared drive is full; name a folder of another one in [recordings]" },
    { "numChildrenInNonRootLimitExceeded", "; the folder is full; name another folder in [recordings]" },
    { "accessNotConfigured", "; switch the Google Drive API on in the Google Cloud project of %s" },
    { "insufficientPermissions", "; the access of %s lacks the scope drive (for a person: drive.file); grant it "
                                 "again" },
    { "insufficientFilePermissions", "; make %s a Content manager of the Shared drive" },
    { "appNotAuthorizedToFile", "; let this program make the folder of %s itself, or share the folder with it" },
    { "domainPolicy", "; ask the administrator of the Workspace to allow Drive apps for %s" },
};

static const char *error_text(const struct json *json, const char *name)
{
    const struct json *error = json != NULL ? json_member(json, "error") : NULL;
    const struct json *first = error != NULL ? json_first(json_member(error, "errors")) : NULL;
    if (first == NULL)
        return "";
    const char *text = json_text(first, name);
    return str_or_empty(text != NULL ? text : json_text(error, name));
}

void drive_reason(const struct http_answer *answer, char *out, size_t size)
{
    struct json *json = json_parse(answer->body);
    (void)str_printable(error_text(json, "reason"), out, size);
    json_free(json);
}

static void stop(struct transfer_failure *failure, const struct drive_asker *asker, const char *format,
                 const char *words)
{
    const char *place = strstr(format, "%s");
    int before = place != NULL ? (int)(place - format) : (int)strlen(format);
    (void)transfer_fail(failure, TRANSFER_MISCONFIGURED, "", "Google Drive: %s", words);
    (void)snprintf(failure->remedy, sizeof failure->remedy, "%.*s%s%s", before, format,
                   place != NULL ? asker->account : "", place != NULL ? place + 2 : "");
}

/* Whether Drive only asks to slow down. */
static bool is_rate_limit(long status, const char *reason)
{
    return status == 429 || (status == 403 && (strcmp(reason, "userRateLimitExceeded") == 0 ||
                                               strcmp(reason, "rateLimitExceeded") == 0));
}

static void judge(const struct http_answer *answer, const struct drive_asker *asker, const char *reason,
                  const char *words, struct transfer_failure *failure)
{
    long status = answer->status;
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (strcmp(remedies[i].reason, reason) == 0) {
            bool no_storage = i == 0 && !asker->is_user;
            stop(failure, asker,
                 no_storage ? "; a service account has no storage: name a folder of a Shared drive in [recordings], "
                              "and make %s a Content manager of that drive; or use a person's token"
                            : remedies[i].remedy,
                 words);
            return;
        }
    if (is_rate_limit(status, reason))
        (void)transfer_fail(failure, TRANSFER_RATE_LIMITED,
                            "; lower concurrency or set rate in [recordings] if this lasts",
                            "Google Drive limits the rate of requests: %s", words);
    else if (status == 404 && asker->names_the_folder)
        stop(failure, asker,
             "; check folder in [recordings], and share it with %s: as Content manager of a Shared drive", words);
    else if (status == 401 || status == 403)
        stop(failure, asker, "; check what %s may do in the folder", words);
    else if (status == 400)
        (void)transfer_fail(failure, TRANSFER_REJECTED, "", "Google Drive refuses the recording: %s", words);
    else if (status >= 300 && status <= 399)
        stop(failure, asker, "; correct endpoint in [recordings]", "it redirects to another address");
    else
        (void)transfer_fail(failure, TRANSFER_RETRY, "", "Google Drive failed: %s", words);
}

void drive_verdict(const struct http_answer *answer, const struct drive_asker *asker,
                   struct transfer_failure *ret_failure)
{
    struct json *json = json_parse(answer->body);
    char reason[80], message[200], words[320];
    (void)str_printable(error_text(json, "reason"), reason, sizeof reason);
    (void)str_printable(error_text(json, "message"), message, sizeof message);
    json_free(json);
    if (answer->failure != NULL)
        (void)transfer_fail(ret_failure, TRANSFER_RETRY, answer->status != 0 ? "" : "; check the network",
                            "could not %s Google Drive: %.300s",
                            answer->status != 0 ? "read the answer of" : "reach", answer->failure);
    else {
        (void)snprintf(words, sizeof words, "HTTP %ld%s%s%s%s", answer->status, *reason != '\0' ? " " : "", reason,
                       *message != '\0' ? ": " : "", message);
        judge(answer, asker, reason, words, ret_failure);
    }
    ret_failure->wait_sec = answer->retry_after_sec > 0 ? answer->retry_after_sec : 0;
}
