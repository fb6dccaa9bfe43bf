/* freepbx: the database account in the files of FreePBX, Issabel and Asterisk. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/freepbx.h"

#define AT(member) offsetof(struct freepbx_account, member)

/* If a file has two keys for the same value, the key that comes first in this table wins. */
static const struct {
    const char *key;
    size_t target;
} keys[] = {
    { "CDRDBHOST", AT(host) },    { "AMPDBHOST", AT(host) },     { "hostname", AT(host) },
    { "CDRDBUSER", AT(user) },    { "AMPDBUSER", AT(user) },     { "username", AT(user) },    { "user", AT(user) },
    { "CDRDBPASS", AT(password) }, { "AMPDBPASS", AT(password) }, { "password", AT(password) },
    { "CDRDBNAME", AT(name) },    { "dbname", AT(name) },        { "database", AT(name) },
    { "CDRDBPORT", AT(port) },    { "AMPDBPORT", AT(port) },     { "port", AT(port) },
    { "CDRDBSOCK", AT(socket) },  { "AMPDBSOCK", AT(socket) },   { "sock", AT(socket) },
};

#define KEYS (sizeof keys / sizeof keys[0])

/* One file being read. */
struct reading {
    struct freepbx_account *account;
    /* For each value, at the index of its first key: 1 + the index of the key that set the value; 0: none. */
    size_t taken[KEYS];
    bool is_foreign;    /* the current section is about another database */
};

static size_t first_of(size_t target)
{
    size_t i = 0;
    while (keys[i].target != target)
        i++;
    return i;
}

/* Takes the value of a key. An empty value means that an operator left the field blank, so it sets nothing. */
static void take(struct reading *reading, const char *key, const char *value)
{
    for (size_t i = 0; i < KEYS; i++) {
        size_t *taken = &reading->taken[first_of(keys[i].target)];
        if (strcasecmp(keys[i].key, key) != 0 || *value == '\0' || (*taken != 0 && *taken - 1 < i))
            continue;
        char **target = (char **)(void *)((char *)reading->account + keys[i].target);
        mem_free_secret(*target);
        *target = mem_copy(value);
        *taken = i + 1;
    }
}

/* Cuts out a quoted text, in place; \ escapes the next character. Returns the rest of the line; NULL: no closing
 * quote. */
static char *unquote(char *at, char **ret_text)
{
    char quote = *at, *out = ++at;
    *ret_text = at;
    for (; *at != '\0' && *at != quote; at++) {
        if (*at == '\\' && (at[1] == quote || at[1] == '\\'))
            at++;
        *out++ = *at;
    }
    if (*at == '\0')
        return NULL;
    *out = '\0';
    return at + 1;
}

/* $amp_conf["KEY"] = "value"; */
static void read_php(struct reading *reading, char *line)
{
    char *key = NULL, *value = NULL, *at = line + strcspn(line, "'\"");
    at = *at != '\0' ? unquote(at, &key) : NULL;
    at = at != NULL ? strchr(at, '=') : NULL;
    if (at == NULL)
        return;
    at += 1 + strspn(at + 1, " \t");
    if ((*at == '"' || *at == '\'') && unquote(at, &value) != NULL)
        take(reading, key, value);
}

/* KEY=value, key = value, key => value; a password may hold any of ; # " and blanks inside. */
static void read_pair(struct reading *reading, char *line)
{
    char *equals = strchr(line, '='), *value = NULL;
    if (equals == NULL)
        return;
    *equals = '\0';
    value = str_trim(equals + 1 + (equals[1] == '>' ? 1 : 0));
    if ((*value == '"' || *value == '\'') && strlen(value) > 1 && value[strlen(value) - 1] == *value)
        (void)unquote(value, &value);
    take(reading, str_trim(line), value);
}

static void read_line(struct reading *reading, char *line)
{
    line = str_trim(line);
    if (*line == '[') {
        reading->is_foreign = strncasecmp(line, "[global]", 8) != 0 && strncasecmp(line, "[asteriskcdrdb]", 15) != 0;
        return;
    }
    if (*line == '#' || *line == ';' || strncmp(line, "//", 2) == 0 || reading->is_foreign)
        return;
    if (*line == '$')
        read_php(reading, line);
    else
        read_pair(reading, line);
}

void freepbx_read(const char *text, struct freepbx_account *ret_account)
{
    *ret_account = (struct freepbx_account){ .host = NULL };
    struct reading reading = { .account = ret_account };
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char *line = mem_copy_bytes(text, length);
        read_line(&reading, line);
        explicit_bzero(line, length);
        free(line);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

void freepbx_free(struct freepbx_account *account)
{
    mem_free_secret(account->password);
    free(account->host);
    free(account->user);
    free(account->name);
    free(account->port);
    free(account->socket);
    *account = (struct freepbx_account){ .host = NULL };
}
