/* mask: telephone numbers of which only the last four digits are shown (mask_phone = yes). It is for what people see,
 * never for what is sent or kept. */
#ifndef MASK_H
#define MASK_H

/* mask_phone: puts a * in the place of each character of phone but the last four, wherever phone stands in text. phone
 * may be NULL or "". */
void mask_phone(char *text, const char *phone);

/* mask_reason: the same in the API's words for a failure, and all of each value of the call that they quote, as database
 * models do: value "...", (`...`). */
void mask_reason(char *text, const char *phone);

#endif
