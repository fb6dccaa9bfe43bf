/* static_files: the page's own files: HTML, script, style, texts, and the API's description. */
#ifndef STATIC_FILES_H
#define STATIC_FILES_H

#include "serve/serve.h"

/* static_files_page: GET / : index.html. static_files_named: GET /{id}: a file of the page's directory; its name has
 * small letters, digits, dots and -, and one of the known endings, so it leads nowhere else. static_files_openapi: GET
 * /api/v1/openapi.json. A browser asks again each time, and gets 304 while the file is the same (ETag). */
serve_handler static_files_page;
serve_handler static_files_named;
serve_handler static_files_openapi;

#endif
