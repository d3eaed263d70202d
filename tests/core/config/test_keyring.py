"""Secrets from the system's keyring, with one in memory in its place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from segtap.core.config import load
from segtap.core.config.secrets import read_secret
from segtap.core.errors import SettingsError

keyring: Any = pytest.importorskip("keyring")


class InMemory(keyring.backend.KeyringBackend):
    """A keyring with two entries; `broken` is what it raises."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries = {("mixpanel", "token"): " 0123456789abcdef0123456789abcdef\n", ("a/b", "c"): "deep"}
        self.broken: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken is not None:
            raise self.broken
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def own() -> Iterator[InMemory]:
    before, own = keyring.get_keyring(), InMemory()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


def test_an_entry_is_read_by_service_and_name(own: InMemory) -> None:
    assert read_secret("keyring:mixpanel/token", {}) == "0123456789abcdef0123456789abcdef"
    assert read_secret("keyring:a/b/c", {}) == "deep"


def test_each_secret_may_be_in_the_keyring(own: InMemory) -> None:
    own.set_password("mixpanel", "account", "user:secret")
    given = {"token_env": "keyring:mixpanel/token", "service_account_env": "keyring:mixpanel/account"}
    settings = load({"destination": given}, environ={}, look=False)
    assert settings.destination.token == "0123456789abcdef0123456789abcdef"
    assert settings.destination.service_account.reveal() == "user:secret"
    assert str(settings.places["destination.token"]) == "the keyring's entry mixpanel/token"


@pytest.mark.parametrize("name", ["keyring:", "keyring:token", "keyring:/token", "keyring:mixpanel/"])
def test_a_name_that_names_no_entry_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="keyring set SERVICE NAME"):
        read_secret(name, {})


def test_an_entry_that_is_missing_says_how_to_make_it(own: InMemory) -> None:
    with pytest.raises(SettingsError, match=r"no entry mixpanel/secret: `keyring set mixpanel secret`"):
        read_secret("keyring:mixpanel/secret", {})


def test_a_machine_without_a_keyring_says_what_to_do(own: InMemory) -> None:
    own.broken = keyring.errors.NoKeyringError("No recommended backend was available")
    with pytest.raises(SettingsError, match=r"No recommended backend .*name a variable or a file"):
        read_secret("keyring:mixpanel/token", {})


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match=r"segtap\[keyring\]"):
        read_secret("keyring:mixpanel/token", {})
