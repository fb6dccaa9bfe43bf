/* mem: allocation that either succeeds or ends the program with a message.
 *
 * Ending is legitimate because an exit at any moment is safe: what is not yet recorded is found again. */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

#include "base/err.h"

/* Each returns memory that the caller frees with free(); mem_zero's is filled with zeros. Out of memory ends the
 * program with exit code EX_SOFTWARE. */
void *mem_zero(size_t count, size_t size) MUST_CHECK;
void *mem_resize(void *old, size_t count, size_t size) MUST_CHECK;
char *mem_copy(const char *text) MUST_CHECK;
char *mem_copy_bytes(const char *bytes, size_t length) MUST_CHECK;
char *mem_format(const char *format, ...) PRINTF_LIKE(1, 2) MUST_CHECK;

/* mem_out: reports that memory ran out and ends the program; for libraries' calls that return NULL. */
_Noreturn void mem_out(void);

#endif
