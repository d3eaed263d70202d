"""Where the value of a secret is looked for, by the name that the settings give it.

`keyring:service/name` is an entry of the system's keyring, as `keyring set service name` makes it. Every
other name is a variable's. The variable itself goes first. Then comes the file that the variable NAME_FILE
names, as containers mount secrets, and then the file NAME in $CREDENTIALS_DIRECTORY, where systemd puts
credentials (`LoadCredential=`).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..settings import IN_KEYRING, Secret, SettingPlace

FILE_SUFFIX = "_FILE"
CREDENTIALS = "CREDENTIALS_DIRECTORY"


def read_secret(name: str, environ: Mapping[str, str]) -> str:
    """Return the value of a secret, "" if there is none. Raises SettingsError as `find_secret` does."""
    return find_secret(name, environ)[0]


def find_secret(name: str, environ: Mapping[str, str]) -> tuple[str, SettingPlace]:
    """Return the value of a secret, "" if there is none, and the place that gave it.

    Raises SettingsError for a file or a keyring that cannot be read.
    """
    place = SettingPlace("environment", name)
    if not name:
        return "", place
    if name.startswith(IN_KEYRING):
        return _from_keyring(name.removeprefix(IN_KEYRING)), place
    if value := environ.get(name, "").strip():
        return value, place
    if file := environ.get(name + FILE_SUFFIX, ""):
        value = _read(Path(file).expanduser(), f"the variable {name}{FILE_SUFFIX} names it")
        return value, SettingPlace("mounted", f"the file that {name}{FILE_SUFFIX} names")
    if folder := environ.get(CREDENTIALS, ""):
        path = Path(folder) / name
        if path.is_file():
            return _read(path, f"it is the credential {name}"), SettingPlace(
                "mounted", f"the credential {name} in ${CREDENTIALS}"
            )
    return "", place


def given_secret(name: str, variable: str, environ: Mapping[str, str]) -> tuple[Secret, SettingPlace | None]:
    """Return the secret of the setting with this name, and the place that gave it, None if none did.

    An API secret may be given and empty. Raises SettingsError as `find_secret` does.
    """
    value, place = find_secret(variable, environ)
    given = value or (name == "api_secret" and variable in environ)
    return Secret(value), place if given else None


def _from_keyring(entry: str) -> str:
    service, _, user = entry.rpartition("/")
    if not (service and user):
        raise SettingsError(
            f'"{IN_KEYRING}{entry}" names no entry of the keyring: write {IN_KEYRING}SERVICE/NAME, as for '
            "`keyring set SERVICE NAME`."
        )
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError as error:
        raise SettingsError(
            f"{IN_KEYRING}{entry} needs the package keyring, which is not installed: "
            "pip install 'segtap[keyring]', or name a variable."
        ) from error
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise SettingsError(
            f"The keyring cannot be read for {entry}: {error or type(error).__name__}. `keyring diagnose` "
            "says which keyring is used; where there is none, as on most servers, name a variable or a file."
        ) from error
    if value is None:
        raise SettingsError(f"The keyring has no entry {entry}: `keyring set {service} {user}` makes one.")
    return str(value).strip()


def _read(path: Path, why: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror} ({why}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text ({why}).") from error
