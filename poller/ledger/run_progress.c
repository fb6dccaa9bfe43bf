/* run_progress: how far long work has come through its time range.
 *
 * The note has six numbers with blanks between them, in the order of the struct. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ledger/run_progress.h"

enum { NUMBERS = 6, TEXT_SIZE = NUMBERS * (STR_INT_SIZE + 1) };

int run_progress_write(struct ledger *ledger, const struct run_progress *progress, struct err *err)
{
    char text[TEXT_SIZE];
    (void)snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                   progress->run, progress->from, progress->to, progress->reached, progress->permille, progress->at);
    return ledger_set_text_note(ledger, LEDGER_NOTE_PROGRESS, text, err);
}

int run_progress_read(struct ledger *ledger, struct run_progress *ret_progress, struct err *err)
{
    char text[TEXT_SIZE];
    struct run_progress found = { .run = 0 };
    int64_t *const numbers[NUMBERS] = { &found.run, &found.from, &found.to,
                                        &found.reached, &found.permille, &found.at };
    *ret_progress = found;
    if (ledger_read_text_note(ledger, LEDGER_NOTE_PROGRESS, text, sizeof text, err) != 0)
        return -1;
    char *at = text;
    for (int i = 0; i < NUMBERS; i++) {
        char *end = at + strcspn(at, " ");
        bool is_last = *end == '\0';
        *end = '\0';
        if (!str_to_int(at, numbers[i]) || is_last != (i == NUMBERS - 1))
            return 0; /* no note, or that of another version */
        at = end + !is_last;
    }
    *ret_progress = found;
    return 0;
}

int run_progress_forget(struct ledger *ledger, struct err *err)
{
    return ledger_delete_note(ledger, LEDGER_NOTE_PROGRESS, err);
}
