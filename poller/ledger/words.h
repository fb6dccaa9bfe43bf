/* words: texts that many calls share, such as the campaign. The ledger stores such a text once, and each row has the
 * text's number. */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

#include "base/store.h"

struct words;

/* words_new: no word is known yet. Ownership: words_free. */
struct words *words_new(void) MUST_CHECK;

/* words_number: the number of text; adds text if it is new. *ret_number is 0 if text is NULL, or if the ledger has its
 * most words already. Then the row keeps the text itself. Durable: with the next commit. Errors: those of the store. */
int words_number(struct words *words, struct store *store, const char *text, int64_t *ret_number, struct err *err)
    MUST_CHECK;

/* words_free: NULL is allowed. */
void words_free(struct words *words);

#endif
