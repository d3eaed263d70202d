"""What a rule is: its id, its severity and its texts."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..verdict import Finding, Severity

Kind = Literal["message", "request", "stream", "plan", "settings"]
"""What a rule judges: a message as it stands, what it becomes, the messages so far, a message by its tracking
plan, or the settings and what Mixpanel answers."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue.

    `applies_to` names the calls (`track`, …) or, for rules on requests, Mixpanel's endpoints
    (`/import`, …); empty: all. `what` is the mistake in one line, `why` what it costs, `fix` how to mend it,
    `source` where that is documented. `also` are the severities that some of its findings have instead.
    """

    id: str
    severity: Severity
    also: tuple[Severity, ...] = ()
    kind: Kind = "message"
    applies_to: tuple[str, ...] = ()
    what: str
    why: str
    fix: str
    source: str

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Every severity that a finding of this rule may have, the usual one first."""
        return (self.severity, *self.also)

    def finding(
        self, path: str, message: str, *, fix: str | None = None, severity: Severity | None = None
    ) -> Finding:
        """Return a finding of this rule. `message` says what is wrong with this very value."""
        return Finding(self.id, severity or self.severity, path, message, self.fix if fix is None else fix)
