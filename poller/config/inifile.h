/* inifile: parses INI text, over inih. */
#ifndef INIFILE_H
#define INIFILE_H

#include <stddef.h>

/* The callbacks for each `key = value` (section is "" before the first heading), and for each line that is not INI or
 * is longer than INIFILE_MAX_LINE bytes: problem is the reason, text the beginning of the line. Ownership: all texts
 * are borrowed until the callback returns. */
struct inifile_reader {
    void (*on_value)(void *context, const char *section, const char *key, const char *value, int line);
    void (*on_problem)(void *context, const char *section, const char *text, const char *problem, int line);
    void *context;
    const char *verbatim; /* keys, separated by blanks; their values have no comments, because they are passwords */
};

#define INIFILE_MAX_LINE 4096

/* The keys found so far, for a file that may set each key only once. { NULL, 0 } at first. */
struct inifile_keys {
    struct inifile_key *items;
    size_t count;
};

/* inifile_add_key: records that line sets key. Returns the earlier line that set key, or 0. Ignores the case of
 * letters. */
int inifile_add_key(struct inifile_keys *keys, const char *section, const char *key, int line);
void inifile_keys_free(struct inifile_keys *keys);

/* inifile_read: parses text and calls reader for each line. Indentation is ignored; there are no continuation lines. A
 * line that begins with ; or # is a comment, and so is the rest of a value after a blank and one of these. */
void inifile_read(const char *text, const struct inifile_reader *reader);

#endif
