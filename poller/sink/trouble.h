/* trouble: why no answer of the API came, and what to do about it. */
#ifndef TROUBLE_H
#define TROUBLE_H

#include <stdbool.h>

/* trouble_remedy: what to do about a failure, in the words in which libcurl and its TLS library tell it, or about the
 * text of a web server that stands before the API. tls: the address begins with https. NULL: nothing is known. Pure. */
const char *trouble_remedy(const char *said, bool tls);

#endif
