"""Keeps the Segment and the Mixpanel pane level: a field stands beside the one that it becomes."""

from __future__ import annotations

from ..model.beside import Fields, pairs
from ..model.level import level, own_lines
from .json_rows import JsonRows
from .mixpanel_pane import MixpanelPane
from .segment_pane import SegmentPane

MOST_ROWS = 1_500
"""Rows of a document up to which it is laid out beside another."""
DROPPED, ADDED = "dropped", "added"


class LevelPanes:
    """Lays out the lines of both panes together while they stand side by side."""

    def __init__(self, segment: SegmentPane, mixpanel: MixpanelPane) -> None:
        self._segment = segment
        self._mixpanel = mixpanel
        self._busy = False

    def turn(self, on: bool) -> None:
        """Make the panes level, or let each stand by itself."""
        left, right = self._segment.json.rows, self._mixpanel.json.rows
        if on == (left.level is not None):
            return
        left.level = right.level = self.lay_out if on else None
        left.peer, right.peer = (right, left) if on else (None, None)
        self._mixpanel.put_level(on)
        if not on:
            for rows in (left, right):
                rows.arrows, rows.asides, rows.partners = {}, {}, {}
                rows.put_beside(-1)
                rows.lay_out()

    def lay_out(self) -> None:
        """Put the rows of both documents on lines."""
        left, right = self._segment.json.rows, self._mixpanel.json.rows
        if self._busy:
            return
        self._busy = True
        try:
            fields = self._fields(left, right)
            self._mark(left, right, fields)
            if fields is None:
                left.partners, right.partners = {}, {}
                for rows in (left, right):
                    rows.put_lines(own_lines(rows.heights()))
                    rows.point_beside()
                return
            right.partners = pairs(fields, _paths(left), _paths(right))
            left.partners = {partner: row for row, partner in right.partners.items()}
            above = right.region.y - left.region.y
            lines = level(
                left.heights(),
                right.heights(),
                right.partners,
                (max(above, 0), max(-above, 0)),
            )
            left.put_lines(lines[0])
            right.put_lines(lines[1])
            left.point_beside()
            right.point_beside()
        finally:
            self._busy = False

    def _fields(self, left: JsonRows, right: JsonRows) -> Fields | None:
        """Return what belongs together; None where the panes do not show a message and its request.

        A document that is hidden, or was until the next layout, has no width.
        """
        shown = self._segment.json.display and self._mixpanel.json.display and self._segment.as_handed_on
        if not shown or not left.width or not right.width:
            return None
        if self._segment.detail is not self._mixpanel.detail:
            return None
        if left.document.scalar or right.document.scalar or max(left.row_count, right.row_count) > MOST_ROWS:
            return None
        return self._mixpanel.fields

    def _mark(self, left: JsonRows, right: JsonRows, fields: Fields | None) -> None:
        if fields is None:
            left.asides, right.asides, right.arrows = {}, {}, {}
            return
        left.asides = dict.fromkeys(fields.dropped, DROPPED)
        right.asides = dict.fromkeys(fields.added, ADDED)
        right.arrows = {path: "warning" if path in fields.changed else "info" for path in fields.sources}


def _paths(rows: JsonRows) -> list[str]:
    return [rows.document.row(at).path for at in range(rows.row_count)]
