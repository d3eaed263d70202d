"""Says why clients and this server do not agree on TLS, where that is a mistake of a setup.

asyncio ends such a connection without a word: the SDK's messages would be missing, and nothing would say why.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

IS_PLAIN = "a client spoke plain http to this TLS (https) port: give it a URL that begins with https://"
_REFUSED = "a client does not accept the TLS certificate: {}. {}"
_TODO = "It has to trust who issued it, and to call this machine by a name that is in it"
_ALERTS = {
    "UNKNOWN_CA": "it does not know who issued it",
    "BAD_CERTIFICATE": "it calls it bad",
    "CERTIFICATE_EXPIRED": "it has expired, or the client's clock is wrong",
    "CERTIFICATE_UNKNOWN": "it does not say why",
    "UNSUPPORTED_CERTIFICATE": "it does not support its kind",
}


def watched(failed: Callable[[str], None]) -> type[ssl.SSLObject]:
    """Return the class of TLS connections whose handshakes report their failures, see `trouble`."""

    class Watched(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except ssl.SSLError as error:
                if words := trouble(error.reason or ""):
                    failed(words)
                raise

    return Watched


def trouble(reason: str) -> str:
    """Return what OpenSSL's reason says of the client's setup, "" for those that say nothing of it.

    Such are scanners, probes that only connect, and clients that go.
    """
    if reason in ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST"):
        return IS_PLAIN
    _, alert, name = reason.partition("_ALERT_")
    return _REFUSED.format(_ALERTS[name], _TODO) if alert and name in _ALERTS else ""
