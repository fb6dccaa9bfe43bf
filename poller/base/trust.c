/* trust: where the trusted certificates are. */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* A name such as "4042bcee.0", as `openssl rehash` makes. */
static bool is_hash_name(const char *name)
{
    for (int i = 0; i < 8; i++)
        if (isxdigit((unsigned char)name[i]) == 0)
            return false;
    return name[8] == '.' && isdigit((unsigned char)name[9]) != 0 && name[10] == '\0';
}

static bool is_hashed(const char *path)
{
    DIR *directory = path != NULL ? opendir(path) : NULL;
    bool found = false;
    if (directory == NULL)
        return false;
    for (const struct dirent *entry = readdir(directory); entry != NULL && !found; entry = readdir(directory))
        found = is_hash_name(entry->d_name);
    (void)closedir(directory);
    return found;
}

struct trust trust_of(const char *ca_file, const char *system_file, const char *system_directory,
                      struct trust *ret_other)
{
    struct trust by_file = { .file = system_file != NULL && access(system_file, R_OK) == 0 ? system_file : NULL };
    *ret_other = (struct trust){ .file = NULL };
    if (*ca_file != '\0' && is_directory(ca_file))
        return (struct trust){ .directory = ca_file };
    if (*ca_file != '\0')
        return (struct trust){ .file = ca_file };
    if (!is_hashed(system_directory))
        return by_file;
    *ret_other = by_file;
    return (struct trust){ .directory = system_directory };
}
