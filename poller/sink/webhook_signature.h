/* webhook_signature: signs a message by the rules of Standard Webhooks (standardwebhooks.com, symmetric, v1). */
#ifndef WEBHOOK_SIGNATURE_H
#define WEBHOOK_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The specification's limits of a secret, in bytes. */
#define WEBHOOK_SECRET_LEAST 24
#define WEBHOOK_SECRET_MOST 64

/* The most secrets at a time. While a receiver changes its secret, the old and the new one sign; two are a reserve. */
#define WEBHOOK_SECRETS 4

/* For each secret: "v1,", the base64 of 32 bytes, and a blank or the NUL at the end. */
#define WEBHOOK_SIGNATURE_SIZE (WEBHOOK_SECRETS * 48)

struct webhook_secrets {
    struct {
        unsigned char bytes[WEBHOOK_SECRET_MOST];
        size_t length;
    } items[WEBHOOK_SECRETS];
    size_t count;
};

/* webhook_secrets_read: reads secrets with white space between them, each "whsec_" and base64. origin: the place that
 * sets them, for messages. Errors: EX_CONFIG, without any part of a secret; *ret_secrets is then overwritten. */
int webhook_secrets_read(const char *text, const char *origin, struct webhook_secrets *ret_secrets,
                         struct err *err) MUST_CHECK;

/* webhook_sign: writes the value of the header webhook-signature to out: one signature for each secret. Pure. */
void webhook_sign(const struct webhook_secrets *secrets, const char *id, int64_t timestamp, const char *body,
                  char out[WEBHOOK_SIGNATURE_SIZE]);

#endif
