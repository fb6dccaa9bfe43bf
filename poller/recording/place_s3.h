/* place_s3: the place `s3`, a bucket of Amazon S3 or of what speaks its protocol: MinIO, R2. */
#ifndef PLACE_S3_H
#define PLACE_S3_H

#include "recording/place.h"

extern const struct place_ops place_s3;

#endif
