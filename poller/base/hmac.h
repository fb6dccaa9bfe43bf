/* hmac: a signature by a shared secret (RFC 2104), over libcrypto. */
#ifndef HMAC_H
#define HMAC_H

#include <stddef.h>

#define HMAC_SHA256_SIZE 32

/* hmac_sha256: writes the HMAC-SHA256 of length bytes of text to out. */
void hmac_sha256(const void *key, size_t key_length, const char *text, size_t length,
                 unsigned char out[HMAC_SHA256_SIZE]);

#endif
