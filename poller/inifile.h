/* inifile: INI text read line by line, over inih. */
#ifndef INIFILE_H
#define INIFILE_H

/* What is done with each `key = value` ("" is the section before the first heading), and with each line that is no
 * INI, or longer than INIFILE_MAX_LINE characters: problem says what is wrong, text is the line's beginning. All
 * borrowed for the call. */
struct inifile_reader {
    void (*on_value)(void *context, const char *section, const char *key, const char *value, int line);
    void (*on_problem)(void *context, const char *section, const char *text, const char *problem, int line);
    void *context;
};

#define INIFILE_MAX_LINE 190

/* inifile_read: goes through text. Indentation means nothing (no continuation lines); ; and # begin a comment line,
 * " ;" ends a value. */
void inifile_read(const char *text, const struct inifile_reader *reader);

#endif
