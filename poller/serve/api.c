/* api: what the answers of the live page's API share. */
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/api.h"

/* ---- requests ---- */

const char *api_text(const struct request *request, const char *name)
{
    const char *text = request->query != NULL ? request->query(request->context, name) : NULL;
    return text != NULL && *text != '\0' ? text : NULL;
}

bool api_number(const struct request *request, const char *name, int64_t fallback, int64_t least, int64_t most,
                int64_t *ret_number, struct reply *reply)
{
    const char *text = api_text(request, name);
    *ret_number = fallback;
    if (text == NULL)
        return true;
    if (str_to_int(text, ret_number) && *ret_number >= least && *ret_number <= most)
        return true;
    char *message = mem_format("%s must be a whole number from %lld to %lld", name, (long long)least, (long long)most);
    reply_error(reply, REPLY_BAD_REQUEST, message);
    free(message);
    return false;
}

bool api_masks(const struct api *api, const struct request *request, const char *profile)
{
    return request->role != ROLE_ADMIN && profiles_mask_any(api->profiles, profile);
}

void api_hide(char *text, const char *number)
{
    mask_api_text(text, number);
    mask_numbers(text);
}

void api_add_masked(struct json_writer *object, const char *name, const char *text, const char *number, bool masks)
{
    if (!masks || text == NULL) {
        json_writer_add_text(object, name, text);
        return;
    }
    char *own = mem_copy(text), *hidden = mem_copy(str_or_empty(number));
    api_hide(own, hidden);
    json_writer_add_text(object, name, own);
    free(hidden);
    free(own);
}

/* ---- lists ---- */

static void append(struct api_list *list, const char *text, size_t length)
{
    if (list->length + length + 2 > list->size) {
        list->size = 2 * (list->length + length + 2);
        list->text = mem_resize(list->text, list->size, 1);
    }
    memcpy(list->text + list->length, text, length);
    list->length += length;
    list->text[list->length] = '\0';
}

static void append_value(struct api_list *list, const char *text, size_t length)
{
    append(list, list->length == 0 ? "[" : ",", 1);
    append(list, text, length);
}

void api_list_add(struct api_list *list, struct json_writer *object)
{
    char *text = json_writer_end(object);
    append_value(list, text, strlen(text));
    free(text);
}

void api_list_add_text(struct api_list *list, const char *text)
{
    struct json_writer object = { .text = NULL };
    json_writer_add_text(&object, "", text);
    char *made = json_writer_end(&object); /* {"":"..."} */
    append_value(list, made + 4, strlen(made) - 5);
    free(made);
}

char *api_list_end(struct api_list *list)
{
    append(list, list->length == 0 ? "[]" : "]", list->length == 0 ? 2 : 1);
    char *text = list->text;
    *list = (struct api_list){ .text = NULL };
    return text;
}

bool api_begin_json(struct json_writer *object, const char *name, struct api_list *list, int result,
                    const struct err *err, struct reply *reply)
{
    char *text = api_list_end(list);
    *object = (struct json_writer){ .text = NULL };
    if (result == 0)
        json_writer_add_json(object, name, text);
    else
        reply_failure(reply, err);
    free(text);
    return result == 0;
}
