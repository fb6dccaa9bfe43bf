/* Tests of users, bearer, sessions and throttle_login: who may come in. */
#include "../unit.h"

#include "base/mem.h"
#include "serve/bearer.h"
#include "serve/sessions.h"
#include "serve/throttle_login.h"
#include "serve/users.h"

#define PASSWORD "correct horse"

static struct users *users;
static struct err err;
static const char *path;

static int enter(void **state)
{
    if (unit_create_directory(state) != 0)
        return -1;
    path = unit_path(*state, "users");
    users = users_open(path);
    return 0;
}

static int leave(void **state)
{
    users_close(users);
    return unit_remove_directory(state);
}

#define with_users(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static void put(const char *name, enum role role, const char *password)
{
    if (users_put(users, name, role, password, getegid(), &err) != 0 || users_refresh(users, &err) != 0)
        fail_msg("%s", err.message);
}

static void test_users_come_in_with_their_password_only(void **state)
{
    (void)state;
    assert_int_equal(users_refresh(users, &err), 0); /* no file, no users */
    assert_null(users_at(users, 0));
    put("ann", ROLE_ADMIN, PASSWORD);
    put("vic", ROLE_VIEWER, PASSWORD);
    assert_string_equal(users_login(users, "ann", PASSWORD)->name, "ann");
    assert_int_equal(users_login(users, "vic", PASSWORD)->role, ROLE_VIEWER);
    assert_null(users_login(users, "ann", "correct horsf"));
    assert_null(users_login(users, "ann", ""));
    assert_null(users_login(users, "bob", PASSWORD));
    assert_null(users_login(users, "", PASSWORD));
    assert_true(users_find(users, "ann")->stamp != users_find(users, "vic")->stamp); /* the salt */
}

static void test_users_of_another_cost_come_in_too(void **state)
{
    (void)state;
    /* RFC 7914, section 12: scrypt("password", "NaCl", 1024, 8, 16). */
    unit_write(path, "old:viewer:scrypt$1024$8$16$TmFDbA==$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/x"
                     "CSedmDDaxyevuUqD7m2DYMvfoswGQA==\n");
    assert_int_equal(users_refresh(users, &err), 0);
    assert_non_null(users_login(users, "old", "password"));
    assert_null(users_login(users, "old", "Password"));
}

static void test_users_change_and_comments_stay(void **state)
{
    (void)state;
    unit_write(path, "# ours\n\n");
    put("ann", ROLE_ADMIN, PASSWORD);
    put("annika", ROLE_VIEWER, PASSWORD);
    uint64_t before = users_find(users, "ann")->stamp;
    put("ann", ROLE_VIEWER, NULL);
    assert_int_equal(users_find(users, "ann")->role, ROLE_VIEWER);
    assert_true(users_find(users, "ann")->stamp == before);
    put("ann", ROLE_NONE, "another password");
    assert_true(users_find(users, "ann")->stamp != before);
    assert_int_equal(users_find(users, "ann")->role, ROLE_VIEWER);
    assert_int_equal(users_remove(users, "ann", &err), 0);
    assert_int_equal(users_refresh(users, &err), 0);
    assert_null(users_find(users, "ann"));
    assert_non_null(users_find(users, "annika"));
    char *text = unit_read(path);
    assert_int_equal(strncmp(text, "# ours\n\nannika:viewer:scrypt$16384$8$5$", 39), 0);
    free(text);
    assert_int_equal(users_remove(users, "ann", &err), -1);
}

