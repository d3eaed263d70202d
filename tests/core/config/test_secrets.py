"""Secrets from variables, from files that variables name, and from systemd's credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core.config import load
from segtap.core.config.secrets import read_secret
from segtap.core.config.shown import shown_settings
from segtap.core.engine.forwarder_switch import cannot_forward_why
from segtap.core.errors import SettingsError
from segtap.core.forward.credentials import credentials_in_words
from segtap.core.masks import MASK, masked_settings, secrets_in_settings


def test_the_variable_goes_first_then_its_file_then_the_credential(tmp_path: Path) -> None:
    (tmp_path / "NAME").write_text("credential\n")
    (tmp_path / "mounted").write_text("  file \n")
    credentials = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    file = {"NAME_FILE": str(tmp_path / "mounted")}
    assert read_secret("NAME", {"NAME": "variable", **file, **credentials}) == "variable"
    assert read_secret("NAME", {"NAME": " ", **file, **credentials}) == "file"
    assert read_secret("NAME", credentials) == "credential"
    assert read_secret("OTHER", credentials) == read_secret("", credentials) == ""


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone cannot be read: No such file .*NAME_FILE names it"):
        read_secret("NAME", {"NAME_FILE": str(tmp_path / "gone")})
    (tmp_path / "NAME").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        read_secret("NAME", {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_every_secret_of_the_settings_can_be_a_file(tmp_path: Path) -> None:
    names = ("MIXPANEL_TOKEN", "MIXPANEL_SECRET", "MIXPANEL_SERVICE_ACCOUNT", "SCRAPER")
    for name in names:
        (tmp_path / name).write_text(f"value-of-{name}")
    settings = load(
        {"ingest": {"metrics_token_env": "SCRAPER"}},
        environ={"CREDENTIALS_DIRECTORY": str(tmp_path)},
        look=False,
    )
    assert settings.destination.token == "value-of-MIXPANEL_TOKEN"
    assert settings.destination.api_secret.reveal() == "value-of-MIXPANEL_SECRET"
    assert settings.destination.service_account.reveal() == "value-of-MIXPANEL_SERVICE_ACCOUNT"
    assert settings.ingest.metrics_token.reveal() == "value-of-SCRAPER"
    assert "value-of-SCRAPER" in secrets_in_settings(settings)
    assert masked_settings(settings).ingest.metrics_token.reveal() == MASK


def test_the_place_of_a_secret_is_the_file_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "MIXPANEL_SERVICE_ACCOUNT").write_text("no colon")
    (tmp_path / "token").write_text("a1b2c3d4e5f60718293a4b5c6d7e8ff9")
    file = tmp_path / "segtap.toml"
    file.write_text(
        '[[routes]]\nname = "us"\nkind = "mixpanel"\n'
        '[[routes]]\nname = "eu"\nkind = "mixpanel"\ntoken_env = "EU"\nservice_account_env = "SHARED"\n'
    )
    (tmp_path / "SHARED").write_text("no colon")
    environ = {
        "MIXPANEL_TOKEN_FILE": str(tmp_path / "token"),
        "MIXPANEL_SECRET": "s" * 32,
        "EU_FILE": str(tmp_path / "SHARED"),
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    settings = load(file=file, environ=environ)
    shown = {one.name: one.place for one in shown_settings(settings)}
    assert shown["destination.token"] == "the file that MIXPANEL_TOKEN_FILE names"
    assert shown["destination.api_secret"] == "the variable MIXPANEL_SECRET"
    mounted = "the credential MIXPANEL_SERVICE_ACCOUNT in $CREDENTIALS_DIRECTORY"
    assert shown["destination.service_account"] == mounted
    us, eu = credentials_in_words(settings)[0], credentials_in_words(settings)[-1]
    assert us.endswith(", from the file that MIXPANEL_TOKEN_FILE names"), (
        "which is read again with the settings"
    )
    assert eu.endswith(", from the file that EU_FILE names")
    assert f"T{mounted[1:]} must hold a service account" in cannot_forward_why(settings)


def test_a_metrics_token_does_not_belong_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text('[ingest]\nmetrics_token = "x"\n')
    with pytest.raises(SettingsError, match="metrics_token_env = "):
        load(file=file, environ={})
