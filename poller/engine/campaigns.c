/* campaigns: whether the dialer has the campaigns that the settings name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/str.h"
#include "engine/campaigns.h"

#define SEPARATORS " \t,"
#define DAY_SEC 86400

/* The dialer's campaigns, blank separated: no id has a blank (admin.php allows letters, digits, - and _). */
struct list {
    char *text;
    size_t length, size;
};

static void add_campaign(void *context, const char *id)
{
    struct list *list = context;
    size_t length = strlen(id);
    if (list->length + length + 2 > list->size) {
        list->size = 2 * (list->length + length + 2);
        list->text = mem_resize(list->text, list->size, 1);
    }
    memcpy(list->text + list->length, id, length);
    memcpy(list->text + list->length + length, " ", 2);
    list->length += length + 1;
}

/* Writes the words of setting that are not in present to out as "A, B" and returns their number. *ret_words: the number
 * of all words. */
static size_t find_unknown(const char *setting, const char *present, char *out, size_t size, size_t *ret_words)
{
    size_t used = 0, unknown = 0;
    *ret_words = 0;
    *out = '\0';
    for (const char *at = setting + strspn(setting, SEPARATORS); *at != '\0'; at += strspn(at, SEPARATORS)) {
        size_t length = strcspn(at, SEPARATORS);
        char *word = mem_copy_bytes(at, length);
        (*ret_words)++;
        if (!str_in_list(present, word)) {
            unknown++;
            if (used < size)
                used += (size_t)snprintf(out + used, size - used, "%s%.60s", used > 0 ? ", " : "", word);
        }
        free(word);
        at += length;
    }
    return unknown;
}

/* "A B C " -> "A, B, C", cut at a whole word; "" -> "none". */
static void show_present(const char *present, char *out, size_t size)
{
    size_t used = 0;
    (void)snprintf(out, size, "%s", *present == '\0' ? "none" : "");
    for (const char *at = present; *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (used + strlen(", ") + length + sizeof ", ..." > size) {
            (void)snprintf(out + used, size - used, ", ...");
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "", (int)length, at);
        at += length + 1;
    }
}

int campaigns_look(const struct source *source, const struct settings_sync *settings, struct campaigns *ret_campaigns,
                   struct err *err)
{
    size_t excluded = 0;
    *ret_campaigns = (struct campaigns){ .selected = 0 };
    if (*settings->campaigns == '\0' && *settings->exclude_campaigns == '\0')
        return 0;
    struct list list = { .text = mem_copy("") };
    int result = source_list_campaigns(source, add_campaign, &list, err);
    if (result == 0) {
        ret_campaigns->unknown_selected = find_unknown(settings->campaigns, list.text, ret_campaigns->unknown,
                                                       sizeof ret_campaigns->unknown, &ret_campaigns->selected);
        (void)find_unknown(settings->exclude_campaigns, list.text, ret_campaigns->unknown_excluded,
                           sizeof ret_campaigns->unknown_excluded, &excluded);
        show_present(list.text, ret_campaigns->present, sizeof ret_campaigns->present);
    }
    free(list.text);
    return result;
}

/* A number that stays the same for a day and these settings. */
static int64_t key_of(const struct settings_sync *settings)
{
    uint64_t hash = str_hash(STR_HASH_START, settings->campaigns, strlen(settings->campaigns) + 1);
    hash = str_hash(hash, settings->exclude_campaigns, strlen(settings->exclude_campaigns));
    return (int64_t)(hash >> 2) + clock_now_epoch() / DAY_SEC;
}

void campaigns_warn(const struct source *source, struct ledger *ledger, const struct settings_sync *settings)
{
    struct campaigns found;
    int64_t asked = 0, key = key_of(settings);
    if (*settings->campaigns == '\0' && *settings->exclude_campaigns == '\0')
        return;
    if (ledger != NULL && (ledger_read_note(ledger, LEDGER_NOTE_CAMPAIGNS, 0, &asked, NULL) != 0 || asked == key))
        return;
    if (campaigns_look(source, settings, &found, NULL) != 0)
        return;
    if (*found.unknown != '\0')
        log_warn("⚠ campaigns names %s, which the %s does not have, so no call of %s is sent; see: "
                 "did-optimizer-sync%s check", found.unknown, source->ops->title,
                 found.unknown_selected == 1 ? "it" : "them", program_option());
    if (*found.unknown_excluded != '\0')
        log_warn("⚠ exclude_campaigns names %s, which the %s does not have; see: did-optimizer-sync%s check",
                 found.unknown_excluded, source->ops->title, program_option());
    if (ledger != NULL)
        (void)!ledger_set_note(ledger, LEDGER_NOTE_CAMPAIGNS, key, NULL);
}
