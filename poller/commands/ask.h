/* ask: asks the operator at the terminal. */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>

#include "base/err.h"

/* ask_yes: prints the question, which ends without "[y/N]", and waits for a line. True for "y" and "yes", and where
 * standard input is no terminal: the script that calls this program has already decided. */
bool PRINTF_LIKE(1, 2) ask_yes(const char *question, ...);

#endif
