/* unit_golden: compares a text with a file that a person has read. */
#ifndef UNIT_GOLDEN_H
#define UNIT_GOLDEN_H

#include "unit.h"

#include "base/fileutil.h"

/* unit_same_as_file: text is that of the file at path, below the source's root. GOLDEN_OUT=FILE also writes it to
 * FILE. */
static inline void unit_same_as_file(const char *path, const char *text)
{
    char *golden = NULL;
    bool is_missing = false;
    struct err err;
    const char *made = getenv("GOLDEN_OUT");
    if (made != NULL) {
        FILE *file = fopen(made, "w");
        assert_non_null(file);
        assert_int_equal(fputs(text, file) >= 0, 1);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(fileutil_read(path, 100000, FILEUTIL_FOLLOW_LINK, &golden, &is_missing, &err), 0);
    assert_false(is_missing);
    assert_string_equal(text, golden);
    free(golden);
}

#endif
