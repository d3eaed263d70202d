"""An example of each rule on who is who that a few messages can show."""

from __future__ import annotations

import msgspec

from ...messages import JsonObject
from .example import ANONYMOUS, Example, call, series, track

_OTHER = "0b2c9f0e-6a53-4f7e-9d0d-3f4f6c2f1a77"
_LOGIN = call("identify", 2, anonymousId=ANONYMOUS, traits={"plan": "pro"})
_SIGNED_UP = track("Signed Up", {"plan": "pro"}, 3)
_MAIL = "ann@example.com"
_NAMES = ("ann", "bob", "cy")


def _visit(number: int, name: str = "Pricing") -> JsonObject:
    """Return a page of somebody who is not known yet."""
    return call("page", number, name=name, userId=None, anonymousId=ANONYMOUS)


def _known(number: int, user: str, email: str, anonymous: str | None = None) -> JsonObject:
    """Return an identify call with an e-mail."""
    return call("identify", number, userId=user, anonymousId=anonymous, traits={"email": email})


def _simplified(example: Example) -> Example:
    return msgspec.structs.replace(example, identity="simplified")


IDENTITY_EXAMPLES: dict[str, Example] = {
    "merge-unfit": msgspec.structs.replace(
        series([_visit(0)], [_visit(0)], said='identity = "simplified", kind = "classic-cloud"'),
        identity="simplified",
        kind="classic-cloud",
        kind_after="actions",
    ),
    "shared-device": series(
        [_LOGIN, call("identify", 3, userId="user-2", anonymousId=ANONYMOUS)],
        [_LOGIN, call("identify", 3, userId="user-2", anonymousId=_OTHER)],
    ),
    "user-id-changed": series(
        [_known(1, "user-1", _MAIL, ANONYMOUS), _known(2, "user-2", _MAIL, ANONYMOUS)],
        [_known(1, "user-1", _MAIL, ANONYMOUS), _known(2, "user-1", _MAIL, ANONYMOUS)],
    ),
    "user-id-shared": series(
        [_known(number, "user_1", f"{name}@example.com") for number, name in enumerate(("ann", "bob", "cy"))],
        [
            _known(number, f"user-{name}", f"{name}@example.com")
            for number, name in enumerate(("ann", "bob", "cy"))
        ],
    ),
    "identify-ignored": _simplified(
        series(
            [_visit(0), _LOGIN, _SIGNED_UP],
            [_visit(0), _LOGIN, {**_SIGNED_UP, "anonymousId": ANONYMOUS}],
            said='identity = "simplified"',
        )
    ),
    "history-not-joined": msgspec.structs.replace(
        series(
            [_visit(0), *(track(name, None, n, anonymousId=ANONYMOUS) for n, name in enumerate("ABC", 3))],
            [
                _visit(0),
                _LOGIN,
                *(track(name, None, n, anonymousId=ANONYMOUS) for n, name in enumerate("ABC", 3)),
            ],
        ),
        kind_after="actions",  # the classic destination joins nobody by identify
    ),
    "anonymous-to-known": series([_visit(0), _LOGIN], [_visit(0)]),
    # No preset of the Actions destination takes alias calls.
    "alias-order": msgspec.structs.replace(
        series(
            [_SIGNED_UP, call("alias", 4, previousId="visitor-1")],
            [call("alias", 2, previousId="visitor-1"), _SIGNED_UP],
            said='kind = "classic-cloud"',
        ),
        kind="classic-cloud",
    ),
    "id-casing": series(
        [_known(1, "Ann@example.com", _MAIL), track("Signed Up", {"plan": "pro"}, 3, userId=_MAIL)],
        [_known(1, _MAIL, _MAIL), track("Signed Up", {"plan": "pro"}, 3, userId=_MAIL)],
    ),
    "email-two-users": series(
        [_known(1, "user-1", _MAIL), _known(2, "user-2", _MAIL)],
        [_known(1, "user-1", _MAIL), _known(2, "user-1", _MAIL)],
    ),
}
