/* hmac: a signature by a shared secret. libcrypto is known here alone. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hmac.h"
#include "base/mem.h"

void hmac_sha256(const void *key, size_t key_length, const char *text, size_t length,
                 unsigned char out[HMAC_SHA256_SIZE])
{
    unsigned int written = HMAC_SHA256_SIZE;
    if (HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, length, out, &written) == NULL)
        mem_out_of_memory(); /* GCOVR_EXCL_LINE: it fails for lack of memory alone */
}
