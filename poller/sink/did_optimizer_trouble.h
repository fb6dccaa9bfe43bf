/* did_optimizer_trouble: why no answer of the API came, and what to do about it. */
#ifndef DID_OPTIMIZER_TROUBLE_H
#define DID_OPTIMIZER_TROUBLE_H

#include <stdbool.h>

/* did_optimizer_trouble_remedy: what to do about a failure, in the words in which libcurl and its TLS library tell
 * it, or about the text of a web server that stands before the API. tls: the address begins with https. NULL:
 * nothing is known. Pure. */
const char *did_optimizer_trouble_remedy(const char *said, bool tls);

#endif
