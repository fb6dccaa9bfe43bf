/* view_words: the numbers of the texts in view.db. */
#ifndef VIEW_WORDS_H
#define VIEW_WORDS_H

#include <stdint.h>

#include "base/store.h"

struct view_words;

/* view_words_new: no number is known yet. Ownership: view_words_free, which allows NULL. */
struct view_words *view_words_new(void) MUST_CHECK;
void view_words_free(struct view_words *words);

/* view_words_number: the number of text; adds a new text. NULL and "" have the number 0. Durable: with the next commit.
 * view_words_undo: the transaction was rolled back: forgets the numbers. Errors: EX_IOERR. */
int view_words_number(struct view_words *words, struct store *store, const char *text, int64_t *ret_number,
                      struct err *err) MUST_CHECK;
void view_words_undo(struct view_words *words);

/* view_words_prune: deletes the texts that no call has any more, and the counts of half hours without calls. It needs
 * the indexes (view_file.h). Durable: with the next commit. Errors: EX_IOERR. */
int view_words_prune(struct view_words *words, struct store *store, struct err *err) MUST_CHECK;

/* view_words_find: the number of text; -1: no call has that text. Errors: EX_IOERR. */
int view_words_find(struct store *store, const char *text, int64_t *ret_number, struct err *err) MUST_CHECK;

#endif
