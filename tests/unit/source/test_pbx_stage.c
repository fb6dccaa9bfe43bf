/* Tests of pbx_stage: which of several rows with one uuid counts, and the order in which rows are handed out. */
#include <stdlib.h>

#include "../unit.h"

#include "base/mem.h"
#include "source/pbx_stage.h"

static const struct pbx_zone utc = { .name = "UTC", .is_fixed = true };

static void add(struct api_stage *stage, const char *text)
{
    struct pbx_row row;
    struct err err = { .message = "" };
    struct json *json = json_parse(text);
    unit_same_text(text, pbx_row_read(json, &utc, &row), NULL);
    unit_same_int(text, pbx_stage_add(stage, &row, &err), 0);
    pbx_row_clear(&row);
    json_free(json);
}

/* Writes the uuids and the callees. */
static int note(void *context, const struct pbx_row *row, struct err *err)
{
    char **names = context, *old = *names;
    (void)err;
    *names =
        mem_format("%s%s:%s ", old, row->text[PBX_UUID], row->text[PBX_CALLEE] != NULL ? row->text[PBX_CALLEE] : "-");
    free(old);
    return 0;
}

static char *take_all(struct api_stage *stage)
{
    struct err err = { .message = "" };
    char *names = mem_copy("");
    assert_int_equal(pbx_stage_empty(stage, &utc, note, &names, &err), 0);
    return names;
}

#define ROW(UUID, START, END, MORE) "{\"uuid\":\"" UUID "\",\"start_epoch\":" START ",\"end_epoch\":" END MORE "}"
#define TO(NUMBER) ",\"destination_number\":\"" NUMBER "\""

static void test_pbx_stage_keeps_the_same_of_two_rows_in_either_order(void **state)
{
    (void)state;
    static const struct {
        const char *why, *one, *other, *kept;
    } pairs[] = {
        { "the later end", ROW("a", "1760000000", "1760000050", TO("1") ",\"billsec\":9"),
          ROW("a", "1760000000", "1760000060", TO("2")), "a:2 " },
        { "an end", ROW("a", "1760000000", "0", TO("1") ",\"billsec\":9"),
          ROW("a", "1760000000", "1760000001", TO("2")), "a:2 " },
        { "the most data", ROW("a", "1760000000", "1760000050", TO("9")),
          ROW("a", "1760000000", "1760000050", TO("1") ",\"billsec\":9"), "a:1 " },
        { "the text", ROW("a", "1760000000", "1760000050", TO("1")), ROW("a", "1760000000", "1760000050", TO("2")),
          "a:2 " },
    };
    struct api_stage *stage = NULL;
    struct err err = { .message = "" };
    assert_int_equal(pbx_stage_open(&stage, &err), 0);
    for (size_t i = 0; i < 2 * UNIT_COUNT(pairs); i++) {
        add(stage, i % 2 == 0 ? pairs[i / 2].one : pairs[i / 2].other);
        add(stage, i % 2 == 0 ? pairs[i / 2].other : pairs[i / 2].one);
        char *names = take_all(stage);
        unit_same_text(pairs[i / 2].why, names, pairs[i / 2].kept);
        free(names);
    }
    api_stage_close(stage);
}

static int stop_at_once(void *context, const struct pbx_row *row, struct err *err)
{
    (void)context;
    (void)row;
    (void)err;
    return 1;
}

static void test_pbx_stage_hands_out_rows_by_their_start_and_once(void **state)
{
    (void)state;
    struct api_stage *stage = NULL;
    struct err err = { .message = "" };
    assert_int_equal(pbx_stage_open(&stage, &err), 0);
    add(stage, ROW("c", "1760000001", "1760000050", ""));
    add(stage, ROW("b", "1760000009", "1760000010", ""));
    add(stage, ROW("a", "1760000001", "1760000050", ""));
    char *names = take_all(stage);
    assert_string_equal(names, "a:- c:- b:- ");
    free(names);
    names = take_all(stage);
    assert_string_equal(names, "");
    free(names);
    add(stage, ROW("a", "1760000001", "1760000050", ""));
    add(stage, ROW("b", "1760000001", "1760000050", ""));
    assert_int_equal(pbx_stage_empty(stage, &utc, stop_at_once, NULL, &err), 1);
    names = take_all(stage);
    assert_string_equal(names, "");
    free(names);
    api_stage_close(stage);
    api_stage_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbx_stage_keeps_the_same_of_two_rows_in_either_order),
        cmocka_unit_test(test_pbx_stage_hands_out_rows_by_their_start_and_once),
    };
    return cmocka_run_group_tests_name("pbx_stage", tests, NULL, NULL);
}
