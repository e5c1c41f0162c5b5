"""Certificates as they are in real life: a host's, signed by an authority."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from twisted.internet.ssl import Certificate

HOST = "localhost"
Key = ec.EllipticCurvePrivateKey


class Pair(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: bytes = b"") -> bytes:
        encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


class Authority:
    """Signs certificates, with one of its own that itself or another authority has signed."""

    def __init__(self, name: str = "An authority", above: Authority | None = None) -> None:
        key: Key = ec.generate_private_key(ec.SECP256R1())
        issuer, issuer_key = (name, key) if above is None else (above.name, above.pair.key)
        self.name: str = name
        self.pair: Pair = Pair(_sign(name, key, issuer, issuer_key, is_authority=True), key)

    @property
    def trusted(self) -> Certificate:
        """What a client that trusts it has."""
        return Certificate.loadPEM(self.pair.certificate_pem)

    def issue(self, begins: float = -1, ends: float = 1) -> Pair:
        """A certificate for HOST, valid between so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        return Pair(_sign(HOST, key, self.name, self.pair.key, begins=begins, ends=ends), key)


class Certificates(NamedTuple):
    """The files of a host's certificate and its key, and the authority that clients trust."""

    certificate: Path
    key: Path
    authority_file: Path
    authority: Certificate
    signer: Authority

    def renew(self, ends: float = 1) -> None:
        """Another certificate of the same authority takes the place of the one that was there."""
        self.write(self.signer.issue(ends=ends))

    def write(self, pair: Pair) -> None:
        self.certificate.write_bytes(pair.certificate_pem)
        self.key.touch(mode=0o600)
        self.key.write_bytes(pair.key_pem())


def make_certificates(folder: Path) -> Certificates:
    """Found an authority, and have it sign a certificate for HOST."""
    authority = Authority()
    (folder / "ca.pem").write_bytes(authority.pair.certificate_pem)
    made = Certificates(
        folder / "cert.pem", folder / "key.pem", folder / "ca.pem", authority.trusted, authority
    )
    made.renew()
    return made


def _sign(
    subject: str,
    key: Key,
    issuer: str,
    issuer_key: Key,
    *,
    is_authority: bool = False,
    begins: float = -1,
    ends: float = 1,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
