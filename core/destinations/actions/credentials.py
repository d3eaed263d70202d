"""What authenticates /import where Segment's destination has no API secret: segtap differs there on purpose.

The published code of 3.497.0 builds Basic credentials from whatever the secret is: without one from the text
"undefined:", with an emptied one from ":". Neither is a credential. Newer source has the project token in its
place, and that is what segtap shows and sends.
"""

from __future__ import annotations

from ...messages import JsonObject
from ...segment_code import ACTION_DESTINATIONS

VERSION = ACTION_DESTINATIONS
"""The published version of Segment's destination that segtap is compared with."""
SECRET = "setting: API secret"


def unusable(settings: JsonObject) -> str:
    """Return what 3.497.0 would send in place of a secret, as it stands before base64; "" where one
    is set.
    """
    secret = settings.get("apiSecret", "undefined")
    if "apiSecret" in settings and secret:
        return ""
    return "null:" if secret is None else f"{secret}:"


def authorization_source(settings: JsonObject) -> str:
    """Return where the Authorization header of a request to /import comes from."""
    instead = unusable(settings)
    if not instead:
        return SECRET
    given = "the API secret is empty" if "apiSecret" in settings else "no API secret is given"
    would = f'Segment\'s {VERSION} would send no usable credential here ("{instead}")'
    return f"setting: project token, for {given}. {would}"
