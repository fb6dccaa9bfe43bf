/* Tests of asterisk_party: names of channels and dialled numbers. */
#include "../unit.h"

#include "source/asterisk_party.h"

static void test_asterisk_party_peer_is_in_the_channel_s_name(void **state)
{
    (void)state;
    static const struct {
        const char *channel, *peer;
        bool is_trunk;
    } cases[] = {
        { "PJSIP/101-0000002a", "101", false },
        { "SIP/101-0000002a", "101", false },
        { "PJSIP/acme-east-0000002a", "acme-east", true },
        { "PJSIP/15551234567-0000002a", "15551234567", true },
        { "IAX2/acme-123", "acme", true },
        { "DAHDI/i1/15551234567-3", "i1/15551234567", true },
        { "Local/101@from-queue-0000002a;2", "101", false },
        { "Local/15551234567@outbound-allroutes-00000001;1", "15551234567", false },
        { "PJSIP/101", "101", false },
        { "PJSIP/-1", "-1", true },
        { "", "", false },
        { "nonsense", "", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        char out[ASTERISK_PARTY_SIZE];
        unit_same_text(cases[i].channel, asterisk_party_peer(cases[i].channel, out), cases[i].peer);
        unit_same_int(cases[i].channel, asterisk_party_is_trunk(cases[i].channel, ""), cases[i].is_trunk);
    }
    char long_name[300] = "PJSIP/", out[ASTERISK_PARTY_SIZE];
    memset(long_name + 6, '7', sizeof long_name - 7);
    assert_int_equal(strlen(asterisk_party_peer(long_name, out)), ASTERISK_PARTY_SIZE - 1);
}

static void test_asterisk_party_with_trunks_set_there_are_no_others(void **state)
{
    (void)state;
    static const char trunks[] = "acme, PJSIP/4711";
    assert_true(asterisk_party_is_trunk("SIP/acme-0000002a", trunks));
    assert_true(asterisk_party_is_trunk("PJSIP/4711-0000002a", trunks));
    assert_false(asterisk_party_is_trunk("SIP/4711-0000002a", trunks));
    assert_false(asterisk_party_is_trunk("SIP/alice-0000002a", trunks));
    assert_false(asterisk_party_is_trunk("Local/acme@from-internal-0000002a;1", trunks));
    assert_true(asterisk_party_is_local("local/101@x-1;1"));
    assert_false(asterisk_party_is_local("PJSIP/Local-1"));
}

static void test_asterisk_party_distinguishes_numbers_and_feature_codes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_number, is_external;
    } cases[] = {
        { "15551234567", true, true }, { "+15551234567", true, true }, { "101", true, false }, { "112", true, false },
        { "123456", true, false },     { "1234567", true, true },      { "s", false, false },  { "h", false, false },
        { "*97", false, false },       { "", false, false },           { "+", false, false },
        { "vmu101", false, false },
        { "555-1234567", false, false }, { "11", false, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        unit_same_int(cases[i].text, asterisk_party_is_number(cases[i].text), cases[i].is_number);
        unit_same_int(cases[i].text, asterisk_party_is_external(cases[i].text), cases[i].is_external);
    }
}

static void test_asterisk_party_finds_dialled_and_calling_number(void **state)
{
    (void)state;
    static const struct {
        const char *lastdata, *number;
    } dialled[] = {
        { "PJSIP/15551234567@acme,300,Tb(func-apply)", "15551234567" },
        { "SIP/acme/15551234567,300,T", "15551234567" },
        { "PJSIP/acme/sip:+15551234567@198.51.100.7,300", "+15551234567" },
        { "DAHDI/g0/15551234567", "15551234567" },
        { "SIP/acme/15551234567&SIP/other/15557654321,30", "15551234567" },
        { "PJSIP/acme,30", "" },
        { "", "" },
        { "vmu101@default", "" },
    };
    static const struct {
        const char *clid, *number;
    } calling[] = {
        { "\"Ann Lee\" <15551234567>", "15551234567" }, { "15551234567", "15551234567" }, { "\"Ann\" <>", "" },
        { "Anonymous", "" },                            { "", "" },
    };
    char out[ASTERISK_PARTY_SIZE];
    for (size_t i = 0; i < UNIT_COUNT(dialled); i++)
        unit_same_text(dialled[i].lastdata, asterisk_party_dialled(dialled[i].lastdata, out), dialled[i].number);
    for (size_t i = 0; i < UNIT_COUNT(calling); i++)
        unit_same_text(calling[i].clid, asterisk_party_caller(calling[i].clid, out), calling[i].number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asterisk_party_peer_is_in_the_channel_s_name),
        cmocka_unit_test(test_asterisk_party_with_trunks_set_there_are_no_others),
        cmocka_unit_test(test_asterisk_party_distinguishes_numbers_and_feature_codes),
        cmocka_unit_test(test_asterisk_party_finds_dialled_and_calling_number),
    };
    return cmocka_run_group_tests_name("asterisk_party", tests, NULL, NULL);
}
