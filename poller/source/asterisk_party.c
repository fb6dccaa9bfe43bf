/* asterisk_party: finds a call's parties in channel names and dialled numbers. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "source/asterisk_party.h"

/* FreePBX's extensions have at most this many digits in practice; every country's full numbers have more. */
#define EXTENSION_DIGITS 6

/* The shortest external numbers: 112, 911. */
#define NUMBER_DIGITS 3

static const char *copy(const char *text, size_t length, char out[ASTERISK_PARTY_SIZE])
{
    if (length >= ASTERISK_PARTY_SIZE)
        length = ASTERISK_PARTY_SIZE - 1;
    memcpy(out, text, length);
    out[length] = '\0';
    return out;
}

bool asterisk_party_is_local(const char *channel)
{
    return strncasecmp(channel, "Local/", 6) == 0;
}

/* TECH/PEER-HEX, Local/PEER@CONTEXT-HEX;N, DAHDI/i1/PEER-N. A peer's name may contain a "-". */
const char *asterisk_party_peer(const char *channel, char out[ASTERISK_PARTY_SIZE])
{
    const char *slash = strchr(channel, '/');
    if (slash == NULL)
        return copy("", 0, out);
    const char *peer = slash + 1, *end = peer + strcspn(peer, "@;");
    if (*end == '\0' || *end == ';') {
        const char *dash = strrchr(peer, '-');
        end = dash != NULL && dash > peer && dash < end ? dash : end;
    }
    return copy(peer, (size_t)(end - peer), out);
}

static size_t digits_of(const char *text)
{
    text += *text == '+';
    size_t digits = strspn(text, "0123456789");
    return text[digits] == '\0' ? digits : 0;
}

bool asterisk_party_is_number(const char *text)
{
    return digits_of(text) >= NUMBER_DIGITS;
}

bool asterisk_party_is_external(const char *text)
{
    return digits_of(text) > EXTENSION_DIGITS;
}

bool asterisk_party_is_trunk(const char *channel, const char *trunks)
{
    char peer[ASTERISK_PARTY_SIZE], name[2 * ASTERISK_PARTY_SIZE];
    if (*asterisk_party_peer(channel, peer) == '\0' || asterisk_party_is_local(channel))
        return false;
    if (*trunks == '\0')
        return digits_of(peer) == 0 || digits_of(peer) > EXTENSION_DIGITS;
    (void)snprintf(name, sizeof name, "%.*s/%s", (int)(strchr(channel, '/') - channel), channel, peer);
    return str_in_list(trunks, peer) || str_in_list(trunks, name);
}

/* Reads only the first destination: TECH/PEER/NUMBER, TECH/NUMBER@PEER, TECH/PEER/sip:NUMBER@HOST. */
const char *asterisk_party_dialled(const char *lastdata, char out[ASTERISK_PARTY_SIZE])
{
    char first[ASTERISK_PARTY_SIZE];
    (void)copy(lastdata, strcspn(lastdata, ",&|"), first);
    char *at = strrchr(first, '/');
    if (at == NULL)
        return copy("", 0, out);
    at++;
    if (strncasecmp(at, "sip:", 4) == 0)
        at += 4;
    at[strcspn(at, "@")] = '\0';
    return copy(at, asterisk_party_is_number(at) ? strlen(at) : 0, out);
}

const char *asterisk_party_caller(const char *clid, char out[ASTERISK_PARTY_SIZE])
{
    const char *open = strrchr(clid, '<');
    if (open == NULL)
        return copy(clid, asterisk_party_is_number(clid) ? strlen(clid) : 0, out);
    return copy(open + 1, strcspn(open + 1, ">"), out);
}
