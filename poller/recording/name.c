/* name: the name of a recording's file, and its sub-folder. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "recording/name.h"

static const char *const words[] = { "{uuid}", "{YYYYMMDD_HHMMSS}", "{YYYYMMDD}", "{HHMMSS}", "{ext}" };
#define WORDS (sizeof words / sizeof words[0])

/* The word that text begins with; WORDS: none. */
static size_t word_at(const char *text)
{
    size_t i = 0;
    while (i < WORDS && strncmp(text, words[i], strlen(words[i])) != 0)
        i++;
    return i;
}

int name_check(const char *template, struct err *err)
{
    if (strstr(template, words[0]) == NULL)
        return err_set(err, EX_CONFIG,
                       "name: '%.80s' does not contain {uuid}, so two recordings could have the same name", template);
    for (const char *at = template; *at != '\0'; at++) {
        if (*at == '/' || iscntrl((unsigned char)*at))
            return err_set(err, EX_CONFIG, "name: '%.80s' contains a slash or a control character; for sub-folders use "
                           "subfolders", template);
        if (*at == '{' && word_at(at) == WORDS)
            return err_set(err, EX_CONFIG, "name: '%.80s': { begins none of {uuid}, {YYYYMMDD_HHMMSS}, {YYYYMMDD}, "
                           "{HHMMSS}, {ext}", template);
    }
    return *template != '.' ? 0 : err_set(err, EX_CONFIG, "name: '%.80s' begins with a dot", template);
}

bool name_of_id(const char *id, char *out, size_t size)
{
    size_t length = 0;
    for (const char *at = id; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        bool plain = c < 0x80 && (isalnum(c) || c == '-' || c == '_' || (c == '.' && at != id));
        if (length + 4 > size)
            return false;
        length += (size_t)snprintf(out + length, size - length, plain ? "%c" : "%%%02X", c);
    }
    return length > 0;
}

bool name_to_id(const char *name, char *out, size_t size)
{
    size_t length = 0;
    for (const char *at = name; *at != '\0'; at++) {
        unsigned byte = (unsigned char)*at;
        if (*at == '%' && sscanf(at + 1, "%2X", &byte) != 1)
            return false;
        if (*at == '%')
            at += 2;
        if (byte == 0 || length + 1 >= size)
            return false;
        out[length++] = (char)byte;
    }
    out[length] = '\0';
    return length > 0;
}

/* Writes local time as YYYYMMDD_HHMMSS. */
#define STAMP_SIZE 24
static void stamp_of(int64_t epoch, char out[STAMP_SIZE])
{
    time_t time = (time_t)epoch;
    struct tm local;
    if (localtime_r(&time, &local) == NULL || strftime(out, STAMP_SIZE, "%Y%m%d_%H%M%S", &local) != 15)
        (void)snprintf(out, STAMP_SIZE, "00000000_000000");
}

static bool put_word(size_t word, const struct name_parts *parts, char *out, size_t size)
{
    char stamp[STAMP_SIZE];
    stamp_of(parts->started, stamp);
    const char *const texts[WORDS] = { NULL, stamp, stamp, stamp + 9, parts->ext };
    if (word == 0)
        return name_of_id(parts->call, out, size);
    (void)snprintf(out, size, "%.*s", word == 2 ? 8 : STAMP_SIZE, texts[word]);
    return true;
}

int name_make(const char *template, const struct name_parts *parts, char out[NAME_SIZE], struct err *err)
{
    size_t length = 0;
    for (const char *at = template; *at != '\0';) {
        char text[NAME_SIZE];
        size_t word = word_at(at);
        bool good = word == WORDS || put_word(word, parts, text, sizeof text);
        if (word == WORDS)
            (void)snprintf(text, sizeof text, "%c", *at);
        if (!good || length + strlen(text) >= NAME_SIZE)
            return err_set(err, EX_SOFTWARE, "the name of its file would be longer than %d bytes; shorten name in "
                           "[recordings]", NAME_SIZE - 1);
        length += (size_t)snprintf(out + length, NAME_SIZE - length, "%s", text);
        at += word == WORDS ? 1 : strlen(words[word]);
    }
    return 0;
}

const char *name_folder(enum name_folders folders, int64_t started, char out[NAME_FOLDER_SIZE])
{
    char stamp[STAMP_SIZE];
    stamp_of(started, stamp);
    *out = '\0';
    if (folders == NAME_FOLDERS_YEAR)
        (void)snprintf(out, NAME_FOLDER_SIZE, "%.4s", stamp);
    else if (folders == NAME_FOLDERS_MONTH)
        (void)snprintf(out, NAME_FOLDER_SIZE, "%.4s/%.2s", stamp, stamp + 4);
    return out;
}

/* ---- types ---- */

static const struct {
    const char *extension, *type, *other_type;
} types[] = {
    { "wav", "audio/wav", "audio/x-wav" },
    { "mp3", "audio/mpeg", "audio/mp3" },
    { "ogg", "audio/ogg", "application/ogg" },
    { "m4a", "audio/mp4", "audio/x-m4a" },
    { "opus", "audio/opus", NULL },
    { "gsm", "audio/x-gsm", "audio/gsm" },
};
#define TYPES (sizeof types / sizeof types[0])

static bool is_type(const char *content_type, const char *type)
{
    size_t length = type != NULL ? strlen(type) : 0;
    return length > 0 && strncasecmp(content_type, type, length) == 0 && strchr("; ", content_type[length]) != NULL;
}

const char *name_extension(const char *path, const char *content_type, char out[NAME_EXTENSION_SIZE])
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr(name, '.');
    size_t length = dot != NULL ? strlen(dot + 1) : 0;
    bool good = length > 0 && length < NAME_EXTENSION_SIZE;
    for (size_t i = 0; good && i < length; i++)
        good = isalnum((unsigned char)dot[1 + i]) != 0 && (unsigned char)dot[1 + i] < 0x80;
    (void)snprintf(out, NAME_EXTENSION_SIZE, "%s", good ? dot + 1 : "wav");
    for (size_t i = 0; !good && content_type != NULL && i < TYPES; i++)
        if (is_type(content_type, types[i].type) || is_type(content_type, types[i].other_type))
            (void)snprintf(out, NAME_EXTENSION_SIZE, "%s", types[i].extension);
    for (char *at = out; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return out;
}

const char *name_content_type(const char *extension)
{
    for (size_t i = 0; i < TYPES; i++)
        if (strcmp(types[i].extension, extension) == 0)
            return types[i].type;
    return "application/octet-stream";
}
