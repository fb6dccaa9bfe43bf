/* Any bytes as an answer of Callio's API: a page of calls, customers, users or groups, one call, a login; and as the
 * file with the tenants' accounts. */
#include "fuzz.h"

#include "domain/table.h"
#include "source/callio_page.h"
#include "source/callio_person.h"
#include "source/callio_row.h"
#include "source/callio_session.h"

#define NOW 1760000000

static void read_call(const struct json *doc)
{
    struct callio_row row;
    struct callio_call made;
    if (callio_row_read(doc, &row) == NULL) {
        const struct call *call = &made.call;
        callio_row_call(&row, "T", NOW, &made);
        HOLDS(strncmp(call->id, "T:", 2) == 0 && strcmp(call->id + 2, row.text[CALLIO_ID]) == 0 && call->id[2] != '\0');
        HOLDS(call->status != NULL && *call->status != '\0' && call->began > 0 && call->started > 0 && call->age >= 0);
        HOLDS((call->ended == 0) == (call->finality == CALL_NOT_ENDED) && call->ended >= 0);
        HOLDS(callio_row_is_internal(&row) == (call->direction == CALL_INTERNAL));
        HOLDS(call_fingerprint(call) != 0);
    }
    callio_row_clear(&row);
}

static bool has_column(const struct table *table, const char *name)
{
    for (int i = 0; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return true;
    return false;
}

/* The row has no member that the table does not have. So a user's extPassword is not in it. */
static void read_person(const struct table *table, const struct json *doc)
{
    int64_t updated_ms = 0;
    char *text = callio_person_row(table, "T", "id", doc, &updated_ms);
    struct json *row = json_parse(text);
    HOLDS(row != NULL && str_is_utf8(text));
    HOLDS(strcmp(str_or_empty(json_text(row, TABLE_TENANT)), "T") == 0);
    HOLDS(strcmp(str_or_empty(json_text(row, table->columns[1].name)), "id") == 0);
    HOLDS(strlen(str_or_empty(json_text(row, TABLE_HASH))) == 16);
    for (const struct json *member = json_first_member(row); member != NULL; member = json_next(member)) {
        HOLDS(has_column(table, json_name(member)));
        HOLDS(json_kind(member) == JSON_STRING || json_kind(member) == JSON_NUMBER);
    }
    json_free(row);
    free(text);
}

static void read_page(const char *body, int64_t number)
{
    static const char *const secrets[API_WORDS_SECRETS] = { "a", NULL };
    struct json *json = callio_page_parse(body);
    struct callio_page page;
    struct err err = { .code = EX_OK };
    size_t count = 0;
    if (json == NULL)
        return;
    read_call(json);
    if (callio_page_read(json, number, secrets, &page, &err) != 0) {
        const char *words = strchr(err.message, ':');
        HOLDS(err.code == EX_UNAVAILABLE && page.first == NULL);
        HOLDS(words != NULL || (page.total > 0 && strstr(err.message, "lists none") != NULL));
        HOLDS(words == NULL || strcmp(words, ": it gives no reason") == 0 || strchr(words, 'a') == NULL);
        fuzz_printable(err.message, sizeof err.message);
    } else {
        HOLDS(page.total >= -1 && page.limit >= -1 && (page.count > 0 || page.is_last));
        HOLDS(page.limit <= 0 || number <= INT64_MAX / page.limit);
    }
    for (const struct json *doc = page.first; doc != NULL; doc = json_next(doc), count++) {
        read_call(doc);
        read_person(&callio_person_customers, doc);
        read_person(&callio_person_staff, doc);
        read_person(&callio_person_groups, doc);
    }
    HOLDS(count == page.count);
    callio_page_clear(&page);
}

static void read_login(const char *body)
{
    struct callio_tenant tenant = { .name = (char *)"T" };
    struct err err = { .code = EX_OK };
    if (callio_session_keep(&tenant, body, &err) == 0)
        HOLDS(*callio_session_token(&tenant) != '\0' && strpbrk(tenant.session, "\r\n") == NULL);
    else
        HOLDS(err.code == EX_UNAVAILABLE && tenant.session == NULL && strstr(err.message, "tenant T without") != NULL);
    callio_session_forget(&tenant);
    HOLDS(callio_session_token(&tenant) == NULL);
}

static void read_accounts(const char *text)
{
    struct callio_tenants tenants;
    struct err err = { .code = EX_OK };
    if (callio_accounts_read(text, "/etc/accounts.json", &tenants, &err) == 0) {
        HOLDS(tenants.count > 0);
        for (size_t i = 0; i < tenants.count; i++) {
            const struct callio_tenant *tenant = &tenants.items[i];
            const char *id = NULL;
            char call_id[64];
            (void)snprintf(call_id, sizeof call_id, "%s:x", tenant->name);
            HOLDS(callio_accounts_of(&tenants, call_id, &id) == tenant && strcmp(id, "x") == 0);
            HOLDS(*tenant->token != '\0' || (*tenant->email != '\0' && *tenant->password != '\0'));
        }
    } else {
        HOLDS(err.code == EX_CONFIG);
        fuzz_printable(err.message, sizeof err.message);
    }
    callio_accounts_free(&tenants);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = fuzz_text(data, size);
    read_page(body, 1);
    read_page(body, 5000);
    read_login(body);
    read_accounts(body);
    free(body);
    return 0;
}
