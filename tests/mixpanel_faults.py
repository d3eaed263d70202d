"""Faults that tests script on the stand-in Mixpanel."""

from __future__ import annotations

from segtap.core.stand_in.faults import Fault, import_error

TOO_MANY = import_error(
    429, "Project exceeded rate limits. Please retry the request with exponential backoff."
)
FORBIDDEN = Fault(403, {"error": "Forbidden", "status": "error"})
UNAVAILABLE = Fault(503, "upstream connect error or disconnect/reset before headers")
BAD_GATEWAY = Fault(502, "<html><head><title>502 Bad Gateway</title></head></html>")
PORTAL = Fault(200, "<html><title>Welcome to Free Wi-Fi</title></html>")
REDIRECT = Fault(302, "", (("location", "http://login.example.net/"),))
ZERO = Fault(200, "0")
DROP_BEFORE = Fault(drop="before")
DROP_AFTER = Fault(drop="after")
HANG = Fault(hang=True)
HALF = Fault(200, {"code": 200, "num_records_imported": 1, "status": "OK"}, breaks="half")
RESET = Fault(breaks="reset")
DRIP = Fault(200, {"code": 200, "num_records_imported": 1, "status": "OK"}, breaks="drip")
FLOOD = Fault(breaks="flood")
GARBAGE = Fault(raw=bytes(range(256)) * 8)
