"""What NATS servers with TLS and credentials need in tests: certificates, keys, and JWTs of an operator."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import json
import os
import time
from pathlib import Path
from typing import Any

import nkeys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


class Authority:
    """Issues certificates. `ca` is the file with its own."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.ca = folder / f"{name}.pem"
        certificate = self._built(self._name, self._key.public_key(), DAY, [], ca=True)
        self.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *names: str, lasts: dt.timedelta = DAY) -> tuple[Path, Path]:
        """Return the files of a certificate for these names and addresses, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._built(subject, key.public_key(), lasts, names, ca=False)
        files = self._folder / f"{name}.pem", self._folder / f"{name}-key.pem"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
        return files

    def _built(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        lasts: dt.timedelta,
        names: Any,
        *,
        ca: bool,
    ) -> x509.Certificate:
        end = dt.datetime.now(dt.UTC) + lasts
        own = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - 2 * DAY)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False
            )
        )
        if ca:
            builder = builder.add_extension(own, critical=False)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False
            )
        return builder.sign(self._key, hashes.SHA256())


def _issuer(own: x509.SubjectKeyIdentifier) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Identity:
    """A key pair of NATS, and the JWTs that it signs."""

    def __init__(self, kind: int) -> None:
        self.seed: bytes = nkeys.encode_seed(os.urandom(32), kind)
        self._keys: Any = nkeys.from_seed(bytearray(self.seed))
        self.public: str = self._keys.public_key.decode()

    def sign(self, subject: Identity, name: str, more: dict[str, Any], *, lasts: float = 0.0) -> str:
        """Return a JWT about a subject; one that `lasts` some seconds ends after them."""
        claims: dict[str, Any] = {
            "iat": int(time.time()),
            "iss": self.public,
            "name": name,
            "sub": subject.public,
            "nats": {**more, "version": 2},
        }
        if lasts:
            claims["exp"] = int(time.time() + lasts)
        digest = hashlib.sha256(json.dumps(claims).encode()).digest()
        claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
        signed = ".".join(map(_encoded, ({"typ": "JWT", "alg": "ed25519-nkey"}, claims)))
        return f"{signed}.{_base64(self._keys.sign(signed.encode()))}"


def _encoded(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


_NO_LIMITS: dict[str, Any] = dict.fromkeys(
    ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage"), -1
) | {"streams": -1, "consumer": -1, "wildcards": True}


class Operator:
    """An operator with an account that has JetStream; `config` is what its servers need."""

    def __init__(self) -> None:
        self._keys = Identity(nkeys.PREFIX_BYTE_OPERATOR)
        self._account = Identity(nkeys.PREFIX_BYTE_ACCOUNT)
        system = Identity(nkeys.PREFIX_BYTE_ACCOUNT)
        own = self._keys.sign(self._keys, "operator", {"type": "operator", "system_account": system.public})
        account = {"type": "account", "limits": _NO_LIMITS}
        limited = {"type": "account", "limits": {**_NO_LIMITS, "mem_storage": 0, "disk_storage": 0}}
        self.config = f"""
operator: {own}
system_account: {system.public}
resolver: MEMORY
resolver_preload: {{
  {self._account.public}: {self._keys.sign(self._account, "events", account)}
  {system.public}: {self._keys.sign(system, "SYS", limited)}
}}
"""

    def creds(self, path: Path, *, lasts: float = 0.0) -> Path:
        """Write the file of a new user's credentials."""
        user = Identity(nkeys.PREFIX_BYTE_USER)
        limits = {"type": "user", "subs": -1, "data": -1, "payload": -1}
        jwt = self._account.sign(user, "segtap", limits, lasts=lasts)
        path.write_text(
            f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
        )
        return path
