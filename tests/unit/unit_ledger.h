/* unit_ledger: gives each test an open ledger in a temporary directory. */
#ifndef UNIT_LEDGER_H
#define UNIT_LEDGER_H

#include "unit.h"

#include "ledger/ledger.h"

static struct ledger *ledger;
static struct err err;

static inline void open_ledger(const char *directory)
{
    struct ledger_repair repair;
    if (ledger_open(directory, LEDGER_WRITE, &ledger, &repair, &err) != 0)
        fail_msg("%s", err.message);
    assert_false(repair.rebuilt);
}

static inline int enter(void **state)
{
    if (unit_create_directory(state) != 0)
        return -1;
    open_ledger(*state);
    return 0;
}

static inline int leave(void **state)
{
    ledger_close(ledger);
    ledger = NULL;
    return unit_remove_directory(state);
}

#define in_ledger(test) cmocka_unit_test_setup_teardown(test, enter, leave)

#endif
