"""What a question of the FAQ is, and the pages that the questions are on."""

from __future__ import annotations

import msgspec

from ...settings import DestinationKind

GUIDE = "https://docs.mixpanel.com/docs/tracking-methods/integrations/segment"
ACTIONS = "https://www.twilio.com/docs/segment/connections/destinations/catalog/actions-mixpanel"
CLASSIC = "https://www.twilio.com/docs/segment/connections/destinations/catalog/mixpanel"
MERGE = "https://docs.mixpanel.com/docs/tracking-methods/id-management"
DEDUPE = "https://developer.mixpanel.com/reference/event-deduplication"
IMPORT = "https://developer.mixpanel.com/reference/import-events"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the FAQ.

    `actions` and `classic` answer it for the two destinations, a paragraph each, in which `{decode.open}`
    stands for the key of the screen's command with that id; `checks` are the doctor's
    checks whose verdicts answer it from messages and settings ("groups" stands for "groups.events", too);
    `words` are what people search for, `rules` tell more, `source` is the page it is on.
    """

    id: str
    title: str
    words: tuple[str, ...] = ()
    actions: tuple[str, ...]
    classic: tuple[str, ...]
    checks: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    source: str

    def general(self, kind: DestinationKind) -> tuple[str, ...]:
        """Return the answer that holds for everybody with that destination."""
        return self.classic if kind == "classic-cloud" else self.actions
