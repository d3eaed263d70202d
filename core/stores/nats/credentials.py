"""What authenticates an engine at NATS: read from the environment, and checked before it is used.

nats-py reads the files only while it connects: a missing one would look like a server that does not answer,
and a file without a JWT would be read for ever.
"""

from __future__ import annotations

import os
import re
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from ...errors import JournalError
from ...text import clean

HOW = "NATS_CREDS (a file), NATS_NKEY (a file), NATS_TOKEN, or NATS_USER and NATS_PASSWORD"
_JWT = re.compile(rb"BEGIN NATS USER JWT-+\s+[\w-]+\.[\w-]+\.[\w-]+\s")
_SEED = re.compile(rb"BEGIN USER NKEY SEED-+\s+SU[A-Z2-7]{56}\s")
_ONLY_SEED = re.compile(rb"\s*SU[A-Z2-7]{56}\s*\Z")


class Credentials(msgspec.Struct, frozen=True):
    """The credentials of this engine, from the environment variables of NATS's own tools."""

    creds: str = ""
    nkey: str = ""
    user: str = ""
    password: str = ""
    token: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def any(self) -> bool:
        """True if the engine says who it is, other than by a certificate."""
        return bool(self.creds or self.nkey or self.token or self.user)

    @property
    def wants_tls(self) -> str:
        """The variable that asks for TLS, "" if none does."""
        return "NATS_CA" if self.ca else "NATS_CERT" if self.cert else ""

    def options(self) -> dict[str, Any]:
        """Return them as nats-py's `connect` accepts them. Raises JournalError for what cannot be used."""
        options: dict[str, Any] = {}
        if self.creds:
            _check_keys("NATS_CREDS", self.creds, (_JWT, _SEED), "which holds no JWT and seed of a user")
            options["user_credentials"] = self.creds
        elif self.nkey:
            _check_keys("NATS_NKEY", self.nkey, (_ONLY_SEED,), "in which there is no seed of a user's key")
            options["nkeys_seed"] = self.nkey
        elif self.token:
            options["token"] = self.token
        elif self.user:
            options |= {"user": self.user, "password": self.password}
        if self.wants_tls:
            options["tls"] = self._context()
        return options

    def _context(self) -> ssl.SSLContext:
        for variable, path in (("NATS_CA", self.ca), ("NATS_CERT", self.cert), ("NATS_KEY", self.key)):
            if path:
                _read(variable, path)
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise JournalError(
                f"NATS_CA names {clean(self.ca)}, which is not a certificate in PEM ({error})."
            ) from error
        if self.cert:
            try:
                # A key that is encrypted would be asked for on the terminal, with nobody there.
                context.load_cert_chain(self.cert, self.key or None, password=_no_password)
            except (OSError, ssl.SSLError, ValueError) as error:
                raise JournalError(
                    "NATS_CERT and NATS_KEY must name the files of a certificate and its own key, in PEM and"
                    f" not encrypted: {clean(self.cert)} and {clean(self.key or self.cert)} are not"
                    f" ({error})."
                ) from error
        return context


def tls_trouble(words: str, known: Credentials, *, cut: bool = False) -> str:
    """Return why there is no TLS to a server, and what to do; "" if the words are of another failure.

    `cut`: a server that checks certificates of its clients closed the connection before its reason was read.
    """
    low = words.lower()
    if "offers no tls" in low:
        return f"{words}. Nothing was sent to it"
    if "local issuer" in low or "self-signed" in low or "self signed" in low:
        if known.ca:
            return f"its certificate is not from the authority of NATS_CA, {clean(known.ca)}"
        what = "its certificate is not from an authority that this machine trusts"
        return f"{what}. NATS_CA names the file with the certificate of its authority"
    if "mismatch, certificate" in low:
        name = words.partition("not valid for ")[2].partition(" (")[0].rstrip(".")
        what = f"its certificate is for another name than {clean(name)}"
        return f"{what}. Name the server in the URL as its certificate does"
    for sign, state in (("has expired", "has expired"), ("not yet valid", "is not valid yet")):
        if sign in low:
            return f"its certificate {state}, or this machine's clock is wrong"
    if cut or ("alert" in low and ("certificate" in low or "unknown ca" in low or "unknown_ca" in low)):
        if known.cert:
            return f"it does not accept the certificate of NATS_CERT, {clean(known.cert)}"
        what = "it wants a certificate of its clients"
        return f"{what}. NATS_CERT and NATS_KEY name the files of one and of its key"
    if "tls" in low or "ssl" in low or "certificate" in low:
        files = "NATS_CA names the file with the certificate of its authority, NATS_CERT and NATS_KEY those"
        return f"{clean(words)}. {files} of this client"
    return ""


def credentials() -> Credentials:
    """Return the credentials in the environment."""
    names = {name: f"NATS_{name.upper()}" for name in Credentials.__struct_fields__}
    return Credentials(**{name: os.environ.get(variable, "") for name, variable in names.items()})


def _check_keys(variable: str, path: str, parts: tuple[re.Pattern[bytes], ...], otherwise: str) -> None:
    if find_spec("nkeys") is None:
        raise JournalError(
            f"{variable} needs the package nkeys, which is not installed. Install it with:"
            " pip install 'segtap[nats]'",
            title="nkeys is missing",
        )
    text = _read(variable, path)
    if not all(part.search(text + b"\n") for part in parts):
        raise JournalError(f"{variable} names {clean(path)}, {otherwise}.")


def _read(variable: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise JournalError(
            f"{variable} names {clean(path)}, which cannot be read: {error.strerror or error}."
        ) from error


def _no_password() -> str:
    raise ValueError("the key is encrypted")
