"""URLs: the passwords within them."""

from __future__ import annotations

import pytest

from segtap.core.server_url import passwords_in, without_user


@pytest.mark.parametrize(
    ("text", "shown", "passwords"),
    [
        ("nats://u:p%40w@h:4222/x", "nats://••••@h:4222/x", ("p%40w", "p@w")),
        ("nats://token@h", "nats://••••@h", ("token",)),
        ("no file /x/nats:/u:pw@h/x", "no file /x/nats:/••••@h/x", ("pw",)),
        ("'http://u:a/b@h', 'http://u:q@h'", "'http://••••@h', 'http://••••@h'", ("a/b",)),
        ("http://127.0.0.1:8765/users/a@b", "http://127.0.0.1:8765/users/a@b", ()),
        ("a@b at http://h:80 or c@d", "a@b at http://h:80 or c@d", ()),
    ],
)
def test_a_password_in_a_url_is_found_and_not_shown(
    text: str, shown: str, passwords: tuple[str, ...]
) -> None:
    assert without_user(text) == shown
    assert passwords_in(text) == passwords
