/* json_writer: writes one flat JSON object as text, where a tree of values would cost several times as much. */
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"

#define FIRST_SIZE 1024 /* a call's body fits at once */

/* Makes room for so many bytes more. */
static void need(struct json_writer *writer, size_t more)
{
    size_t least = writer->length + more;
    if (least <= writer->size)
        return;
    writer->size = least < FIRST_SIZE ? FIRST_SIZE : 2 * least;
    writer->text = mem_resize(writer->text, writer->size, 1);
}

static void put(struct json_writer *writer, const char *bytes, size_t length)
{
    need(writer, length);
    memcpy(writer->text + writer->length, bytes, length);
    writer->length += length;
}

static void put_name(struct json_writer *writer, const char *name)
{
    put(writer, writer->length == 0 ? "{\"" : ",\"", 2);
    put(writer, name, strlen(name));
    put(writer, "\":", 2);
}

/* Writes the escape of c to out and returns its end. The forms are cJSON's: idempotency keys
 * depend on each byte of a body. */
static char *escape(char *out, unsigned char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", digits[] = "0123456789abcdef";
    const char *found = strchr(plain, c);
    *out++ = '\\';
    if (found != NULL) {
        *out++ = letters[found - plain];
        return out;
    }
    memcpy(out, "u00", 3);
    out[3] = digits[c / 16];
    out[4] = digits[c % 16];
    return out + 5;
}

static void put_string(struct json_writer *writer, const char *text)
{
    need(writer, 6 * strlen(text) + 2); /* each byte escaped, and two quotes */
    char *out = writer->text + writer->length;
    *out++ = '"';
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == '"' || c == '\\')
            out = escape(out, c);
        else
            *out++ = *at;
    }
    *out++ = '"';
    writer->length = (size_t)(out - writer->text);
}

static void put_text(struct json_writer *writer, const char *text)
{
    if (text == NULL) {
        put(writer, "null", 4);
    } else if (str_is_utf8(text)) {
        put_string(writer, text);
    } else {
        char *valid = str_make_utf8(text, strlen(text));
        put_string(writer, valid);
        free(valid);
    }
}

void json_writer_add_text(struct json_writer *writer, const char *name, const char *text)
{
    put_name(writer, name);
    put_text(writer, text);
}

static void end_with_nul(struct json_writer *writer)
{
    need(writer, 1);
    writer->text[writer->length] = '\0';
}

void json_writer_put(struct json_writer *writer, const char *json)
{
    put(writer, json, strlen(json));
    end_with_nul(writer);
}

void json_writer_put_text(struct json_writer *writer, const char *text)
{
    put_text(writer, text);
    end_with_nul(writer);
}

void json_writer_add_int(struct json_writer *writer, const char *name, int64_t number)
{
    char room[STR_INT_SIZE];
    const char *digits = str_of_int(number, room);
    put_name(writer, name);
    put(writer, digits, strlen(digits));
}

void json_writer_add_known(struct json_writer *writer, const char *name, int64_t number, int64_t unknown)
{
    if (number == unknown)
        json_writer_add_text(writer, name, NULL);
    else
        json_writer_add_int(writer, name, number);
}

void json_writer_add_json(struct json_writer *writer, const char *name, const char *json)
{
    put_name(writer, name);
    put(writer, json, strlen(json));
}

void json_writer_add_bool(struct json_writer *writer, const char *name, bool value)
{
    json_writer_add_json(writer, name, value ? "true" : "false");
}

char *json_writer_end(struct json_writer *writer)
{
    put(writer, writer->length == 0 ? "{}" : "}", writer->length == 0 ? 3 : 2); /* with the NUL */
    char *text = writer->text;
    *writer = (struct json_writer){ .text = NULL };
    return text;
}
