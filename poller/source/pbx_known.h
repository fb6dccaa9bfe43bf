/* pbx_known: what earlier runs have read of the list of calls of a hosted PBX. For pbx's files only.
 *
 * Each run asks for the last hours again. In the documented shape the API names days only, so that is a list of up to
 * three days. But this shape counts the calls of its list. So a run keeps some anchors: a few rows in a row, and how
 * many rows follow them. Where the next run finds the anchor with as many rows behind it, no row has come or gone
 * there, and the rest need not be read. Rows behind an anchor that have changed in place, or have been exchanged one
 * for one, are found when the list is read whole again: after PBX_KNOWN_SEC at the latest. */
#ifndef PBX_KNOWN_H
#define PBX_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/pbx_page.h"

/* A range that is asked for again is read whole after this time. */
#define PBX_KNOWN_SEC 1800

/* So many rows make an anchor: single rows may come to the same place by chance. */
#define PBX_KNOWN_ROWS 8

#define PBX_KNOWN_ANCHORS 10

struct pbx_anchor {
    uint64_t rows;    /* a hash of their uuids */
    int64_t behind;   /* the rows of the list behind them */
    int64_t position; /* the rows before them, when the anchor was noted */
};

struct pbx_known {
    uint64_t place;   /* a hash of the address and the domain */
    int64_t at;       /* when the whole range was read; 0: nothing is known */
    int64_t started_from, ended_from; /* all calls since then were handed out ... */
    int64_t ended_to; /* ... if they had ended by then */
    uint64_t list;    /* a hash of the query to which the anchors belong */
    struct pbx_anchor anchors[PBX_KNOWN_ANCHORS]; /* the first in the list first */
    size_t count;
};

/* pbx_known_is_met: whether a page, which begins at that offset of the list, shows an anchor with as many rows behind
 * it as before. */
bool pbx_known_is_met(const struct pbx_known *known, const struct pbx_page *page, int64_t offset);

/* pbx_known_add: adds the anchors of a page. The pages of a list come in their order; they may overlap. */
void pbx_known_add(struct pbx_known *known, const struct pbx_page *page, int64_t offset);

/* pbx_known_inherit: adds those anchors of earlier that are behind all of known, in a list of total rows. */
void pbx_known_inherit(struct pbx_known *known, const struct pbx_known *earlier, int64_t total);

/* pbx_known_drop: drops the anchors that are not behind this position: the row there must be read again. */
void pbx_known_drop(struct pbx_known *known, int64_t position);

/* pbx_known_write, pbx_known_read: as text of one line. Text that cannot be read makes nothing known. */
#define PBX_KNOWN_TEXT_SIZE 400
void pbx_known_write(const struct pbx_known *known, char out[PBX_KNOWN_TEXT_SIZE]);
void pbx_known_read(const char *text, struct pbx_known *ret_known);

#endif
