/* json: the JSON operations that the program needs, over cJSON. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

/* struct json is never defined: a pointer to it is a cJSON pointer, so that no other file includes cJSON. */
static cJSON *to_cjson(struct json *json)
{
    return (cJSON *)json;
}

static const cJSON *to_const_cjson(const struct json *json)
{
    return (const cJSON *)json;
}

static void check_memory(const cJSON *made)
{
    if (made == NULL)
        mem_out_of_memory();
}

struct json *json_object(void)
{
    cJSON *object = cJSON_CreateObject();
    check_memory(object);
    return (struct json *)object;
}

struct json *json_array(void)
{
    cJSON *array = cJSON_CreateArray();
    check_memory(array);
    return (struct json *)array;
}

/* Takes over item. name is not copied. */
static void add(struct json *object, const char *name, cJSON *item)
{
    check_memory(item);
    (void)cJSON_AddItemToObjectCS(to_cjson(object), name, item); /* allocates nothing, so it cannot fail */
}

void json_add_text(struct json *object, const char *name, const char *text)
{
    if (text == NULL) {
        json_add_null(object, name);
        return;
    }
    if (str_is_utf8(text)) {
        add(object, name, cJSON_CreateStringReference(text));
        return;
    }
    char *valid = str_make_utf8(text, strlen(text));
    add(object, name, cJSON_CreateString(valid));
    free(valid);
}

/* Raw digits: cJSON keeps numbers as doubles, which would round integers above 2^53. */
static cJSON *integer(int64_t number)
{
    char room[STR_INT_SIZE];
    return cJSON_CreateRaw(str_of_int(number, room));
}

void json_add_int(struct json *object, const char *name, int64_t number)
{
    add(object, name, integer(number));
}

void json_add_bool(struct json *object, const char *name, bool value)
{
    add(object, name, cJSON_CreateBool(value));
}

void json_add_null(struct json *object, const char *name)
{
    add(object, name, cJSON_CreateNull());
}

void json_add_known(struct json *object, const char *name, int64_t number, int64_t unknown)
{
    if (number == unknown)
        json_add_null(object, name);
    else
        json_add_int(object, name, number);
}

struct json *json_add(struct json *object, const char *name, struct json *value)
{
    add(object, name, to_cjson(value));
    return value;
}

/* Takes over item. */
static void append(struct json *array, cJSON *item)
{
    check_memory(item);
    (void)cJSON_AddItemToArray(to_cjson(array), item); /* allocates nothing, so it cannot fail */
}

void json_append_text(struct json *array, const char *text)
{
    char *valid = text != NULL ? str_make_utf8(text, strlen(text)) : NULL;
    append(array, valid != NULL ? cJSON_CreateString(valid) : cJSON_CreateNull());
    free(valid);
}

void json_append_int(struct json *array, int64_t number)
{
    append(array, integer(number));
}

struct json *json_append(struct json *array, struct json *value)
{
    append(array, to_cjson(value));
    return value;
}

char *json_print(const struct json *json)
{
    char *text = cJSON_PrintBuffered(to_const_cjson(json), 1024, 0); /* the body of a call fits into 1024 bytes */
    if (text == NULL)
        mem_out_of_memory();
    return text;
}

void json_print_line(struct json *json)
{
    char *text = json_print(json);
    (void)printf("%s\n", text);
    free(text);
    json_free(json);
}

struct json *json_parse(const char *text)
{
    cJSON *parsed = cJSON_ParseWithOpts(text, NULL, 1); /* 1: refuse text after the object */
    if (cJSON_IsObject(parsed))
        return (struct json *)parsed;
    cJSON_Delete(parsed);
    return NULL;
}

const char *json_text(const struct json *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(to_const_cjson(object), name);
    return cJSON_IsString(member) ? member->valuestring : NULL;
}

bool json_is(const struct json *object, const char *name, bool value)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(to_const_cjson(object), name);
    return value ? cJSON_IsTrue(member) : cJSON_IsFalse(member);
}

const struct json *json_member(const struct json *object, const char *name)
{
    return (const struct json *)cJSON_GetObjectItemCaseSensitive(to_const_cjson(object), name);
}

const struct json *json_first(const struct json *array)
{
    const cJSON *list = to_const_cjson(array);
    return cJSON_IsArray(list) ? (const struct json *)list->child : NULL;
}

const struct json *json_next(const struct json *element)
{
    return (const struct json *)to_const_cjson(element)->next;
}

bool json_is_list(const struct json *value)
{
    return cJSON_IsArray(to_const_cjson(value));
}

bool json_is_object(const struct json *value)
{
    return cJSON_IsObject(to_const_cjson(value));
}

bool json_is_null(const struct json *value)
{
    return value == NULL || cJSON_IsNull(to_const_cjson(value));
}

size_t json_count(const struct json *array)
{
    return json_is_list(array) ? (size_t)cJSON_GetArraySize(to_const_cjson(array)) : 0;
}

char *json_text_or_number(const struct json *value)
{
    const cJSON *item = to_const_cjson(value);
    if (cJSON_IsString(item))
        return mem_copy(item->valuestring);
    return cJSON_IsNumber(item) ? mem_format("%.15g", item->valuedouble) : NULL;
}

enum json_kind json_kind(const struct json *value)
{
    const cJSON *item = to_const_cjson(value);
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item) ? JSON_TRUE : JSON_FALSE;
    if (cJSON_IsNumber(item))
        return JSON_NUMBER;
    if (cJSON_IsString(item))
        return JSON_STRING;
    if (cJSON_IsArray(item))
        return JSON_ARRAY;
    return cJSON_IsObject(item) ? JSON_OBJECT : JSON_NULL;
}

double json_number(const struct json *value)
{
    return to_const_cjson(value)->valuedouble;
}

const char *json_string(const struct json *value)
{
    return to_const_cjson(value)->valuestring;
}

const char *json_name(const struct json *member)
{
    return to_const_cjson(member)->string;
}

const struct json *json_first_member(const struct json *object)
{
    const cJSON *item = to_const_cjson(object);
    return cJSON_IsObject(item) ? (const struct json *)item->child : NULL;
}

void json_free(struct json *json)
{
    cJSON_Delete(to_cjson(json));
}

void json_free_secret(struct json *json)
{
    const cJSON *member = json != NULL ? to_cjson(json)->child : NULL;
    for (; member != NULL; member = member->next)
        if (cJSON_IsString(member) && (member->type & cJSON_IsReference) == 0)
            explicit_bzero(member->valuestring, strlen(member->valuestring));
    json_free(json);
}
