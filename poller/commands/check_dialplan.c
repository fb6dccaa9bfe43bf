/* check_dialplan: the part of `check` that looks for the API owner's own report script in Asterisk's dialplan. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/str.h"
#include "commands/check_dialplan.h"

#define MAX_BYTES ((size_t)8 << 20)

/* The script that the API's owner hands out, for the extension h, which runs when a channel hangs up. */
#define SCRIPT "agi-did-optimizer-report"

static bool runs_script(char *line)
{
    char *text = str_trim(line), *comment = strchr(text, ';');
    bool assigns = strncasecmp(text, "exten", 5) == 0 || strncasecmp(text, "same", 4) == 0;
    if (comment != NULL)
        *comment = '\0';
    return assigns && strstr(text, SCRIPT) != NULL;
}

static void check_file(struct check_report *report, const char *path)
{
    struct err ignored;
    char *text = NULL, *rest = NULL;
    bool missing = false;
    if (fileutil_read(path, MAX_BYTES, FILEUTIL_FOLLOW_LINK, &text, &missing, &ignored) != 0 || missing)
        return;
    int number = 0;
    rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        number++;
        if (!runs_script(line))
            continue;
        char remedy[200];
        (void)snprintf(remedy, sizeof remedy, "ask the API's owner which of them to keep; then comment that line out, "
                       "or run `did-optimizer-sync%s disable`", program_option());
        check_warn(report, "dialplan", remedy,
                   "%s:%d runs the API owner's report script, so each call is posted twice, under different uniqueids: "
                   "the script knows the DID and the carrier's result, posts once and never the agent's disposition; "
                   "this program sends the final disposition, and tries until the API accepts",
                   path, number);
        break;
    }
    free(text);
}

void check_dialplan(struct check_report *report, const char *dids)
{
    glob_t found;
    const char *slash = strrchr(dids, '/');
    char *pattern = mem_format("%.*sextensions*.conf", slash != NULL ? (int)(slash - dids + 1) : 0, dids);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            check_file(report, found.gl_pathv[i]);
        globfree(&found);
    }
    free(pattern);
}
