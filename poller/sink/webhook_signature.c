/* webhook_signature: signs a message by the rules of Standard Webhooks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "sink/webhook_signature.h"

#define PREFIX "whsec_"
#define BLANKS " \t\r\n"

#define HOW_TO_MAKE "make one with: echo whsec_$(openssl rand -base64 32)"

static int read_one(const char *word, size_t length, const char *origin, struct webhook_secrets *secrets,
                    struct err *err)
{
    size_t head = strlen(PREFIX);
    unsigned char bytes[3 * WEBHOOK_SECRET_MOST];
    size_t count = 0;
    if (length < head || strncmp(word, PREFIX, head) != 0)
        return err_set(err, EX_CONFIG, "%s: secret does not begin with " PREFIX "; copy it from the receiver, or "
                       HOW_TO_MAKE, origin);
    if (length - head > sizeof bytes || !base64_decode(word + head, length - head, bytes, &count))
        return err_set(err, EX_CONFIG, "%s: the text after " PREFIX " in secret is not base64; copy the "
                       "secret again", origin);
    if (count < WEBHOOK_SECRET_LEAST || count > WEBHOOK_SECRET_MOST)
        (void)err_set(err, EX_CONFIG, "%s: secret has %zu bytes; Standard Webhooks asks for %d to %d; " HOW_TO_MAKE,
                      origin, count, WEBHOOK_SECRET_LEAST, WEBHOOK_SECRET_MOST);
    else if (secrets->count == WEBHOOK_SECRETS)
        (void)err_set(err, EX_CONFIG, "%s: secret has more than %d secrets; keep those that the receiver still knows",
                      origin, WEBHOOK_SECRETS);
    else {
        memcpy(secrets->items[secrets->count].bytes, bytes, count);
        secrets->items[secrets->count++].length = count;
        explicit_bzero(bytes, sizeof bytes);
        return 0;
    }
    explicit_bzero(bytes, sizeof bytes);
    return -1;
}

int webhook_secrets_read(const char *text, const char *origin, struct webhook_secrets *ret_secrets, struct err *err)
{
    int result = 0;
    *ret_secrets = (struct webhook_secrets){ .count = 0 };
    for (text += strspn(text, BLANKS); result == 0 && *text != '\0'; text += strspn(text, BLANKS)) {
        size_t length = strcspn(text, BLANKS);
        result = read_one(text, length, origin, ret_secrets, err);
        text += length;
    }
    if (result == 0 && ret_secrets->count == 0)
        result = err_set(err, EX_CONFIG, "%s: secret is empty; copy it from the receiver, or " HOW_TO_MAKE, origin);
    if (result != 0)
        explicit_bzero(ret_secrets, sizeof *ret_secrets);
    return result;
}

void webhook_sign(const struct webhook_secrets *secrets, const char *id, int64_t timestamp, const char *body,
                  char out[WEBHOOK_SIGNATURE_SIZE])
{
    char *content = mem_format("%s.%" PRId64 ".%s", id, timestamp, body);
    size_t length = strlen(content), used = 0;
    *out = '\0';
    for (size_t i = 0; i < secrets->count; i++) {
        unsigned char mac[CRYPTO_SHA256_SIZE];
        char text[BASE64_SIZE(CRYPTO_SHA256_SIZE)];
        crypto_hmac_sha256(secrets->items[i].bytes, secrets->items[i].length, content, length, mac);
        base64_encode(mac, sizeof mac, text);
        used += (size_t)snprintf(out + used, WEBHOOK_SIGNATURE_SIZE - used, "%sv1,%s", used > 0 ? " " : "", text);
    }
    free(content);
}
