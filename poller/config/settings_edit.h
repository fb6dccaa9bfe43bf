/* settings_edit: changes one value in the text of an INI file; comments and everything else stay. */
#ifndef SETTINGS_EDIT_H
#define SETTINGS_EDIT_H

#include "base/err.h"

/* settings_edit: text with `key = value` in [section]. An existing line keeps its indentation and its comment. Without
 * one, the line comes after the comment `;key = ...` of that section, else at the section's end, else in a new section
 * at the end. Compares as inifile.h does, without regard to case. Ownership: the caller frees the result. */
char *settings_edit(const char *text, const char *section, const char *key, const char *value) MUST_CHECK;

#endif