static void test_users_need_a_good_name_and_password(void **state)
{
    (void)state;
    static const struct {
        const char *name, *password, *problem;
    } rows[] = {
        { "a:b", PASSWORD, "letters, digits" }, { "", PASSWORD, "letters, digits" },
        { "a\nb", PASSWORD, "letters, digits" },
        { "abcdefghijabcdefghijabcdefghijabc", PASSWORD, "1 to 32" },
        { "ann", "123456789", "10 to 1000" }, { "ann", NULL, "there is no user" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_int(rows[i].name, users_put(users, rows[i].name, ROLE_ADMIN, rows[i].password, getegid(), &err), -1);
        unit_has(rows[i].name, err.message, rows[i].problem);
    }
    assert_false(unit_exists(path));
    assert_true(users_is_name("abcdefghijabcdefghijabcdefghijab"));
}

static void test_users_a_wrong_line_lets_nobody_in(void **state)
{
    (void)state;
    static const char good[] = "scrypt$1024$8$1$AAAA$AAAAAAAAAAAAAAAAAAAAAA==";
    static const struct {
        const char *before, *verifier, *after, *problem;
    } rows[] = {
        { "ann:admin", "", "", "users:1: the line is not NAME:ROLE:PASSWORD" },
        { "a b:admin:", good, "", "users:1: the line has a name" },
        { "ann:root:", good, "", "users:1: the line has a role" },
        { "ann:admin:", "plain", "", "users:1: the line has a password" },
        { "ann:admin:", "scrypt$1024$8$1$AAAA$AAAA", "", "has a password" },
        { "ann:admin:", "scrypt$1024$8$0$AAAA$AAAAAAAAAAAAAAAAAAAAAA==", "", "has a password" },
        { "ann:admin:", "scrypt$1024$8$AAAA$AAAAAAAAAAAAAAAAAAAAAA==", "", "has a password" },
        { "ann:admin:", "scrypt$1024$8$1$A!AA$AAAAAAAAAAAAAAAAAAAAAA==", "", "has a password" },
        { "# c\n\nann:admin:", good, "\nann:viewer:", "users:4: the line has the name of an earlier line; delete" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *text = mem_format("%s%s%s%s\n", rows[i].before, rows[i].verifier, rows[i].after,
                                *rows[i].after != '\0' ? good : "");
        unit_write(path, text);
        unit_same_int(text, users_refresh(users, &err), -1);
        unit_has(text, err.message, rows[i].problem);
        unit_same_int(text, err.code, EX_CONFIG);
        unit_true(text, users_at(users, 0) == NULL);
        free(text);
    }
}

static void test_users_that_everybody_can_write_are_refused(void **state)
{
    (void)state;
    put("ann", ROLE_ADMIN, PASSWORD);
    unit_write(path, "# changed by somebody\n");
    assert_int_equal(chmod(path, 0646), 0);
    assert_int_equal(users_refresh(users, &err), -1);
    unit_has("everybody's", err.message, "chmod o-w");
    assert_int_equal(err.code, EX_CONFIG);
    assert_null(users_at(users, 0));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(users_refresh(users, &err), 0);
}

/* ---- tokens ---- */

static void test_bearer_tokens_name_their_user_until_they_expire(void **state)
{
    struct bearer_secret secret, again;
    put("ann", ROLE_ADMIN, PASSWORD);
    assert_int_equal(bearer_load(*state, &secret, &err), 0);
    assert_int_equal(bearer_load(*state, &again, &err), 0);
    assert_memory_equal(&secret, &again, sizeof secret);
    char *token = bearer_make(&secret, users_find(users, "ann"), 1000, 2000);
    assert_ptr_equal(bearer_user(&secret, users, token, 1999), users_find(users, "ann"));
    assert_null(bearer_user(&secret, users, token, 2000));
    again.bytes[31] ^= 1;
    assert_null(bearer_user(&again, users, token, 1999));
    put("ann", ROLE_NONE, "another password");
    assert_null(bearer_user(&secret, users, token, 1999));
    mem_free_secret(token);
    unit_write(unit_path(*state, "token.key"), "no digits\n");
    assert_int_equal(bearer_load(*state, &secret, &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
}

/* ---- sessions ---- */

static struct sessions sessions;

static void test_sessions_end_by_age_and_by_idleness(void **state)
{
    char token[SESSIONS_TOKEN_SIZE];
    (void)state;
    sessions = (struct sessions){ .life_ms = 1000, .idle_ms = 400 };
    const struct session *session = sessions_begin(&sessions, "ann", 7, 100);
    (void)snprintf(token, sizeof token, "%s", session->token);
    assert_int_equal(strlen(token), 64);
    assert_string_not_equal(session->token, session->csrf);
    assert_null(sessions_find(&sessions, "", 100));
    assert_null(sessions_find(&sessions, "0", 100));
    assert_non_null(sessions_find(&sessions, token, 499));
    assert_non_null(sessions_find(&sessions, token, 898));
    assert_non_null(sessions_find(&sessions, token, 1099));
    assert_null(sessions_find(&sessions, token, 1100)); /* its life */
    (void)snprintf(token, sizeof token, "%s", sessions_begin(&sessions, "ann", 7, 2000)->token);
    assert_null(sessions_find(&sessions, token, 2400)); /* idle */
    (void)snprintf(token, sizeof token, "%s", sessions_begin(&sessions, "ann", 7, 3000)->token);
    sessions_end(&sessions, token);
    assert_null(sessions_find(&sessions, token, 3001));
    sessions_end(&sessions, token);
}

static void test_sessions_are_bounded_for_a_user_and_for_all(void **state)
{
    char first[SESSIONS_TOKEN_SIZE], name[20];
    (void)state;
    sessions = (struct sessions){ .life_ms = 1000000, .idle_ms = 1000000 };
    (void)snprintf(first, sizeof first, "%s", sessions_begin(&sessions, "ann", 7, 0)->token);
    for (int i = 1; i < SESSIONS_MOST_OF_USER; i++)
        (void)sessions_begin(&sessions, "ann", 7, i);
    assert_non_null(sessions_find(&sessions, first, 0));
    (void)sessions_begin(&sessions, "ann", 7, 100);
    assert_null(sessions_find(&sessions, first, 100));
    (void)snprintf(first, sizeof first, "%s", sessions_begin(&sessions, "bob", 7, 0)->token);
    for (int i = SESSIONS_MOST_OF_USER + 1; i < SESSIONS_MOST; i++) {
        (void)snprintf(name, sizeof name, "u%d", i);
        (void)sessions_begin(&sessions, name, 7, 1000 + i);
    }
    assert_non_null(sessions_find(&sessions, first, 0));
    (void)sessions_begin(&sessions, "last", 7, 5000);
    assert_null(sessions_find(&sessions, first, 5000));
}

/* ---- guesses ---- */

static struct throttle_login throttle;

static void test_throttle_login_counts_pairs_addresses_and_names(void **state)
{
    char text[20];
    (void)state;
    throttle = (struct throttle_login){ .attempts = 2 };
    throttle_login_failed(&throttle, "ann", "a", 0);
    assert_int_equal(throttle_login_wait(&throttle, "ann", "a", 1000), 0);
    throttle_login_failed(&throttle, "ann", "a", 1000);
    assert_int_equal(throttle_login_wait(&throttle, "ann", "a", 1000), THROTTLE_LOGIN_WAIT_SEC - 1);
    assert_int_equal(throttle_login_wait(&throttle, "ann", "b", 1000), 0);
    assert_int_equal(throttle_login_wait(&throttle, "bob", "a", 1000), 0);
    assert_int_equal(throttle_login_wait(&throttle, "ann", "a", THROTTLE_LOGIN_WAIT_SEC * 1000), 0);
    throttle_login_failed(&throttle, "ann", "a", THROTTLE_LOGIN_WAIT_SEC * 1000); /* counts from one again */
    assert_int_equal(throttle_login_wait(&throttle, "ann", "a", THROTTLE_LOGIN_WAIT_SEC * 1000), 0);

    throttle = (struct throttle_login){ .attempts = 2 };
    for (int i = 0; i < 8; i++) {
        assert_int_equal(throttle_login_wait(&throttle, "vic", "a", 0), 0);
        (void)snprintf(text, sizeof text, "name%d", i);
        throttle_login_failed(&throttle, text, "a", 0);
    }
    assert_int_equal(throttle_login_wait(&throttle, "vic", "a", 0), THROTTLE_LOGIN_WAIT_SEC); /* 4 x 2 of the address */

    throttle = (struct throttle_login){ .attempts = 2 };
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof text, "a%d", i);
        assert_int_equal(throttle_login_wait(&throttle, "ann", text, 0), 0);
        throttle_login_failed(&throttle, "ann", text, 0);
    }
    assert_int_equal(throttle_login_wait(&throttle, "ann", "new", 0), THROTTLE_LOGIN_WAIT_SEC); /* 20 x 2 of the name */
}

/* A guesser may have a whole network of 64 bits. */
static void test_throttle_login_counts_an_ipv6_network_as_one_address(void **state)
{
    char text[60];
    (void)state;
    throttle = (struct throttle_login){ .attempts = 2 };
    for (int i = 0; i < 8; i++) {
        (void)snprintf(text, sizeof text, "2001:db8:1:2:%x::%x", i, i);
        throttle_login_failed(&throttle, "someone", text, 0);
    }
    assert_int_equal(throttle_login_wait(&throttle, "vic", "2001:db8:1:2::99", 0), THROTTLE_LOGIN_WAIT_SEC);
    assert_int_equal(throttle_login_wait(&throttle, "vic", "2001:db8:1:3::99", 0), 0);
    for (int i = 0; i < 8; i++)
        throttle_login_failed(&throttle, "other", "::ffff:192.0.2.1", 0);
    assert_int_equal(throttle_login_wait(&throttle, "vic", "::ffff:192.0.2.1", 0), THROTTLE_LOGIN_WAIT_SEC);
    assert_int_equal(throttle_login_wait(&throttle, "vic", "::ffff:192.0.2.2", 0), 0);
}

/* Those who are logged in need the thread's time too. */
static void test_throttle_login_checks_passwords_at_a_limited_rate(void **state)
{
    int64_t checked = 0;
    (void)state;
    throttle = (struct throttle_login){ .attempts = 2 };
    for (int64_t now = 1000; now < 61000; now += 10)
        checked += throttle_login_begin(&throttle, now);
    assert_in_range(checked, THROTTLE_LOGIN_AT_ONCE + 60000 / THROTTLE_LOGIN_EACH_MS - 1,
                    THROTTLE_LOGIN_AT_ONCE + 60000 / THROTTLE_LOGIN_EACH_MS);
    for (int i = 0; i < THROTTLE_LOGIN_AT_ONCE; i++)
        assert_true(throttle_login_begin(&throttle, 600000));
    assert_false(throttle_login_begin(&throttle, 600000));
    assert_true(throttle_login_begin(&throttle, 600000 + THROTTLE_LOGIN_EACH_MS));
}

static void test_throttle_login_forgets_who_came_in_and_keeps_the_newest(void **state)
{
    char text[20];
    (void)state;
    throttle = (struct throttle_login){ .attempts = 1 };
    throttle_login_failed(&throttle, "ann", "a", 0);
    throttle_login_passed(&throttle, "ann", "a");
    assert_int_equal(throttle_login_wait(&throttle, "ann", "a", 0), 0);
    /* A flood of names from one address: the address stays known. */
    for (int i = 0; i < 3 * THROTTLE_LOGIN_COUNTS; i++) {
        (void)snprintf(text, sizeof text, "name%d", i);
        throttle_login_failed(&throttle, text, "flood", i);
    }
    assert_in_range(throttle_login_wait(&throttle, "vic", "flood", 4000), 1, THROTTLE_LOGIN_WAIT_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_users(test_users_come_in_with_their_password_only),
        with_users(test_users_of_another_cost_come_in_too),
        with_users(test_users_change_and_comments_stay),
        with_users(test_users_need_a_good_name_and_password),
        with_users(test_users_a_wrong_line_lets_nobody_in),
        with_users(test_users_that_everybody_can_write_are_refused),
        with_users(test_bearer_tokens_name_their_user_until_they_expire),
        cmocka_unit_test(test_sessions_end_by_age_and_by_idleness),
        cmocka_unit_test(test_sessions_are_bounded_for_a_user_and_for_all),
        cmocka_unit_test(test_throttle_login_counts_pairs_addresses_and_names),
        cmocka_unit_test(test_throttle_login_counts_an_ipv6_network_as_one_address),
        cmocka_unit_test(test_throttle_login_checks_passwords_at_a_limited_rate),
        cmocka_unit_test(test_throttle_login_forgets_who_came_in_and_keeps_the_newest),
    };
    return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
