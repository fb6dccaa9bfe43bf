/* Any two texts through every function of str, and into buffers of every size. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = size > 0 ? data[0] + (size_t)1 : 1;
    if (size > 0) {
        data++;
        size--;
    }
    char *all = str_make_utf8((const char *)data, size); /* NULs and all */
    HOLDS(str_is_utf8(all) && strlen(all) >= size);
    free(all);

    char *first = fuzz_part(&data, &size), *second = fuzz_part(&data, &size);
    char *out = malloc(room);
    HOLDS(out != NULL && str_printable(first, out, room) == out);
    fuzz_printable(out, room);
    free(out);

    char *valid = str_make_utf8(first, strlen(first));
    HOLDS(str_is_utf8(valid) && (!str_is_utf8(first) || strcmp(first, valid) == 0));
    free(valid);

    HOLDS(!str_in_list(first, ""));
    if (str_in_list(first, second))
        HOLDS(strpbrk(second, " \t,") == NULL && strlen(second) <= strlen(first));

    int64_t number = 7;
    if (str_to_int(first, &number)) {
        char digits[32];
        (void)snprintf(digits, sizeof digits, "%lld", (long long)number);
        int64_t again = 0;
        HOLDS(str_to_int(digits, &again) && again == number);
    } else {
        HOLDS(number == 7);
    }

    size_t length = strlen(first);
    str_hide(first, second);
    HOLDS(strlen(first) == length);
    HOLDS(*second == '\0' || strchr(second, '*') != NULL || strstr(first, second) == NULL);
    HOLDS(strlen(str_trim(first)) <= length);
    free(first);
    free(second);
    return 0;
}
