/* Tests of freepbx: the database account in the files of FreePBX, Issabel and Asterisk. */
#include "../unit.h"

#include "config/freepbx.h"

static void test_freepbx_reads_the_account_in_every_file_format(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *user, *password, *name, *port;
    } cases[] = {
        { "<?php\n$amp_conf[\"AMPDBUSER\"] = \"freepbxuser\";\n$amp_conf['AMPDBPASS'] = 'p;#\"w=d';\r\n"
          "$amp_conf[\"AMPDBHOST\"]=\"db.example\"; // remark\n$amp_conf[\"AMPDBNAME\"] = \"asterisk\";\n"
          "require_once('/var/www/html/admin/bootstrap.php');\n?>\n",
          "db.example", "freepbxuser", "p;#\"w=d", NULL, NULL },
        { "$amp_conf['AMPDBPASS'] = 'it\\'s \\\\ \\n';\n", NULL, NULL, "it's \\ \\n", NULL, NULL },
        { "$amp_conf['AMPDBPASS'] = 'open;\n$amp_conf[AMPDBUSER] = \"x\";\n// $amp_conf['AMPDBUSER'] = 'y';\n",
          NULL, NULL, NULL, NULL, NULL },
        { "# FreePBX 2\nAMPDBHOST=localhost\nAMPDBUSER=asteriskuser\nAMPDBPASS=amp=109;#\n AMPDBPORT = 3307\n",
          "localhost", "asteriskuser", "amp=109;#", NULL, "3307" },
        { "CDRDBHOST=calls.example\nAMPDBHOST=localhost\nAMPDBUSER=a\nCDRDBUSER=b\nCDRDBNAME=calls\n",
          "calls.example", "b", NULL, "calls", NULL },
        { "[global]\nhostname = localhost\ndbname=asteriskcdrdb\nuser = u\npassword = \"p w\"\nport=3306\n",
          "localhost", "u", "p w", "asteriskcdrdb", "3306" },
        { "[asterisk]\nusername=>a\npassword=>b\n[asteriskcdrdb]\nusername=>c\npassword=>d\ndatabase=>asteriskcdrdb\n"
          "[other]\nusername=>e\n", NULL, "c", "d", "asteriskcdrdb", NULL },
        { ";user=a\n#user=b\n//user=c\nuser=\nnothing\n=x\n", NULL, NULL, NULL, NULL, NULL },
        { "", NULL, NULL, NULL, NULL, NULL },
        { "AMPDBUSER=last", NULL, "last", NULL, NULL, NULL },
        { "AMPDBUSER=first\nAMPDBUSER=second\n", NULL, "second", NULL, NULL, NULL },
        { "$", NULL, NULL, NULL, NULL, NULL },
        { "$amp_conf[\"AMPDBUSER\"] = ", NULL, NULL, NULL, NULL, NULL },
        { "user='", NULL, "'", NULL, NULL, NULL },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct freepbx_account account;
        freepbx_read(cases[i].text, &account);
        unit_same_text(cases[i].text, account.host, cases[i].host);
        unit_same_text(cases[i].text, account.user, cases[i].user);
        unit_same_text(cases[i].text, account.password, cases[i].password);
        unit_same_text(cases[i].text, account.name, cases[i].name);
        unit_same_text(cases[i].text, account.port, cases[i].port);
        freepbx_free(&account);
        assert_null(account.password);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_freepbx_reads_the_account_in_every_file_format),
    };
    return cmocka_run_group_tests_name("freepbx", tests, NULL, NULL);
}
