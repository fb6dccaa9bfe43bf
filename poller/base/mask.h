/* mask: telephone numbers of which only the last four digits are shown (mask_phone = yes). It is for what people see,
 * never for what is sent or kept. */
#ifndef MASK_H
#define MASK_H

#include <stdbool.h>

/* mask_phone: puts a * in the place of each character of phone but the last four, wherever phone stands in text. phone
 * may be NULL or "". */
void mask_phone(char *text, const char *phone);

/* mask_reason: the same in the API's words for a failure, and all of each value of the call that they quote, as database
 * models do: value "...", (`...`). */
void mask_reason(char *text, const char *phone);

/* mask_set: whether what is shown from now on is masked, as the settings say; at first it is not. mask_shown:
 * mask_reason, if so. Whoever shows a text calls this one, and asks no setting. text may be NULL. */
void mask_set(bool on);
void mask_shown(char *text, const char *phone);

#endif
