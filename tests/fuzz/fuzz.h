/* fuzz: what the fuzz targets share. A target is one function that libFuzzer calls with any bytes; it must return,
 * touch no memory that is not its own, and find that what it got out makes sense. */
#ifndef FUZZ_H
#define FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold; else libFuzzer keeps the input. */
#define HOLDS(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                     \
        }                                                                                \
    } while (0)

/* The bytes as a text, up to the first NUL in them; as long as it is, so that a byte too far is seen. Caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    HOLDS(text != NULL);
    return text;
}

/* Cuts the next part off: up to the byte 0x1E (ASCII's record separator), or all. */
static inline char *fuzz_part(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size > 0 ? memchr(*data, 0x1E, *size) : NULL;
    size_t length = end != NULL ? (size_t)(end - *data) : *size;
    char *part = fuzz_text(*data, length);
    size_t used = length + (end != NULL ? 1 : 0);
    *data += used;
    *size -= used;
    return part;
}

/* text is one line of valid UTF-8 that cannot steer a terminal, in a buffer of that size. */
static inline void fuzz_printable(const char *text, size_t size)
{
    HOLDS(memchr(text, '\0', size) != NULL);
    HOLDS(str_is_utf8(text));
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        HOLDS(*at >= 0x20 && *at != 0x7F);
        HOLDS(!(at[0] == 0xC2 && at[1] < 0xA0));
    }
}

/* A directory of this process, made with the first call under TMPDIR, which the runner removes. */
static inline const char *fuzz_directory(void)
{
    static char path[200];
    const char *parent = getenv("TMPDIR");
    if (*path == '\0') {
        (void)snprintf(path, sizeof path, "%s/fuzz-XXXXXX", parent != NULL ? parent : "/tmp");
        HOLDS(mkdtemp(path) != NULL);
    }
    return path;
}

/* Writes the text into a file there. Returns its path, valid until the eighth next call. */
static inline const char *fuzz_file(const char *name, const char *text)
{
    static char paths[8][300];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", fuzz_directory(), name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    HOLDS(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
    return path;
}

#endif
