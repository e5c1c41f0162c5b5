"""The files of a certificate: read, and found fit to be shown to clients."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto
from twisted.internet.ssl import CertificateOptions


class Unusable(Exception):
    """A certificate can't be used; the text says which file, why, and what to do."""


class Identity(NamedTuple):
    """What a server shows its clients."""

    context: SSL.Context
    begins: datetime
    expires: datetime
    #: Tells it from others.
    digest: bytes


class Files(NamedTuple):
    """Where a certificate is, in PEM.

    :param key: its private key.
    :param certificate: the certificate, perhaps with those of its chain behind it.
    :param chain: more of them, up to an authority that clients know.
    """

    key: Path
    certificate: Path
    chain: Path | None

    def state(self) -> tuple[object, ...]:
        """What changes whenever one of the files does, or the right to read it."""
        return tuple(map(_state_of, self._all))

    def read(self, moment: float) -> Identity:
        """
        :param moment: the time, in seconds since the epoch.
        :raises Unusable: the files can't be read, or are not fit.
        """
        contents = {path: _content(path) for path in self._all}
        try:
            return self._identity(contents, datetime.fromtimestamp(moment, UTC))
        except Unusable:
            raise
        except Exception as problem:  # both libraries have many
            raise Unusable(
                f"can't use the certificate {self.certificate} with the key {self.key}: "
                f"{_words(problem)}"
            ) from None

    def check_rights(self) -> None:
        """
        :raises Unusable: a file may not be read by the user that this process is now.
        """
        for path in self._all:
            _content(path)

    def is_key_open(self) -> bool:
        """Whether every user of this machine may read the key."""
        try:
            key = self.key.resolve(strict=True)
            folders = all(each.stat().st_mode & stat.S_IXOTH for each in key.parents)
            return folders and bool(key.stat().st_mode & stat.S_IROTH)
        except OSError:  # not even this one
            return False

    def _identity(self, contents: dict[Path, bytes], now: datetime) -> Identity:
        key = _key(self.key, contents[self.key])
        chain = _certificates(self.certificate, contents[self.certificate])
        if self.chain is not None:
            chain += _certificates(self.chain, contents[self.chain])
        own = chain[0]
        if own.public_key() != key.to_cryptography_key().public_key():  # type: ignore[union-attr]
            raise Unusable(
                f"the key {self.key} is not that of the certificate {self.certificate}: give the "
                "two that were made together, with the host's own certificate first in its file"
            )
        _check_dates(self.certificate, own, now)
        return Identity(
            _context(key, chain),
            own.not_valid_before_utc,
            own.not_valid_after_utc,
            hashlib.sha256(b"".join(contents.values())).digest(),
        )

    @property
    def _all(self) -> list[Path]:
        return [self.key, self.certificate, *([self.chain] if self.chain else ())]


def date(moment: datetime) -> str:
    """A moment, for people."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _state_of(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as problem:
        return problem.errno
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _content(path: Path) -> bytes:
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path.read_bytes()
        raise Unusable(f"{path} is no file")
    except FileNotFoundError:
        raise Unusable(f"there is no file {path}") from None
    except PermissionError:
        raise Unusable(
            f"the user {_user()} may not read {path}: let that user read it, and enter its folder"
        ) from None
    except OSError as problem:
        raise Unusable(f"can't read {path}: {problem.strerror}") from None


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _key(path: Path, content: bytes) -> crypto.PKey:
    try:
        return crypto.PKey.from_cryptography_key(
            load_pem_private_key(content, None)  # type: ignore[arg-type]
        )
    except TypeError:  # as both say
        if b"ENCRYPTED" in content:
            raise Unusable(
                f"the key in {path} has a passphrase, which nobody can type here: store it without "
                f"one (openssl pkey -in {path} -out FILE), readable for the server only"
            ) from None
        raise Unusable(f"the key in {path} is of a kind that TLS does not use") from None
    except ValueError:
        raise Unusable(
            f"there is no private key in {path}: it must be PEM, and begin with -----BEGIN"
        ) from None


def _certificates(path: Path, content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise Unusable(
            f"there is no certificate in {path}: it must be PEM, and begin with "
            "-----BEGIN CERTIFICATE-----"
        ) from None


def _check_dates(path: Path, certificate: x509.Certificate, now: datetime) -> None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends <= now:
        raise Unusable(f"the certificate {path} expired on {date(ends)}: renew it")
    if begins > now:
        raise Unusable(
            f"the certificate {path} is not valid before {date(begins)}: is this machine's clock "
            "right?"
        )


def _context(key: crypto.PKey, chain: list[x509.Certificate]) -> SSL.Context:
    """Twisted's defaults: TLS 1.2 and 1.3, with ciphers that are good today."""
    own, *others = map(crypto.X509.from_cryptography, chain)
    return CertificateOptions(key, own, extraCertChain=others).getContext()


def _words(problem: Exception) -> str:
    """What a library says is wrong, in one line."""
    if isinstance(problem, SSL.Error | crypto.Error):
        return ", ".join(filter(None, (reason for *_, reason in problem.args[0])))
    return " ".join(str(problem).split())
