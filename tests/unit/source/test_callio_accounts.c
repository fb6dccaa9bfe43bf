/* Tests of callio_accounts: the list of accounts, and the tenant of a call. */
#include <string.h>

#include "../unit.h"

#include "source/callio_accounts.h"

static void test_callio_accounts_finds_the_tenant_of_a_call(void **state)
{
    (void)state;
    struct callio_tenants tenants;
    struct err err = { .message = "" };
    const char *id = NULL;
    assert_int_equal(callio_accounts_read(" [{\"tenant\":\"PK\",\"email\":\"a@b.c\",\"password\":\"p\"},{\"tenant\":"
                                          "\"PK2\",\"token\":\"t\"},{\"tenant\":\"PK3\",\"email\":\"a@b.c\","
                                          "\"password\":\"other\"}]\n", "accounts.json", &tenants, &err), 0);
    assert_int_equal(tenants.count, 3);
    assert_string_equal(tenants.items[0].password, "p");
    assert_string_equal(tenants.items[1].token, "t");
    assert_ptr_equal(callio_accounts_of(&tenants, "PK2:7b", &id), &tenants.items[1]);
    assert_string_equal(id, "7b");
    assert_ptr_equal(callio_accounts_of(&tenants, "PK:a:b", &id), &tenants.items[0]);
    assert_string_equal(id, "a:b");
    assert_null(callio_accounts_of(&tenants, "P:7b", &id));
    assert_null(callio_accounts_of(&tenants, "PK", &id));
    assert_null(callio_accounts_of(&tenants, ":7b", &id));
    callio_accounts_free(&tenants);
}

static void test_callio_accounts_refuses_accounts_without_showing_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "{\"tenant\":\"PK\",\"token\":\"s3cret\"}", "no JSON list" },
        { "[]", "no JSON list" },
        { "[{\"tenant\":\"PK\",\"token\":\"s3cret\"}", "no JSON list" },
        { "[\"s3cret\"]", "name must have" },
        { "[{\"tenant\":\"\",\"token\":\"s3cret\"}]", "name must have" },
        { "[{\"tenant\":\"a:b\",\"token\":\"s3cret\"}]", "name must have" },
        { "[{\"tenant\":\"a\",\"token\":\"s3cret\"},{\"tenant\":\"a\",\"token\":\"s3cret\"}]",
          "twice (account 2 of the list)" },
        { "[{\"tenant\":\"a\",\"token\":\"s3cret\"},{\"tenant\":\"b\",\"token\":\"s3cret\"}]",
          "the tenants a and b have the same account" },
        { "[{\"tenant\":\"a\",\"email\":\"e@b.c\",\"password\":\"s3cret\"},{\"tenant\":\"b\",\"email\":\"E@b.c\","
          "\"password\":\"s3cret\"}]", "the tenants a and b have the same account" },
        { "[{\"tenant\":\"a\",\"password\":\"s3cret\"}]", "has no account" },
        { "[{\"tenant\":\"a\",\"token\":\"s3cret\\r\\nx: y\"}]", "control character" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_tenants tenants;
        struct err err = { .message = "" };
        unit_same_int(rows[i].text, callio_accounts_read(rows[i].text, "FILE", &tenants, &err), -1);
        unit_same_int(rows[i].text, strstr(err.message, rows[i].words) != NULL, true);
        unit_same_int(rows[i].text, strncmp(err.message, "FILE: ", 6), 0);
        unit_same_int(rows[i].text, strstr(err.message, "s3cret") == NULL, true);
        callio_accounts_free(&tenants);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callio_accounts_finds_the_tenant_of_a_call),
        cmocka_unit_test(test_callio_accounts_refuses_accounts_without_showing_them),
    };
    return cmocka_run_group_tests_name("callio_accounts", tests, NULL, NULL);
}
