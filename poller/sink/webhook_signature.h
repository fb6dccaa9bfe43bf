/* webhook_signature: signs a message as Standard Webhooks says (standardwebhooks.com, symmetric signatures, v1). */
#ifndef WEBHOOK_SIGNATURE_H
#define WEBHOOK_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The specification's limits of a secret, in bytes. */
#define WEBHOOK_SECRET_LEAST 24
#define WEBHOOK_SECRET_MOST 64

/* So many secrets sign at a time: the old one and the new one while the receiver changes over, and room to spare. */
#define WEBHOOK_SECRETS 4

/* "v1," and the base64 of 32 bytes, for each secret, with a blank between them and a NUL at the end. */
#define WEBHOOK_SIGNATURE_SIZE (WEBHOOK_SECRETS * 48)

struct webhook_secrets {
    struct {
        unsigned char bytes[WEBHOOK_SECRET_MOST];
        size_t length;
    } items[WEBHOOK_SECRETS];
    size_t count;
};

/* webhook_secrets_read: reads secrets, "whsec_" and base64 each, with white space between them. origin: where they were
 * set, for people. Errors: EX_CONFIG, without a word of the secret; *ret_secrets is wiped then. */
int webhook_secrets_read(const char *text, const char *origin, struct webhook_secrets *ret_secrets,
                         struct err *err) MUST_CHECK;

/* webhook_sign: writes the value of the header webhook-signature to out: one signature for each secret. Pure. */
void webhook_sign(const struct webhook_secrets *secrets, const char *id, int64_t timestamp, const char *body,
                  char out[WEBHOOK_SIGNATURE_SIZE]);

#endif
