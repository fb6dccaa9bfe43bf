/* Tests of callio_person: the rows of customers, staff and groups. */
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#include "source/callio_person.h"

static void test_callio_person_makes_rows_without_secrets(void **state)
{
    (void)state;
    static const struct {
        const struct table *table;
        const char *doc, *row; /* without its hash */
        int64_t updated_ms;
    } rows[] = {
        { &callio_person_customers,
          "{\"name\":\"A\",\"phone\":912,\"createTime\":1,\"updateTime\":\"1760000000000\",\"assignedTime\":"
          "1760054400000,\"user\":{\"_id\":\"u1\",\"name\":\"Lan\",\"group\":\"g1\"},\"customFields\":[{\"key\":"
          "\"tinh-trang-kh\",\"val\":[\"a\",\"ab\",\"a\",\"\"]},{\"key\":\"x\",\"val\":\"y\"},{\"key\":"
          "\"tinh-trang-kh\",\"val\":\"b\"}]}",
          "{\"tenant\":\"PK\",\"_id\":\"i\",\"name\":\"A\",\"phone\":\"912\",\"createTime\":1,\"updateTime\":"
          "1760000000000,\"assignedTime\":1760054400000,\"user_id\":\"u1\",\"user_name\":\"Lan\",\"user_group_id\":"
          "\"g1\",\"customField_0_val\":\"a | ab | b\",\"NgayUpdate\":\"2025-10-09\",\"NgayAssign\":\"2025-10-10\"",
          1760000000000 },
        { &callio_person_customers, /* nested values may be texts */
          "{\"user\":\"{\\\"_id\\\":\\\"u1\\\",\\\"name\\\":\\\"Lan\\\",\\\"group\\\":{\\\"_id\\\":\\\"g1\\\"}}\","
          "\"customFields\":\"[{\\\"key\\\":\\\"tinh-trang-kh\\\",\\\"val\\\":[\\\"a\\\",\\\"b\\\"]}]\"}",
          "{\"tenant\":\"PK\",\"_id\":\"i\",\"user_id\":\"u1\",\"user_name\":\"Lan\",\"user_group_id\":\"g1\","
          "\"customField_0_val\":\"a | b\"", 0 },
        { &callio_person_customers,
          "{\"user\":\"{no JSON\",\"customFields\":[{\"key\":\"tinh-trang-kh\",\"val\":\"[\\\"a\\\",7]\"},7]}",
          "{\"tenant\":\"PK\",\"_id\":\"i\",\"customField_0_val\":\"a | 7\"", 0 },
        { &callio_person_customers, "{\"user\":\"u1\",\"customFields\":{}}",
          "{\"tenant\":\"PK\",\"_id\":\"i\",\"user_id\":\"u1\"", 0 },
        { &callio_person_customers, "{\"updateTime\":253402300799999,\"assignedTime\":253402300800000}",
          "{\"tenant\":\"PK\",\"_id\":\"i\",\"updateTime\":253402300799999,\"assignedTime\":253402300800000,"
          "\"NgayUpdate\":\"9999-12-31\"", 253402300799999 },
        { &callio_person_staff,
          "{\"email\":\"a@b.c\",\"name\":\"Lan\",\"extPassword\":\"s3cret\",\"group\":{\"_id\":\"g1\"},"
          "\"updateTime\":5}",
          "{\"tenant\":\"PK\",\"_id\":\"i\",\"name\":\"Lan\",\"email\":\"a@b.c\",\"updateTime\":5,"
          "\"group_id\":\"g1\"", 5 },
        { &callio_person_staff, "{\"group\":\"{\\\"_id\\\":\\\"g1\\\"}\"}",
          "{\"tenant\":\"PK\",\"_id\":\"i\",\"group_id\":\"g1\"", 0 },
        { &callio_person_groups, "{\"name\":\"Team\",\"updateTime\":5}",
          "{\"tenant\":\"PK\",\"group_id\":\"i\",\"name\":\"Team\"", 5 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int64_t updated_ms = 0;
        struct json *doc = json_parse(rows[i].doc);
        assert_non_null(doc);
        char *row = callio_person_row(rows[i].table, "PK", "i", doc, &updated_ms);
        char *hash = strstr(row, ",\"" TABLE_HASH "\":\"");
        assert_non_null(hash);
        unit_same_int(rows[i].doc, strlen(hash), strlen(",\"" TABLE_HASH "\":\"0123456789abcdef\"}"));
        *hash = '\0';
        unit_same_text(rows[i].doc, row, rows[i].row);
        unit_same_int(rows[i].doc, updated_ms, rows[i].updated_ms);
        free(row);
        json_free(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callio_person_makes_rows_without_secrets),
    };
    return cmocka_run_group_tests_name("callio_person", tests, NULL, NULL);
}
