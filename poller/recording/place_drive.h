/* place_drive: the place `google-drive`, a folder of Google Drive. */
#ifndef PLACE_DRIVE_H
#define PLACE_DRIVE_H

#include "recording/place.h"

extern const struct place_ops place_drive;

#endif
