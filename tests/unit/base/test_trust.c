/* Tests of trust: which certificates a connection reads. */
#include "../unit.h"

#include <sys/stat.h>

#include "base/trust.h"

static void touch(const char *directory, const char *name)
{
    FILE *file = fopen(unit_path(directory, name), "w");
    assert_non_null(file);
    (void)fclose(file);
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void test_trust_takes_the_setting_the_hashed_directory_or_the_file(void **state)
{
    char hashed[4200], plain[4200], file[4200];
    (void)snprintf(hashed, sizeof hashed, "%s/hashed", (const char *)*state);
    (void)snprintf(plain, sizeof plain, "%s/plain", (const char *)*state);
    (void)snprintf(file, sizeof file, "%s/bundle.crt", (const char *)*state);
    assert_int_equal(mkdir(hashed, 0755) | mkdir(plain, 0755), 0);
    touch(*state, "bundle.crt");
    touch(hashed, "ISRG_Root_X1.pem");
    touch(hashed, "4042bcee.0");
    static const char *const others[] = { "ISRG_Root_X1.pem", "4042bcee.x", "4042bce.00", "4042bcee.01",
                                          "4042bcee", "4042bceg.0" };
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        touch(plain, others[i]);
    const struct {
        const char *name, *setting, *system_file, *system_directory;
        struct trust want, other;
    } rows[] = {
        { "a file is set", file, "/x", hashed, { file, NULL }, { NULL, NULL } },
        { "a file that is gone is set", "/x.crt", file, hashed, { "/x.crt", NULL }, { NULL, NULL } },
        { "a directory is set", plain, file, hashed, { NULL, plain }, { NULL, NULL } },
        { "both", "", file, hashed, { NULL, hashed }, { file, NULL } },
        { "a directory alone", "", NULL, hashed, { NULL, hashed }, { NULL, NULL } },
        { "the file is gone", "", "/x.crt", hashed, { NULL, hashed }, { NULL, NULL } },
        { "a file alone", "", file, NULL, { file, NULL }, { NULL, NULL } },
        { "a directory without hashes", "", file, plain, { file, NULL }, { NULL, NULL } },
        { "the directory is gone", "", file, "/x", { file, NULL }, { NULL, NULL } },
        { "neither", "", NULL, NULL, { NULL, NULL }, { NULL, NULL } },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct trust other, trust = trust_of(rows[i].setting, rows[i].system_file, rows[i].system_directory, &other);
        unit_true(rows[i].name, same(trust.file, rows[i].want.file) && same(trust.directory, rows[i].want.directory));
        unit_true(rows[i].name, same(other.file, rows[i].other.file) && other.directory == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_trust_takes_the_setting_the_hashed_directory_or_the_file),
    };
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
