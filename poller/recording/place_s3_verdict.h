/* place_s3_verdict: reads and judges the answers of an S3 server. For place_s3 only. */
#ifndef PLACE_S3_VERDICT_H
#define PLACE_S3_VERDICT_H

#include "base/http.h"
#include "recording/place.h"

#define S3_CODE_SIZE 80

/* s3_code: writes the code of the error in the answer, such as "NoSuchBucket", to out; "": none. Returns out. */
const char *s3_code(const struct http_answer *answer, char out[S3_CODE_SIZE]);

/* s3_verdict: sets *ret_failure for an answer that is no success. A success with an error in it is none either:
 * CompleteMultipartUpload begins its answer before it knows the end. */
void s3_verdict(const struct http_answer *answer, struct transfer_failure *ret_failure);

/* s3_element: copies the text of the first element of this name in xml to out, without control characters. Returns the
 * text after it; NULL: there is no such element, and out is "". */
const char *s3_element(const char *xml, const char *name, char *out, size_t size);

#endif
