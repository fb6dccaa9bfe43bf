/* place_drive_folders: the sub-folders in Google Drive that a run knows. For place_drive only.
 *
 * Two folders of Drive may have the same name. So a sub-folder is looked up by name and parent before one is made, and
 * only one transfer at a time does so. */
#ifndef PLACE_DRIVE_FOLDERS_H
#define PLACE_DRIVE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "recording/name.h"

struct drive_folder;

struct drive_folders {
    const char *root; /* the id of the folder that the settings name; borrowed */
    struct drive_folder *items;
    size_t count;
};

/* drive_folders_id: the id of a sub-folder, such as "2025/10"; NULL: it is not known. path "": the root. Ownership:
 * borrowed until the next drive_folders_add. */
const char *drive_folders_id(const struct drive_folders *folders, const char *path);

/* drive_folders_lack: whether a part of path is not known; then writes the first such part to out: "2025". */
bool drive_folders_lack(const struct drive_folders *folders, const char *path, char out[NAME_FOLDER_SIZE]);

/* drive_folders_add: path has this id; the texts are copied. */
void drive_folders_add(struct drive_folders *folders, const char *path, const char *id);

/* drive_folders_query: the search for a sub-folder whose parent is known. drive_folders_metadata: the JSON that makes
 * it. Ownership: the caller frees the text. */
char *drive_folders_query(const struct drive_folders *folders, const char *path);
char *drive_folders_metadata(const struct drive_folders *folders, const char *path, const char *id);

/* drive_folders_clear: frees what belongs to it. */
void drive_folders_clear(struct drive_folders *folders);

#endif
