"""What a request of Mixpanel's SDKs is answered, so that each SDK clears its queue and logs nothing. Pure.

`verbose=1`, in the query or in the form, asks for JSON; without it the answer is the one byte `1`. SDKs read
the body, not the status, so that a refusal is answered with 200, as by Mixpanel itself. Only a body that is
too large is answered with 413: mixpanel-browser then sends smaller batches.
"""

from __future__ import annotations

import msgspec

from ...errors import RequestRefused
from ..segment.pixel import GIF

TOO_LARGE = 413
OK = b'{"code":200,"status":"OK"}'
"""The answer to a part of a session recording."""
NO_FLAGS = b'{"flags":{}}'
NO_DEFINITIONS = b'{"flags":[]}'
"""The answer to a server's SDK that evaluates flags by itself."""
NO_SETTINGS = b"{}"
_TAKEN, _TAKEN_VERBOSE = b"1", b'{"status":1,"error":null}'
_REFUSED = b"0"
_TEXT, _JSON, _IMAGE = b"text/plain", b"application/json", b"image/gif"


class Reply(msgspec.Struct, frozen=True):
    """An answer: status, body and content type."""

    body: bytes
    content_type: bytes = _JSON
    status: int = 200


class DeviceRefused(RequestRefused):
    """A request of one of Mixpanel's SDKs that is refused, and the answer in the form that the SDK reads."""

    def __init__(self, reason: str, reply: Reply) -> None:
        super().__init__(reply.status, reason)
        self.reply = reply


class Asked(msgspec.Struct, frozen=True):
    """The form of the answer that a request asks for. `imported`: JSON that was sent to /import."""

    verbose: bool = False
    image: bool = False
    imported: bool = False

    def taken(self, records: int) -> Reply:
        """Return the answer to a request whose records are stored."""
        if self.imported:
            said = {"code": 200, "num_records_imported": records, "status": "OK"}
            return Reply(msgspec.json.encode(said))
        if self.verbose:
            return Reply(_TAKEN_VERBOSE)
        return Reply(GIF, _IMAGE) if self.image else Reply(_TAKEN, _TEXT)

    def refused(self, reason: str, status: int = 200) -> DeviceRefused:
        """Return the refusal of a request."""
        if self.imported:
            code = 400 if status == 200 else status
            said = {"code": code, "error": reason, "status": "Bad Request"}
            return DeviceRefused(reason, Reply(msgspec.json.encode(said), status=code))
        if self.verbose:
            said = {"status": 0, "error": reason}
            return DeviceRefused(reason, Reply(msgspec.json.encode(said), status=status))
        return DeviceRefused(reason, Reply(_REFUSED, _TEXT, status))
