/* crypto: digests, signatures and passwords. The only file that includes libcrypto. */
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

#include "base/crypto.h"
#include "base/mem.h"

#define LEAST_RSA_BITS 2048
#define SCRYPT_MEMORY (256U * 1024 * 1024)

void crypto_hmac_sha256(const void *key, size_t key_length, const char *text, size_t length,
                        unsigned char out[CRYPTO_SHA256_SIZE])
{
    unsigned int written = CRYPTO_SHA256_SIZE;
    if (HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, length, out, &written) == NULL)
        mem_out_of_memory(); /* GCOVR_EXCL_LINE: it fails for lack of memory alone */
}

/* ---- digests ---- */

/* struct crypto_digest is never defined: a pointer to it is an EVP_MD_CTX pointer. */
static EVP_MD_CTX *to_context(struct crypto_digest *digest)
{
    return (EVP_MD_CTX *)digest;
}

struct crypto_digest *crypto_digest_begin(enum crypto_digest_kind kind)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        mem_out_of_memory();
    if (EVP_DigestInit_ex(context, kind == CRYPTO_MD5 ? EVP_md5() : EVP_sha256(), NULL) == 1)
        return (struct crypto_digest *)context;
    /* GCOVR_EXCL_START: only if the system's policy forbids a digest */
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return NULL;
    /* GCOVR_EXCL_STOP */
}

void crypto_digest_add(struct crypto_digest *digest, const void *bytes, size_t length)
{
    if (EVP_DigestUpdate(to_context(digest), bytes, length) != 1)
        mem_out_of_memory(); /* GCOVR_EXCL_LINE: it fails for lack of memory alone */
}

size_t crypto_digest_end(struct crypto_digest *digest, unsigned char out[CRYPTO_SHA256_SIZE])
{
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(to_context(digest), out, &size) != 1)
        mem_out_of_memory(); /* GCOVR_EXCL_LINE: it fails for lack of memory alone */
    crypto_digest_drop(digest);
    return size;
}

void crypto_digest_drop(struct crypto_digest *digest)
{
    EVP_MD_CTX_free(to_context(digest));
}

const char *crypto_hex(const unsigned char *bytes, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * length] = '\0';
    return out;
}

/* ---- passwords ---- */

void crypto_random(void *out, size_t size)
{
    if (getrandom(out, size, 0) != (ssize_t)size)
        mem_out_of_memory(); /* GCOVR_EXCL_LINE: the kernel gives 256 bytes at once */
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

bool crypto_scrypt(const char *password, const unsigned char *salt, size_t salt_size,
                   const struct crypto_scrypt_cost *cost, unsigned char *out, size_t size)
{
    bool done = EVP_PBE_scrypt(password, strlen(password), salt, salt_size, cost->n, cost->r, cost->p, SCRYPT_MEMORY,
                               out, size) == 1;
    ERR_clear_error();
    return done;
}

/* ---- signatures ---- */

/* libcrypto would ask for the password of an encrypted key on the terminal. */
static int give_no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static EVP_PKEY *read_private_key(const char *private_key, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(private_key, -1); /* borrows the text */
    if (bio == NULL)
        mem_out_of_memory();
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_no_password, NULL);
    (void)BIO_free(bio);
    ERR_clear_error();
    if (key != NULL && EVP_PKEY_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_bits(key) >= LEAST_RSA_BITS)
        return key;
    if (key == NULL)
        (void)err_set(err, EX_CONFIG, "could not read the private key: %s", strstr(private_key, "ENCRYPTED") != NULL
                          ? "it is encrypted; use a key without a password"
                          : "it is not a whole PEM key; copy it again, from its line -----BEGIN to its line -----END");
    else
        (void)err_set(err, EX_CONFIG, "could not sign with the private key: it is not an RSA key of at least %d bits; "
                      "make another key", LEAST_RSA_BITS);
    EVP_PKEY_free(key); /* wipes the key's numbers */
    return NULL;
}

int crypto_sign_rs256(const char *private_key, const char *text, size_t length, unsigned char **ret_signature,
                      size_t *ret_length, struct err *err)
{
    EVP_PKEY *key = read_private_key(private_key, err);
    if (key == NULL)
        return -1;
    size_t size = (size_t)EVP_PKEY_size(key);
    unsigned char *signature = mem_zero(size, 1);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        mem_out_of_memory();
    /* The padding of an RSA key is PKCS1-v1_5 if nobody chooses another one. */
    bool is_signed = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                     EVP_DigestSign(context, signature, &size, (const unsigned char *)text, length) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!is_signed) {
        free(signature);
        return err_set(err, EX_CONFIG, "could not sign with the private key: libcrypto refuses it; make another key");
    }
    *ret_signature = signature;
    *ret_length = size;
    return 0;
}
