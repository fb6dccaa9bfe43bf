/* callio_person: a customer, a user or a group of Callio as the row of a table. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/api_value.h"
#include "source/callio_person.h"

/* The custom field with the customer's state. */
#define STATE_FIELD "tinh-trang-kh"

const struct table callio_person_customers = {
    .name = "customer",
    .columns = { { TABLE_TENANT, TABLE_TEXT },
                 { "_id", TABLE_TEXT },
                 { "name", TABLE_TEXT },
                 { "phone", TABLE_TEXT },
                 { "createTime", TABLE_NUMBER },
                 { "updateTime", TABLE_NUMBER },
                 { "assignedTime", TABLE_NUMBER },
                 { "user_id", TABLE_TEXT },
                 { "user_name", TABLE_TEXT },
                 { "user_group_id", TABLE_TEXT },
                 { "customField_0_val", TABLE_TEXT },
                 { "NgayUpdate", TABLE_DATE },
                 { "NgayAssign", TABLE_DATE },
                 { TABLE_HASH, TABLE_TEXT } },
    .newer = "updateTime",
};

const struct table callio_person_staff = {
    .name = "staff",
    .columns = { { TABLE_TENANT, TABLE_TEXT },
                 { "_id", TABLE_TEXT },
                 { "email", TABLE_TEXT },
                 { "name", TABLE_TEXT },
                 { "createTime", TABLE_NUMBER },
                 { "updateTime", TABLE_NUMBER },
                 { "group_id", TABLE_TEXT },
                 { TABLE_HASH, TABLE_TEXT } },
    .newer = "updateTime",
};

const struct table callio_person_groups = {
    .name = "group",
    .columns = { { TABLE_TENANT, TABLE_TEXT },
                 { "group_id", TABLE_TEXT },
                 { "name", TABLE_TEXT },
                 { TABLE_HASH, TABLE_TEXT } },
};

/* ---- values ---- */

static void add(struct json *row, const char *name, char *text)
{
    if (text == NULL)
        return;
    json_add_text(row, name, text);
}

static void add_time(struct json *row, const char *name, int64_t time_ms)
{
    if (time_ms > 0)
        json_add_int(row, name, time_ms);
}

/* Later times have a year of five digits, and BigQuery refuses a whole load for it. */
#define LATEST_MS INT64_C(253402300799999)

/* The day in UTC: that of the partitions. */
static void add_day(struct json *row, const char *name, int64_t time_ms, char room[16])
{
    struct tm day;
    time_t epoch = (time_t)(time_ms / 1000);
    if (time_ms > 0 && time_ms <= LATEST_MS && gmtime_r(&epoch, &day) != NULL &&
        strftime(room, 16, "%Y-%m-%d", &day) > 0)
        json_add_text(row, name, room);
}

/* The texts of a row, which json_add_text borrows. */
struct texts {
    char *items[12];
    size_t count;
};

static char *keep(struct texts *texts, char *text)
{
    texts->items[texts->count++] = text;
    return text;
}

static void free_texts(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
}

static bool has_part(const char *joined, const char *part)
{
    size_t length = strlen(part);
    for (const char *at = strstr(joined, part); at != NULL; at = strstr(at + 1, part))
        if ((at == joined || (at >= joined + 3 && strncmp(at - 3, " | ", 3) == 0)) &&
            (at[length] == '\0' || strncmp(at + length, " | ", 3) == 0))
            return true;
    return false;
}

static void join(char **joined, char *value)
{
    if (value != NULL && *value != '\0' && !has_part(*joined, value)) {
        char *longer = mem_format("%s%s%s", *joined, **joined != '\0' ? " | " : "", value);
        free(*joined);
        *joined = longer;
    }
    free(value);
}

/* A value, or a list of values. */
static void join_values(char **joined, const struct json *field)
{
    struct json *parsed = NULL;
    const struct json *values = api_value_nested(field, "val", &parsed);
    if (values == NULL)
        join(joined, api_value_text(field, "val"));
    for (const struct json *value = json_first(values); value != NULL; value = json_next(value))
        join(joined, json_text_or_number(value));
    json_free(parsed);
}

/* The different values of the custom field with the state; NULL: there is none. */
static char *state_of(const struct json *doc)
{
    struct json *parsed = NULL;
    char *joined = mem_copy("");
    for (const struct json *field = json_first(api_value_nested(doc, "customFields", &parsed)); field != NULL;
         field = json_next(field))
        if (strcmp(str_or_empty(json_text(field, "key")), STATE_FIELD) == 0)
            join_values(&joined, field);
    json_free(parsed);
    if (*joined != '\0')
        return joined;
    free(joined);
    return NULL;
}

/* ---- rows ---- */

static void fill_customer(struct json *row, const struct json *doc, struct texts *texts, char days[2][16])
{
    struct json *parsed = NULL;
    const struct json *user = api_value_nested(doc, "user", &parsed);
    int64_t updated_ms = api_value_number(doc, "updateTime", 0), assigned_ms = api_value_number(doc, "assignedTime", 0);
    add(row, "phone", keep(texts, api_value_text(doc, "phone")));
    add_time(row, "createTime", api_value_number(doc, "createTime", 0));
    add_time(row, "updateTime", updated_ms);
    add_time(row, "assignedTime", assigned_ms);
    add(row, "user_id", keep(texts, api_value_id(doc, "user")));
    add(row, "user_name", keep(texts, api_value_text(user, "name")));
    add(row, "user_group_id", keep(texts, api_value_id(user, "group")));
    json_free(parsed);
    add(row, "customField_0_val", keep(texts, state_of(doc)));
    add_day(row, "NgayUpdate", updated_ms, days[0]);
    add_day(row, "NgayAssign", assigned_ms, days[1]);
}

static void fill_staff(struct json *row, const struct json *doc, struct texts *texts)
{
    add(row, "email", keep(texts, api_value_text(doc, "email")));
    add_time(row, "createTime", api_value_number(doc, "createTime", 0));
    add_time(row, "updateTime", api_value_number(doc, "updateTime", 0));
    add(row, "group_id", keep(texts, api_value_id(doc, "group")));
}

char *callio_person_row(const struct table *table, const char *tenant, const char *id, const struct json *doc,
                        int64_t *ret_updated_ms)
{
    struct json *row = json_object();
    struct texts texts = { .count = 0 };
    char days[2][16], hash[24];
    *ret_updated_ms = api_value_number(doc, "updateTime", 0);
    json_add_text(row, TABLE_TENANT, tenant);
    json_add_text(row, table->columns[1].name, id);
    add(row, "name", keep(&texts, api_value_text(doc, "name")));
    if (table == &callio_person_customers)
        fill_customer(row, doc, &texts, days);
    else if (table == &callio_person_staff)
        fill_staff(row, doc, &texts);
    char *values = json_print(row);
    (void)snprintf(hash, sizeof hash, "%016" PRIx64, str_hash(STR_HASH_START, values, strlen(values)));
    json_add_text(row, TABLE_HASH, hash);
    char *text = json_print(row);
    json_free(row);
    free_texts(&texts);
    free(values);
    return text;
}
