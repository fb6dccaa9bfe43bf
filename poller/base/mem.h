/* mem: allocates memory, or ends the program with a message.
 *
 * The program may end at any moment: the next run finds each call again that has no recorded outcome. */
#ifndef MEM_H
#define MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/* Sizes are bytes; mem_zero fills the memory with zeros. Ownership: the caller frees the memory with free(). Errors:
 * out of memory ends the program with exit code EX_SOFTWARE. */
void *mem_zero(size_t count, size_t size) MUST_CHECK;
void *mem_resize(void *old, size_t count, size_t size) MUST_CHECK;
char *mem_copy(const char *text) MUST_CHECK;
char *mem_copy_bytes(const char *bytes, size_t length) MUST_CHECK;
char *mem_format(const char *format, ...) PRINTF_LIKE(1, 2) MUST_CHECK;
char *mem_format_list(const char *format, va_list args) PRINTF_LIKE(1, 0) MUST_CHECK;

/* mem_stream: a stream that writes into memory, see open_memstream. Ownership: the caller closes it, and then frees
 * *ret_text. */
FILE *mem_stream(char **ret_text, size_t *ret_size) MUST_CHECK;

/* mem_free_secret: overwrites text with zeros, so that no core dump shows it, and frees it. text may be NULL. */
void mem_free_secret(char *text);

/* mem_out_of_memory: prints a message and ends the program; for library functions that return NULL. */
_Noreturn void mem_out_of_memory(void);

#endif
