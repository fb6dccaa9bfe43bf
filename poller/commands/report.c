/* report: `did-optimizer-sync report --html FILE`. packaging/report.html alone defines how the page looks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "commands/report.h"
#include "commands/report_data.h"
#include "commands/state_view.h"
#include "ledger/ledger.h"

#define INSTALLED_TEMPLATE DATA_DIR "/report.html"
#define MARKER "@DATA@" /* the place for the data in the template */
#define TEMPLATE_BYTES ((size_t)1 << 20)

static int read_template(const char *path, char **ret_text, struct err *err)
{
    bool missing = false;
    if (fileutil_read(path, TEMPLATE_BYTES, FILEUTIL_FOLLOW_LINK, ret_text, &missing, err) != 0)
        return -1;
    if (missing)
        return err_set(err, EX_CONFIG,
                       "could not read the page's template %s: there is no such file; install the program "
                       "again, or name the file with --template",
                       path);
    const char *marker = strstr(*ret_text, MARKER);
    if (marker == NULL || strstr(marker + 1, MARKER) != NULL)
        return err_set(err, EX_CONFIG, "could not use the page's template %s: it must contain " MARKER " exactly once; "
                       "install the program again", path);
    return 0;
}

static int write_page(FILE *page, const char *template, const struct options *options, struct ledger *ledger,
                      struct err *err)
{
    struct standing standing;
    const char *marker = strstr(template, MARKER);
    (void)fwrite(template, 1, (size_t)(marker - template), page);
    if (store_execute(ledger_store(ledger), "BEGIN", err) != 0 || /* a snapshot: a run may write meanwhile */
        state_view_gather(options, ledger, &standing, err) != 0)
        return -1;
    if (report_data_write(page, ledger, &standing, options, err) != 0)
        return -1;
    (void)fputs(marker + strlen(MARKER), page);
    return 0;
}

/* The whole page as text, which the caller frees. */
static int make_page(const char *template, const struct options *options, char **ret_text, struct err *err)
{
    size_t size = 0;
    struct ledger *ledger = NULL;
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    FILE *page = open_memstream(ret_text, &size);
    if (page == NULL) {
        ledger_close(ledger);
        return err_set(err, EX_SOFTWARE, "could not make the page: %s", strerror(errno));
    }
    int result = write_page(page, template, options, ledger, err);
    ledger_close(ledger);
    if (fclose(page) != 0)
        mem_out_of_memory();
    return result;
}

static int deliver(const char *text, const char *path, const char *state_dir, struct err *err)
{
    if (strcmp(path, "-") == 0) {
        (void)fputs(text, stdout);
        return 0;
    }
    struct err why;
    if (fileutil_publish(path, text, &why) == 0)
        return 0;
    if (why.code != EX_NOPERM)
        return err_set(err, why.code, "%s", why.message);
    return err_set(err, why.code, "%s; the owner of %s writes the page: name a FILE in a directory where that user may "
                   "write", why.message, state_dir);
}

int report_command(const struct options *options, struct err *err)
{
    char *template = NULL, *page = NULL;
    const char *template_path = options->template != NULL ? options->template : INSTALLED_TEMPLATE;
    if (options->html == NULL || *options->html == '\0')
        return err_set(err, EX_USAGE, "name the file for the page: report --html FILE; see --help");
    int result = fileutil_check_readable_dir(options->state_dir, err);
    if (result == 0)
        result = read_template(template_path, &template, err);
    if (result == 0)
        result = make_page(template, options, &page, err);
    if (result == 0)
        result = deliver(page, options->html, options->state_dir, err);
    free(page);
    free(template);
    return result;
}
