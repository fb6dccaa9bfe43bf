/* place_s3_verdict: the errors of S3. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "recording/place_s3_verdict.h"

/* The errors that no retry solves, by the server's code. */
static const struct {
    const char *code, *remedy;
} remedies[] = {
    { "NoSuchBucket", "; make the bucket, or correct bucket in [recordings]" },
    { "InvalidAccessKeyId", "; correct access_key in [recordings]" },
    { "SignatureDoesNotMatch", "; correct the secret in secret_key_file of [recordings]" },
    { "AuthorizationHeaderMalformed", "; correct region in [recordings]" },
    { "RequestTimeTooSkewed", "; set this host's clock" },
    { "AccessDenied", "; let the access key put objects into the bucket" },
    { "QuotaExceeded", "; raise the quota of the bucket" },
    { "PermanentRedirect", "; correct region and endpoint in [recordings]" },
};

const char *s3_element(const char *xml, const char *name, char *out, size_t size)
{
    char tag[S3_CODE_SIZE], text[400];
    (void)snprintf(tag, sizeof tag, "<%s>", name);
    const char *at = strstr(xml, tag), *begin = at != NULL ? at + strlen(tag) : NULL;
    const char *end = begin != NULL ? strchr(begin, '<') : NULL;
    *out = '\0';
    if (end == NULL)
        return NULL;
    (void)snprintf(text, sizeof text, "%.*s", (int)(end - begin < 399 ? end - begin : 399), begin);
    (void)str_printable(text, out, size);
    return end;
}

const char *s3_code(const struct http_answer *answer, char out[S3_CODE_SIZE])
{
    (void)s3_element(answer->body, "Code", out, S3_CODE_SIZE);
    return out;
}

static enum transfer_fault fault_of(long status, const char *code, bool is_final)
{
    if (is_final)
        return TRANSFER_MISCONFIGURED;
    if (status == 429 || strcmp(code, "SlowDown") == 0)
        return TRANSFER_RATE_LIMITED;
    return status == 400 && strcmp(code, "XAmzContentSHA256Mismatch") != 0 ? TRANSFER_REJECTED : TRANSFER_RETRY;
}

void s3_verdict(const struct http_answer *answer, struct transfer_failure *ret_failure)
{
    if (answer->failure != NULL) {
        bool is_reached = answer->status != 0;
        (void)transfer_fail(ret_failure, TRANSFER_RETRY,
                            is_reached ? "" : "; check endpoint in [recordings], and the network",
                            "could not %s the bucket's server: %.300s",
                            is_reached ? "read the answer of" : "reach", answer->failure);
        return;
    }
    char code[S3_CODE_SIZE], words[200];
    (void)s3_code(answer, code);
    (void)s3_element(answer->body, "Message", words, sizeof words);
    long status = answer->status;
    bool is_final = (status >= 300 && status <= 399) || status == 401 || (status >= 403 && status <= 405);
    const char *remedy = is_final ? "; check endpoint, region, bucket and access_key in [recordings]" : "";
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (strcmp(remedies[i].code, code) == 0) {
            remedy = remedies[i].remedy;
            is_final = true;
        }
    (void)transfer_fail(ret_failure, fault_of(status, code, is_final), remedy,
                        "the bucket's server answered HTTP %ld%s%s%s%s", status, *code != '\0' ? " " : "", code,
                        *words != '\0' ? ": " : "", words);
    ret_failure->wait_sec = answer->retry_after_sec > 0 ? answer->retry_after_sec : 0;
}
