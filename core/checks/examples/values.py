"""An example of each rule on ids, names and values as they are written."""

from __future__ import annotations

from .example import Example, call, pair, track

VALUE_EXAMPLES: dict[str, Example] = {
    "placeholder-group-id": pair(
        call("group", groupId="undefined", traits={"name": "Acme"}),
        call("group", groupId="acme", traits={"name": "Acme"}),
    ),
    "id-whitespace": pair(track("Signed Up", userId=" user-1 "), track("Signed Up", userId="user-1")),
    "event-name": pair(track(" Signed Up"), track("Signed Up")),
    "reserved-event-name": pair(track("$ae_session", {"seconds": 40}), track("App Session", {"seconds": 40})),
    "property-name": pair(
        call("identify", traits={"plan ": "pro", "": "yes"}), call("identify", traits={"plan": "pro"})
    ),
    "number-precision": pair(
        track("Paid", {"order": 12345678901234567890}), track("Paid", {"order": "12345678901234567890"})
    ),
    "number-as-text": pair(
        track("Paid", {"amount": "1.234,50 €"}), track("Paid", {"amount": 1234.5, "currency": "EUR"})
    ),
}
