/* ask: asks the operator at the terminal. */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>

#include "base/err.h"

/* ask_yes: prints the question, adds "[y/N]", and reads a line. True for "y" and "yes". True without a question if
 * standard input is no terminal: the calling script has already decided. */
bool PRINTF_LIKE(1, 2) ask_yes(const char *question, ...);

#endif
