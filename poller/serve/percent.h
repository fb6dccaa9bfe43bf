/* percent: decodes what addresses encode as %XX (RFC 3986, 2.1). */
#ifndef PERCENT_H
#define PERCENT_H

#include <stdbool.h>

#include "base/err.h"

/* percent_decode: decodes text in place. False: it has a % without two hexadecimal digits, or is not UTF-8 or contains
 * a NUL after decoding. */
bool percent_decode(char *text) MUST_CHECK;

#endif
