/* inifile: INI text read line by line, over inih. */
#ifndef INIFILE_H
#define INIFILE_H

#include <stddef.h>

/* What is done with each `key = value` ("" is the section before the first heading), and with each line that is no
 * INI, or longer than INIFILE_MAX_LINE characters: problem says what is wrong, text is the line's beginning. All
 * borrowed for the call. */
struct inifile_reader {
    void (*on_value)(void *context, const char *section, const char *key, const char *value, int line);
    void (*on_problem)(void *context, const char *section, const char *text, const char *problem, int line);
    void *context;
    const char *verbatim; /* the keys, separated by blanks, in whose values nothing is a comment: passwords */
};

#define INIFILE_MAX_LINE 4096

/* The keys that were met, for a file in which each may stand once. Empty at first. */
struct inifile_keys {
    struct inifile_key *items;
    size_t count;
};

/* inifile_note_key: notes that line sets key. Returns the line that set it before, 0 where none did; letters compare
 * without case. */
int inifile_note_key(struct inifile_keys *keys, const char *section, const char *key, int line);
void inifile_keys_free(struct inifile_keys *keys);

/* inifile_read: goes through text. Indentation means nothing (no continuation lines). A line that begins with ; or # is
 * a comment, and so is what follows a value after a blank and one of these. */
void inifile_read(const char *text, const struct inifile_reader *reader);

#endif
