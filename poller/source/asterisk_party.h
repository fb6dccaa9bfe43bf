/* asterisk_party: who takes part in a call, as names of channels and dialled numbers tell. For asterisk's files. */
#ifndef ASTERISK_PARTY_H
#define ASTERISK_PARTY_H

#include <stdbool.h>
#include <stddef.h>

#define ASTERISK_PARTY_SIZE 96

/* asterisk_party_peer: who a channel belongs to: 101 of "PJSIP/101-0000002" and of "Local/101@from-queue-0000001;2".
 * "" where the name tells none. Returns out. */
const char *asterisk_party_peer(const char *channel, char out[ASTERISK_PARTY_SIZE]);

/* asterisk_party_is_local: whether a channel leads back into the dialplan: the person is behind another row. */
bool asterisk_party_is_local(const char *channel);

/* asterisk_party_is_trunk: whether a channel leads outside. trunks names those that do, as "acme" or "PJSIP/acme";
 * "": each does whose name is no short number, as FreePBX names extensions. */
bool asterisk_party_is_trunk(const char *channel, const char *trunks);

/* asterisk_party_is_number: whether text is a telephone number, and no feature code or extension such as s or h. */
bool asterisk_party_is_number(const char *text);

/* asterisk_party_is_external: whether it is one that is too long for an extension. */
bool asterisk_party_is_external(const char *text);

/* asterisk_party_dialled: the number in the arguments of Dial: "PJSIP/15551234567@acme,300,T", "DAHDI/g0/15551234567".
 * "" where there is none. Returns out. */
const char *asterisk_party_dialled(const char *lastdata, char out[ASTERISK_PARTY_SIZE]);

/* asterisk_party_caller: the number in a clid such as `"Ann" <15551234567>`; "" where there is none. Returns out. */
const char *asterisk_party_caller(const char *clid, char out[ASTERISK_PARTY_SIZE]);

#endif
