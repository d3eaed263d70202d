"""Where the value of a secret is looked for, by the name that the settings give it.

The variable itself goes first. Then comes the file that the variable NAME_FILE names, as containers mount
secrets, and then the file NAME in $CREDENTIALS_DIRECTORY, where systemd puts credentials (`LoadCredential=`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import SettingsError

FILE_SUFFIX = "_FILE"
CREDENTIALS = "CREDENTIALS_DIRECTORY"


def read_secret(name: str, environ: Mapping[str, str]) -> str:
    """Return the value of a secret, "" if there is none.

    Raises SettingsError for a file that cannot be read.
    """
    if not name:
        return ""
    if value := environ.get(name, "").strip():
        return value
    if file := environ.get(name + FILE_SUFFIX, ""):
        return _read(Path(file).expanduser(), f"the variable {name}{FILE_SUFFIX} names it")
    if folder := environ.get(CREDENTIALS, ""):
        path = Path(folder) / name
        if path.is_file():
            return _read(path, f"it is the credential {name}")
    return ""


def _read(path: Path, why: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror} ({why}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text ({why}).") from error
