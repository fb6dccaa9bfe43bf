/* program: the profile of this process, which log and messages name. */
#include <string.h>

#include "base/program.h"

static const char *profile = "";

void program_set_profile(const char *option)
{
    profile = option;
}

const char *program_option(void)
{
    return profile;
}

const char *program_profile(void)
{
    const char *space = strrchr(profile, ' '); /* a name has none */
    return space != NULL ? space + 1 : "";
}
