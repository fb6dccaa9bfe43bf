/* asterisk_party: finds a call's parties in channel names and dialled numbers. For asterisk's files only. */
#ifndef ASTERISK_PARTY_H
#define ASTERISK_PARTY_H

#include <stdbool.h>
#include <stddef.h>

#define ASTERISK_PARTY_SIZE 96

/* asterisk_party_peer: the peer in a channel's name: 101 of "PJSIP/101-0000002" and "Local/101@from-queue-0000001;2".
 * "" if the name has no peer. Returns out. */
const char *asterisk_party_peer(const char *channel, char out[ASTERISK_PARTY_SIZE]);

/* asterisk_party_is_local: whether a channel leads back into the dialplan; then another row has the person. */
bool asterisk_party_is_local(const char *channel);

/* asterisk_party_is_trunk: whether a channel is a trunk. trunks lists the trunks' names, as "acme" or "PJSIP/acme".
 * "": all channels but those named by a short number, as FreePBX's extensions are. */
bool asterisk_party_is_trunk(const char *channel, const char *trunks);

/* asterisk_party_is_number: whether text is a telephone number, not a feature code or an extension such as s or h. */
bool asterisk_party_is_number(const char *text);

/* asterisk_party_is_external: whether text is a telephone number that is too long for an extension. */
bool asterisk_party_is_external(const char *text);

/* asterisk_party_dialled: the number in the arguments of Dial: "PJSIP/15551234567@acme,300,T", "DAHDI/g0/15551234567".
 * "" if there is none. Returns out. */
const char *asterisk_party_dialled(const char *lastdata, char out[ASTERISK_PARTY_SIZE]);

/* asterisk_party_caller: the number in a clid such as `"Ann" <15551234567>`; "" if there is none. Returns out. */
const char *asterisk_party_caller(const char *clid, char out[ASTERISK_PARTY_SIZE]);

#endif
