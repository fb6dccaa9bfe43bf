/* serve_settings: the settings of did-optimizer-sync-serve. */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/inifile.h"
#include "serve/serve_settings.h"

enum { FILE_MOST = 64 * 1024 };
enum kind { TEXT, NUMBER, YES_NO };

#define AT(member) offsetof(struct serve_settings, member)

static const struct known_setting {
    const char *key;
    enum kind kind;
    size_t at;
    const char *fallback;
    int64_t lowest, highest;
} known_settings[] = {
    { "listen", TEXT, AT(listen), "127.0.0.1:8470", 0, 0 },
    { "socket_group", TEXT, AT(socket_group), "", 0, 0 },
    { "tls_certificate", TEXT, AT(tls_certificate), "", 0, 0 },
    { "tls_key", TEXT, AT(tls_key), "", 0, 0 },
    { "users", TEXT, AT(users), "/etc/did-optimizer-sync-serve.users", 0, 0 },
    { "read_only", YES_NO, AT(read_only), "no", 0, 0 },
    { "session_hours", NUMBER, AT(session_hours), "12", 1, 168 },
    { "idle_minutes", NUMBER, AT(idle_minutes), "60", 1, 10080 },
    { "login_attempts", NUMBER, AT(login_attempts), "5", 1, 100 },
};
enum { COUNT = sizeof known_settings / sizeof known_settings[0] };

struct reader {
    const char *path;
    struct serve_settings *settings;
    struct inifile_keys keys;
    int problems; /* only the first is kept */
    struct err *err;
};

/* NULL: it fits; otherwise what it must be, which the caller frees. */
static char *set(const struct known_setting *known, struct serve_settings *settings, const char *value)
{
    char *target = (char *)settings + known->at;
    int64_t number = 0;
    if (known->kind == TEXT) {
        char **text = (char **)(void *)target;
        free(*text);
        *text = mem_copy(value);
        return NULL;
    }
    if (known->kind == YES_NO) {
        if (str_yes_no(value) < 0)
            return mem_copy("yes or no");
        *(bool *)target = str_yes_no(value) == 1;
        return NULL;
    }
    if (!str_to_int(value, &number) || number < known->lowest || number > known->highest)
        return mem_format("a whole number from %" PRId64 " to %" PRId64, known->lowest, known->highest);
    *(int64_t *)(void *)target = number;
    return NULL;
}

static void on_value(void *context, const char *section, const char *key, const char *value, int line)
{
    struct reader *reader = context;
    const struct known_setting *known = NULL;
    if (reader->problems > 0)
        return;
    int earlier = inifile_add_key(&reader->keys, section, key, line);
    for (int i = 0; i < COUNT && strcmp(section, "serve") == 0; i++)
        if (strcmp(key, known_settings[i].key) == 0)
            known = &known_settings[i];
    if (known == NULL) {
        reader->problems += err_set(reader->err, EX_CONFIG, "%s:%d: there is no setting %s in [%s]; see man "
                                    "did-optimizer-sync-serve", reader->path, line, key, section) != 0;
        return;
    }
    if (earlier != 0)
        reader->problems += err_set(reader->err, EX_CONFIG, "%s:%d: line %d sets %s already; delete one of them",
                                    reader->path, line, earlier, key) != 0;
    if (reader->problems > 0)
        return;
    char *wanted = set(known, reader->settings, value);
    if (wanted != NULL)
        reader->problems += err_set(reader->err, EX_CONFIG, "%s:%d: %s must be %s", reader->path, line, key,
                                    wanted) != 0;
    free(wanted);
}

static void on_problem(void *context, const char *section, const char *text, const char *problem, int line)
{
    struct reader *reader = context;
    (void)section;
    if (reader->problems++ == 0)
        (void)err_set(reader->err, EX_CONFIG, "%s:%d: '%s' %s", reader->path, line, text, problem);
}

static int check(const struct reader *reader)
{
    const struct serve_settings *settings = reader->settings;
    if (reader->problems > 0)
        return -1;
    if ((*settings->tls_certificate == '\0') != (*settings->tls_key == '\0'))
        return err_set(reader->err, EX_CONFIG, "%s: tls_certificate and tls_key belong together: set both or none",
                       reader->path);
    return 0;
}

int serve_settings_load(const char *path, bool required, struct serve_settings *ret_settings, struct err *err)
{
    struct reader reader = { .path = path, .settings = ret_settings, .err = err };
    const struct inifile_reader callbacks = { .on_value = on_value, .on_problem = on_problem, .context = &reader };
    char *text = NULL;
    bool missing = false;
    *ret_settings = (struct serve_settings){ .listen = NULL };
    for (int i = 0; i < COUNT; i++)
        free(set(&known_settings[i], ret_settings, known_settings[i].fallback));
    if (fileutil_read(path, FILE_MOST, FILEUTIL_FOLLOW_LINK, &text, &missing, err) != 0)
        return -1;
    if (missing && required)
        return err_set(err, EX_CONFIG, "%s does not exist", path);
    if (!missing)
        inifile_read(text, &callbacks);
    inifile_keys_free(&reader.keys);
    free(text);
    return check(&reader);
}

void serve_settings_free(struct serve_settings *settings)
{
    for (int i = 0; i < COUNT; i++)
        if (known_settings[i].kind == TEXT) {
            char **text = (char **)(void *)((char *)settings + known_settings[i].at);
            free(*text);
            *text = NULL;
        }
}
