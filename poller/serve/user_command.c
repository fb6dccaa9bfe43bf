/* user_command: the users, from the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/bearer.h"
#include "serve/page_user.h"
#include "serve/user_command.h"
#include "serve/users.h"

enum { DAY_SEC = 86400, USUAL_DAYS = 30, LINE_SIZE = USERS_PASSWORD_MOST + 2 };

/* A line of standard input, without its end. */
static int read_line(char out[LINE_SIZE], struct err *err)
{
    if (fgets(out, LINE_SIZE, stdin) == NULL)
        return err_set(err, EX_USAGE, "could not read the password: standard input has no line");
    size_t length = strcspn(out, "\r\n");
    if (out[length] == '\0' && length + 1 == LINE_SIZE)
        return err_set(err, EX_USAGE, "a password has at most %d characters", USERS_PASSWORD_MOST);
    out[length] = '\0';
    return 0;
}

/* What is typed does not show. */
static int ask(const char *prompt, char out[LINE_SIZE], struct err *err)
{
    struct termios shown, hidden;
    bool is_terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (is_terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        (void)fprintf(stderr, "%s: ", prompt);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    int result = read_line(out, err);
    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        (void)fputc('\n', stderr);
    }
    return result;
}

/* A person types it twice, because the first typing error would lock the person out. */
static int ask_new_password(char out[LINE_SIZE], struct err *err)
{
    char again[LINE_SIZE];
    if (ask("Password", out, err) != 0)
        return -1;
    if (isatty(STDIN_FILENO) == 0)
        return 0;
    if (ask("Password again", again, err) != 0)
        return -1;
    bool same = strcmp(out, again) == 0;
    explicit_bzero(again, sizeof again);
    return same ? 0 : err_set(err, EX_USAGE, "the two passwords differ: nothing was changed");
}

/* A new file belongs to the group of the page's own user, who must read it. */
static int put(struct users *users, const struct serve_options *options, struct err *err)
{
    struct stat info = { .st_gid = getegid() };
    char password[LINE_SIZE];
    if (options->command == SERVE_USER_ADD && users_find(users, options->name) != NULL)
        return err_set(err, EX_USAGE, "there is a user %s already", options->name);
    if (options->command == SERVE_USER_PASSWORD && users_find(users, options->name) == NULL)
        return err_set(err, EX_USAGE, "there is no user %s", options->name);
    if (!options->as_root && page_user_settle(options->state_dir, options->paths.state_dir, err) != 0)
        return -1;
    (void)stat(options->state_dir, &info);
    int result = ask_new_password(password, err);
    if (result == 0)
        result = users_put(users, options->name, options->role, password, info.st_gid, err);
    explicit_bzero(password, sizeof password);
    return result;
}

static void list(const struct users *users)
{
    const struct user *user = NULL;
    for (size_t i = 0; (user = users_at(users, i)) != NULL; i++)
        (void)printf("%s %s\n", user->name, users_role_name(user->role));
}

/* As the owner of the state directory, because the secret must belong to that user. */
static int print_token(const struct users *users, const struct serve_options *options, struct err *err)
{
    const struct user *user = users_find(users, options->name);
    struct bearer_secret secret;
    int64_t now = clock_now_epoch(), days = options->days > 0 ? options->days : USUAL_DAYS;
    if (user == NULL)
        return err_set(err, EX_USAGE, "there is no user %s", options->name);
    if (!options->as_root && page_user_become(options->state_dir, options->paths.state_dir, err) != 0)
        return -1;
    if (bearer_load(options->state_dir, &secret, err) != 0)
        return -1;
    char *token = bearer_make(&secret, user, now, now + days * DAY_SEC);
    (void)puts(token);
    mem_free_secret(token);
    explicit_bzero(&secret, sizeof secret);
    return fflush(stdout) == 0 ? 0 : err_set(err, EX_IOERR, "could not print the token: %s", strerror(errno));
}

int user_command(const struct serve_options *options, const struct serve_settings *settings, struct err *err)
{
    struct users *users = users_open(settings->users);
    int result = users_refresh(users, err);
    if (result == 0 && options->command == SERVE_USER_LIST)
        list(users);
    else if (result == 0 && options->command == SERVE_USER_REMOVE)
        result = users_remove(users, options->name, err);
    else if (result == 0 && options->command == SERVE_TOKEN)
        result = print_token(users, options, err);
    else if (result == 0)
        result = put(users, options, err);
    users_close(users);
    return result;
}
