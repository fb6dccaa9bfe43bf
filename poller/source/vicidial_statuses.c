/* vicidial_statuses: the statuses of the dialer, with VICIdial's own flags. */
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "source/vicidial_statuses.h"

/* Far more than a dialer has. The limit keeps the read short for a table of any size. */
#define MOST 20000

static unsigned flags_of(const char *const *columns)
{
    static const unsigned bits[] = { STATUS_HUMAN_ANSWERED,  STATUS_SALE,           STATUS_DNC,
                                     STATUS_CUSTOMER_CONTACT, STATUS_NOT_INTERESTED, STATUS_SCHEDULED_CALLBACK };
    unsigned flags = 0;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (columns[i] != NULL && strcasecmp(columns[i], "Y") == 0)
            flags |= bits[i];
    return flags;
}

static int list(struct session *session, const char *table, const char *campaign, source_on_status *on_status,
                void *context, struct err *err)
{
    struct session_result *result = NULL;
    char *sql = mem_format("SELECT status, %s, status_name, human_answered, sale, dnc, customer_contact, "
                           "not_interested, scheduled_callback FROM %s LIMIT %d",
                           campaign, table, MOST);
    char *action = mem_format("read %s", table);
    int outcome = session_query(session, sql, action, &result, err);
    free(sql);
    free(action);
    if (outcome != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        if (row[0] != NULL)
            on_status(context, &(struct status_flags){ .status = row[0], .campaign = row[1], .name = row[2],
                                                       .flags = flags_of(row + 3) });
    session_free(result);
    return 0;
}

int vicidial_statuses_list(struct session *session, source_on_status *on_status, void *context, struct err *err)
{
    return list(session, "vicidial_statuses", "NULL", on_status, context, err) == 0
               ? list(session, "vicidial_campaign_statuses", "campaign_id", on_status, context, err) : -1;
}
