/* mask: hides all but the last four digits of telephone numbers (mask_phone = yes). Mask text for people only, never
 * data that is sent or stored. */
#ifndef MASK_H
#define MASK_H

#include <stdbool.h>

/* mask_phone: replaces each occurrence of phone in text by a * per character and its last four characters. phone may be
 * NULL or "". */
void mask_phone(char *text, const char *phone);

/* mask_api_text: mask_phone for the error text of a sink, and hides each value that the text quotes as value "..." or
 * (`...`): Mongoose quotes a call's values so. */
void mask_api_text(char *text, const char *phone);

/* mask_enable: switches masking on or off for the whole process; it is off at first. mask_if_enabled: mask_api_text, if
 * masking is on. Code that shows a text calls mask_if_enabled and need not know the settings. text may be NULL. */
void mask_enable(bool on);
void mask_if_enabled(char *text, const char *phone);

#endif
