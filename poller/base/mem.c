/* mem: allocates memory, or ends the program with a message. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

_Noreturn void mem_out_of_memory(void)
{
    static const char text[] = "did-optimizer-sync: out of memory; the next run continues where this run stopped\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(EX_SOFTWARE);
}

void *mem_zero(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL)
        mem_out_of_memory();
    return memory;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        mem_out_of_memory();
    void *memory = realloc(old, count * size > 0 ? count * size : 1);
    if (memory == NULL)
        mem_out_of_memory();
    return memory;
}

char *mem_copy(const char *text)
{
    return mem_copy_bytes(text, strlen(text));
}

char *mem_copy_bytes(const char *bytes, size_t length)
{
    char *copy = mem_zero(length + 1, 1);
    memcpy(copy, bytes, length);
    return copy;
}

FILE *mem_stream(char **ret_text, size_t *ret_size)
{
    FILE *stream = open_memstream(ret_text, ret_size);
    if (stream == NULL)
        mem_out_of_memory();
    return stream;
}

void mem_free_secret(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

char *mem_format_list(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        mem_out_of_memory();
    return text;
}

char *mem_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    return text;
}
