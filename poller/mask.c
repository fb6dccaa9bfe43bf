/* mask: telephone numbers of which only the last four digits are shown. */
#include <string.h>

#include "mask.h"

#define SHOWN 4

void mask_phone(char *text, const char *phone)
{
    size_t length = phone != NULL ? strlen(phone) : 0;
    for (char *at = length > SHOWN ? strstr(text, phone) : NULL; at != NULL; at = strstr(at + length, phone))
        memset(at, '*', length - SHOWN);
}
