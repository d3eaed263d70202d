"""What child processes get of the environment, in which the user keeps secrets."""

from __future__ import annotations

import os

_KEPT_NAMES = frozenset(
    ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "VIRTUAL_ENV")
)
_KEPT_KINDS = ("PYTHON", "LC_", "LD_", "DYLD_", "COV_")
HTTP_NAMES = frozenset(
    ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
) | {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
"""How a client of HTTP reaches the net."""


def plain_environment(also: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the variables that Python needs, and those named in `also`: none that may hold a secret."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _KEPT_NAMES | also or name.upper().startswith(_KEPT_KINDS)
    }
