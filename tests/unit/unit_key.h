/* unit_key: private keys, made anew for each test, and the check of a signature with the public key. Only tests of
 * signatures include this header, as it includes libcrypto. */
#ifndef UNIT_KEY_H
#define UNIT_KEY_H

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

struct unit_key {
    EVP_PKEY *key;
    char *pem; /* the private key, as in Google's files: PKCS#8 */
};

/* The PEM text of the private key; password NULL: not encrypted. The caller frees it. */
static inline char *unit_key_text(EVP_PKEY *key, const char *password)
{
    char *bytes = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_non_null(bio);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, password != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                                                   (void *)(uintptr_t)password), 1);
    long length = BIO_get_mem_data(bio, &bytes);
    char *text = strndup(bytes, (size_t)length);
    assert_non_null(text);
    (void)BIO_free(bio);
    return text;
}

static inline struct unit_key unit_key_made(EVP_PKEY_CTX *context)
{
    struct unit_key made = { .key = NULL };
    assert_int_equal(EVP_PKEY_keygen(context, &made.key), 1);
    EVP_PKEY_CTX_free(context);
    made.pem = unit_key_text(made.key, NULL);
    return made;
}

/* unit_key_rsa: a new RSA key. unit_key_pss: one that makes signatures of another kind (RSASSA-PSS). unit_key_free
 * frees it. */
static inline struct unit_key unit_key_of(int kind, int bits)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(kind, NULL);
    assert_true(context != NULL && EVP_PKEY_keygen_init(context) == 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits), 1);
    return unit_key_made(context);
}

static inline struct unit_key unit_key_rsa(int bits)
{
    return unit_key_of(EVP_PKEY_RSA, bits);
}

static inline struct unit_key unit_key_pss(void)
{
    return unit_key_of(EVP_PKEY_RSA_PSS, 2048);
}

/* unit_key_encrypted: the private key as encrypted PEM text. The caller frees it. */
static inline char *unit_key_encrypted(const struct unit_key *key, const char *password)
{
    return unit_key_text(key->key, password);
}

/* unit_key_verifies: whether this is the key's RS256 signature of text. */
static inline bool unit_key_verifies(const struct unit_key *key, const char *text, size_t length,
                                     const unsigned char *signature, size_t signature_length)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_non_null(context);
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->key), 1);
    int verified = EVP_DigestVerify(context, signature, signature_length, (const unsigned char *)text, length);
    EVP_MD_CTX_free(context);
    return verified == 1;
}

static inline void unit_key_free(struct unit_key *key)
{
    EVP_PKEY_free(key->key);
    free(key->pem);
}

#endif
