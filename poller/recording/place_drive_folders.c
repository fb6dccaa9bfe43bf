/* place_drive_folders: sub-folders by their path below the root. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "recording/place_drive_folders.h"

#define FOLDER_TYPE "application/vnd.google-apps.folder"

struct drive_folder {
    char *path; /* "2025" or "2025/10" */
    char *id;
};

const char *drive_folders_id(const struct drive_folders *folders, const char *path)
{
    for (size_t i = 0; i < folders->count; i++)
        if (strcmp(folders->items[i].path, path) == 0)
            return folders->items[i].id;
    return *path == '\0' ? folders->root : NULL;
}

bool drive_folders_lack(const struct drive_folders *folders, const char *path, char out[NAME_FOLDER_SIZE])
{
    for (const char *end = path; *end != '\0';) {
        end += *end == '/' ? 1 : 0;
        end += strcspn(end, "/");
        (void)snprintf(out, NAME_FOLDER_SIZE, "%.*s", (int)(end - path), path);
        if (drive_folders_id(folders, out) == NULL)
            return true;
    }
    return false;
}

void drive_folders_add(struct drive_folders *folders, const char *path, const char *id)
{
    folders->items = mem_resize(folders->items, folders->count + 1, sizeof *folders->items);
    folders->items[folders->count++] = (struct drive_folder){ .path = mem_copy(path), .id = mem_copy(id) };
}

/* The id of the folder above path. Writes the last part of path to *ret_name. */
static const char *parent_of(const struct drive_folders *folders, const char *path, const char **ret_name)
{
    char above[NAME_FOLDER_SIZE];
    const char *slash = strrchr(path, '/');
    (void)snprintf(above, sizeof above, "%.*s", slash != NULL ? (int)(slash - path) : 0, path);
    *ret_name = slash != NULL ? slash + 1 : path;
    return drive_folders_id(folders, above);
}

char *drive_folders_query(const struct drive_folders *folders, const char *path)
{
    const char *name = NULL, *parent = parent_of(folders, path, &name);
    return mem_format("'%s' in parents and name='%s' and mimeType='" FOLDER_TYPE "' and trashed=false", parent, name);
}

char *drive_folders_metadata(const struct drive_folders *folders, const char *path, const char *id)
{
    const char *name = NULL, *parent = parent_of(folders, path, &name);
    struct json *object = json_object();
    json_add_text(object, "id", id);
    json_add_text(object, "name", name);
    json_add_text(object, "mimeType", FOLDER_TYPE);
    json_append_text(json_add(object, "parents", json_array()), parent);
    char *text = json_print(object);
    json_free(object);
    return text;
}

void drive_folders_clear(struct drive_folders *folders)
{
    for (size_t i = 0; i < folders->count; i++) {
        free(folders->items[i].path);
        free(folders->items[i].id);
    }
    free(folders->items);
    *folders = (struct drive_folders){ .root = folders->root };
}
