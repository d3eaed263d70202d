"""The part of a user's timeline that the screen holds: it grows at both ends, and stays bounded."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...core.api.models import Summary
from ...core.delivery import OWED_STATES, DeliveryState
from ...core.identities.model import Cluster
from ...core.stories.model import Moment, UserStory

STRETCH = 200
"""Messages that are asked for at a time."""
MOST = 2_000
"""Messages that are held; beyond them those at the other end are dropped, and asked for again."""
MOVING = frozenset((*OWED_STATES, DeliveryState.UNCERTAIN))
"""Deliveries that may still change."""


class Timeline:
    """The messages of one user that were read, oldest first, and where to read on."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.cluster: Cluster | None = None
        self.older = self.newer = False
        """Whether there are more messages at that end."""
        self.before: int | None = None
        self.after = 0
        """The ids from which to read on, downwards and upwards."""
        self.searched = 0
        """Messages that were looked at, while a search is under way; otherwise 0."""

    @property
    def ids(self) -> int:
        """How many ids Mixpanel has for the user."""
        return 0 if self.cluster is None else self.cluster.ids

    def begin(self, story: UserStory, *, before: int | None = None) -> None:
        """Hold the newest messages, or those before a message."""
        self.moments = []
        self.newer = before is not None
        self.after = story.reached if before is None else before - 1
        self.add_older(story)

    def begin_oldest(self, story: UserStory) -> None:
        """Hold the oldest messages."""
        self.moments, self.older, self.before = [], False, 0
        self.add_newer(story)

    def add_older(self, story: UserStory) -> None:
        """Add messages in front of those held."""
        self._know(story)
        self.moments[:0] = story.moments
        self.older, self.searched = story.more, story.searched
        self.before = story.searched_to or (self.moments[0].line.id if self.moments else 0)
        if len(self.moments) > MOST:
            del self.moments[MOST:]
            self.newer, self.after = True, self.moments[-1].line.id

    def add_newer(self, story: UserStory) -> None:
        """Add messages behind those held."""
        self._know(story)
        self.moments += story.moments
        self.newer, self.after = story.more, story.reached
        if self.before is None and self.moments:
            self.before = self.moments[0].line.id
        if len(self.moments) > MOST:
            del self.moments[:-MOST]
            self.older, self.before = True, self.moments[0].line.id

    def _know(self, story: UserStory) -> None:
        self.cluster = story.cluster

    def moving(self, most: int) -> list[int]:
        """Return the newest messages whose delivery may still change."""
        return [one.line.id for one in self.moments if one.line.delivery in MOVING][-most:]

    def put(self, lines: Sequence[Summary]) -> bool:
        """Replace the lines of messages that are held; return True if one is another now."""
        by_id = {line.id: line for line in lines}
        changed = False
        for at, one in enumerate(self.moments):
            line = by_id.get(one.line.id)
            if line is not None and line != one.line:
                self.moments[at] = msgspec.structs.replace(one, line=line)
                changed = True
        return changed
