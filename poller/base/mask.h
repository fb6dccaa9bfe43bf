/* mask: hides all but the last four digits of telephone numbers (mask_phone = yes). Mask text for people only, never
 * data that is sent or stored. */
#ifndef MASK_H
#define MASK_H

#include <stdbool.h>

/* mask_phone: replaces each occurrence of phone in text by a * per character and its last four characters. A number
 * with the same last seven digits is the same one, also with signs between them, such as +1 (312) 555-0100: each of its
 * digits but the last four is replaced. phone may be NULL or "", and text may be NULL. */
void mask_phone(char *text, const char *phone);

/* mask_api_text: mask_phone for the error text of a sink, and hides each value that the text quotes as value "...",
 * value '...' or (`...`): Mongoose and BigQuery quote a call's values so. text may be NULL. */
void mask_api_text(char *text, const char *phone);

/* mask_numbers: masks each number of at least seven digits, for a text of which nobody knows whether it has a telephone
 * number. The last four digits stay. Digits of full width and Arabic ones count too; each of their bytes becomes a *.
 * A number with a point in it, such as 1700000000.12, is the id of a call and stays. text may be NULL. */
void mask_numbers(char *text);

/* mask_enable: switches masking on or off for the whole process; it is off at first. mask_if_enabled: mask_api_text, if
 * masking is on. Code that shows a text calls mask_if_enabled and need not know the settings. text may be NULL. */
void mask_enable(bool on);
void mask_if_enabled(char *text, const char *phone);

/* mask_numbers_if_enabled: mask_numbers, if masking is on: for a run's message, which the run may have written before
 * masking was switched on. */
void mask_numbers_if_enabled(char *text);

#endif
