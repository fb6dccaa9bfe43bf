/* place_directory: the place `directory`, a directory such as a mounted disk. */
#ifndef PLACE_DIRECTORY_H
#define PLACE_DIRECTORY_H

#include "recording/place.h"

extern const struct place_ops place_directory;

#endif
