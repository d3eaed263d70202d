"""The certificate that the web server shows, read again when its file changes."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from pathlib import Path

from ..faults import Faults
from ..text import clean

logger = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two checks of the files."""
PART = "certificate"
"""The name among the faults."""

_Stamp = tuple[int, int, int] | None


class Certificates:
    """Keeps a TLS context in step with the files of certificate and key.

    New connections get the new certificate; those that are open keep theirs. While the files cannot be used,
    as between the writing of one and of the other, the previous certificate stays, and that is a fault.
    """

    def __init__(self, context: ssl.SSLContext, certificate: str, key: str, faults: Faults) -> None:
        self._context = context
        self._files = certificate, key
        self._faults = faults
        self._seen = self._stamps()

    async def run(self) -> None:
        """Watch the files until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            if self._stamps() != self._seen:
                self.read()

    def read(self) -> None:
        """Read the files now."""
        self._seen = self._stamps()
        # Into a context of its own first: a certificate without its key would spoil the one in use.
        trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if trouble := loaded(trial, *self._files) or loaded(self._context, *self._files):
            words = f"The TLS certificate or key cannot be used: {trouble}. The previous one stays in use."
            logger.warning("%s", words)
            self._faults.report(PART, words)
            return
        logger.info("read the certificate", extra={"file": self._files[0]})
        self._faults.clear(PART)

    def _stamps(self) -> tuple[_Stamp, ...]:
        return tuple(_stamp(Path(file)) for file in self._files)


def loaded(context: ssl.SSLContext, certificate: str, key: str) -> str:
    """Load the files into the context; return why they cannot be used, "" if they can."""
    for file, what, mark in (
        (certificate, "certificate", rb"-----BEGIN [A-Z ]*CERTIFICATE-----"),
        (key, "key", rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ):
        try:
            text = Path(file).read_bytes()
        except OSError as error:
            return f"{clean(file)} cannot be read: {error.strerror or error}"
        if not re.search(mark, text):
            return f"there is no {what} in PEM in {clean(file)}"
    try:
        # OpenSSL would ask for a passphrase on the terminal, and everything would wait for the answer.
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _Encrypted:
        return f"the key in {clean(key)} has a passphrase: write it without one (openssl pkey -in … -out …)"
    except (OSError, ssl.SSLError) as error:
        if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
            return f"the key in {clean(key)} is not that of the certificate in {clean(certificate)}"
        return f"{clean(certificate)} or {clean(key)} is damaged ({error})"
    return ""


class _Encrypted(Exception):
    """A key is encrypted."""


def _no_passphrase() -> str:
    raise _Encrypted


def _stamp(file: Path) -> _Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
