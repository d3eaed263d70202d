"""A secret as servers and SDKs write it: what must stand nowhere that a person or a collector reads."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote


def forms(secret: str) -> dict[str, str]:
    """Each form by its name."""
    found = {"raw": secret, "json": json.dumps(secret)[1:-1], "percent": quote(secret, safe="")}
    found["percent in lower case"] = re.sub("%..", lambda code: code[0].lower(), found["percent"])
    found["json with slashes"] = found["json"].replace("/", "\\/")
    written = {"alone": secret, "basic": f"{secret}:", "user": f"user:{secret}", "u": f"u:{secret}"}
    for name, text in written.items():
        data = text.encode()
        found[f"base64 {name}"] = base64.b64encode(data).decode()
        found[f"url-safe {name}"] = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return found
