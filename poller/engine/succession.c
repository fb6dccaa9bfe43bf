/* succession: decides whether this host may become the leader. */
#include "engine/succession.h"

bool succession_is_ours(const struct succession_notes *notes, int64_t now, int64_t takeover_after)
{
    return notes->led != 0 && now >= notes->led && now - notes->led <= takeover_after;
}

static enum succession_step step_without_leader(const struct succession_look *look, struct succession_notes *notes)
{
    if (succession_is_ours(notes, look->now, look->takeover_after))
        return SUCCESSION_TAKE;
    bool in_a_row = notes->vacant_since != 0 && notes->looked <= look->now &&
                    look->now - notes->looked <= look->longest_gap;
    if (!in_a_row)
        notes->vacant_since = look->now;
    notes->looked = look->now;
    return look->now >= succession_due(notes, look->takeover_after) ? SUCCESSION_TAKE : SUCCESSION_WAIT;
}

enum succession_step succession_step(const struct succession_look *look, struct succession_notes *notes)
{
    if (!look->is_held)
        return step_without_leader(look, notes);
    notes->vacant_since = 0;
    notes->looked = look->now;
    notes->led = look->is_held_by_us ? look->now : 0;
    return look->is_held_by_us ? SUCCESSION_LEAD : SUCCESSION_FOLLOW;
}

int64_t succession_due(const struct succession_notes *notes, int64_t takeover_after)
{
    return notes->vacant_since + takeover_after;
}
