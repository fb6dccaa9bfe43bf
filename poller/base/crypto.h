/* crypto: digests, signatures and passwords, over libcrypto. */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CRYPTO_MD5_SIZE 16
#define CRYPTO_SHA256_SIZE 32

/* crypto_hmac_sha256: writes the HMAC-SHA256 (RFC 2104) of length bytes of text to out. */
void crypto_hmac_sha256(const void *key, size_t key_length, const char *text, size_t length,
                        unsigned char out[CRYPTO_SHA256_SIZE]);

enum crypto_digest_kind { CRYPTO_MD5, CRYPTO_SHA256 };

struct crypto_digest;

/* crypto_digest_begin: begins a digest of bytes that come in pieces. NULL: this system's policy forbids the digest, as
 * FIPS forbids MD5. Ownership: crypto_digest_end, or crypto_digest_drop if nobody needs the digest any more.
 * crypto_digest_add: adds length bytes.
 * crypto_digest_end: writes the digest of all bytes to out, and frees it. Returns its size, which depends on the kind.
 * crypto_digest_drop: frees it. digest may be NULL. */
struct crypto_digest *crypto_digest_begin(enum crypto_digest_kind kind) MUST_CHECK;
void crypto_digest_add(struct crypto_digest *digest, const void *bytes, size_t length);
size_t crypto_digest_end(struct crypto_digest *digest, unsigned char out[CRYPTO_SHA256_SIZE]);
void crypto_digest_drop(struct crypto_digest *digest);

/* crypto_hex: writes length bytes as lower-case hexadecimal digits to out, which has room for CRYPTO_HEX_SIZE(length).
 * Returns out. */
#define CRYPTO_HEX_SIZE(length) (2 * (length) + 1)
const char *crypto_hex(const unsigned char *bytes, size_t length, char *out);

/* crypto_random: fills out with size unpredictable bytes of the kernel; size is at most 256. Without them the program
 * ends. */
void crypto_random(void *out, size_t size);

/* crypto_equal: whether size bytes are equal, in a time that does not tell where they differ. */
bool crypto_equal(const void *a, const void *b, size_t size) MUST_CHECK;

/* crypto_scrypt: derives size bytes from a password (RFC 7914). n is a power of two; it takes 128 * r * n bytes of
 * memory and time in proportion to r * n * p. False: the numbers are wrong or need more than 256 MiB. */
struct crypto_scrypt_cost {
    uint64_t n, r, p;
};
bool crypto_scrypt(const char *password, const unsigned char *salt, size_t salt_size,
                   const struct crypto_scrypt_cost *cost, unsigned char *out, size_t size) MUST_CHECK;

/* crypto_sign_rs256: signs length bytes of text by RSASSA-PKCS1-v1_5 with SHA-256. private_key: an RSA key of at least
 * 2048 bits as PEM text, not encrypted. Ownership: the caller frees *ret_signature; every copy of the key is wiped.
 * Errors: EX_CONFIG (the key), with the remedy; no byte of the key is in the message. */
int crypto_sign_rs256(const char *private_key, const char *text, size_t length, unsigned char **ret_signature,
                      size_t *ret_length, struct err *err) MUST_CHECK;

#endif
