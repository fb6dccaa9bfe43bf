/* Tests of place_drive_verdict: what Google Drive's errors mean, and what to do. */
#include "../unit.h"

#include "recording/place_drive_verdict.h"

static const struct drive_asker asker = { .account = "sync@p", .names_the_folder = true };

static struct transfer_failure verdict(long status, const char *reason, const struct drive_asker *who)
{
    char body[300];
    struct transfer_failure failure;
    (void)snprintf(body, sizeof body, "{\"error\":{\"code\":%ld,\"message\":\"Words.\",\"errors\":["
                   "{\"domain\":\"global\",\"reason\":\"%s\",\"message\":\"Words.\"}]}}", status, reason);
    drive_verdict(&(struct http_answer){ .status = status, .body = *reason != '\0' ? body : "<html>" }, who, &failure);
    return failure;
}

static void test_drive_verdict_distinguishes_temporary_from_lasting_errors(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *reason;
        enum transfer_fault fault;
        const char *remedy;
    } rows[] = {
        { 500, "backendError", TRANSFER_RETRY, "" },
        { 503, "", TRANSFER_RETRY, "" },
        { 429, "", TRANSFER_RATE_LIMITED, "lower concurrency" },
        { 429, "rateLimitExceeded", TRANSFER_RATE_LIMITED, "lower concurrency" },
        { 403, "userRateLimitExceeded", TRANSFER_RATE_LIMITED, "lower concurrency" },
        { 403, "rateLimitExceeded", TRANSFER_RATE_LIMITED, "lower concurrency" },
        { 403, "storageQuotaExceeded", TRANSFER_MISCONFIGURED, "a service account has no storage" },
        { 403, "quotaExceeded", TRANSFER_MISCONFIGURED, "free space in the Google Drive of sync@p" },
        { 403, "dailyLimitExceeded", TRANSFER_MISCONFIGURED, "tomorrow" },
        { 403, "teamDriveFileLimitExceeded", TRANSFER_MISCONFIGURED, "Shared drive is full" },
        { 403, "numChildrenInNonRootLimitExceeded", TRANSFER_MISCONFIGURED, "folder is full" },
        { 403, "accessNotConfigured", TRANSFER_MISCONFIGURED, "switch the Google Drive API on" },
        { 403, "insufficientPermissions", TRANSFER_MISCONFIGURED, "lacks the scope drive" },
        { 403, "insufficientFilePermissions", TRANSFER_MISCONFIGURED, "make sync@p a Content manager" },
        { 403, "appNotAuthorizedToFile", TRANSFER_MISCONFIGURED, "share the folder" },
        { 403, "domainPolicy", TRANSFER_MISCONFIGURED, "administrator" },
        { 403, "", TRANSFER_MISCONFIGURED, "check what sync@p may do" },
        { 401, "authError", TRANSFER_MISCONFIGURED, "check what sync@p may do" },
        { 404, "notFound", TRANSFER_MISCONFIGURED, "share it with sync@p" },
        { 302, "", TRANSFER_MISCONFIGURED, "correct endpoint" },
        { 400, "invalid", TRANSFER_REJECTED, "" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct transfer_failure failure = verdict(rows[i].status, rows[i].reason, &asker);
        unit_same_int(rows[i].reason, failure.fault, rows[i].fault);
        unit_true(rows[i].reason, strstr(failure.remedy, rows[i].remedy) != NULL);
        unit_true(rows[i].reason, strstr(failure.remedy, "%s") == NULL);
    }
}

static void test_drive_verdict_depends_on_the_account_and_the_request(void **state)
{
    (void)state;
    static const struct drive_asker person = { .account = "client", .is_user = true };
    assert_non_null(strstr(verdict(403, "storageQuotaExceeded", &person).remedy, "free space"));
    assert_int_equal(verdict(404, "notFound", &person).fault, TRANSFER_RETRY);
    struct transfer_failure failure;
    drive_verdict(&(struct http_answer){ .failure = "timed out", .body = "" }, &person, &failure);
    assert_int_equal(failure.fault, TRANSFER_RETRY);
    drive_verdict(&(struct http_answer){ .status = 503, .body = "", .retry_after_sec = 17 }, &person, &failure);
    assert_int_equal(failure.wait_sec, 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drive_verdict_distinguishes_temporary_from_lasting_errors),
        cmocka_unit_test(test_drive_verdict_depends_on_the_account_and_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
