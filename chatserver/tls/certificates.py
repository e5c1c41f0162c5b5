"""Certificates in use: new ones are taken when their files change, and old ones are told of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from zope.interface import implementer

from chatserver.tls.files import Files, Unusable, date

#: How often :meth:`Certificates.look` is to be called, in seconds.
INTERVAL = 1.0
_DAY = 86_400.0
_SOON = 14 * _DAY  # before the end, or a third of its time where that is less


@implementer(IOpenSSLServerConnectionCreator)
class Certificate:
    """A certificate that is read again when its files have changed.

    Connections keep what they began with; new ones get the new one. While the files are no good,
    the one before stays in use.

    :param now: tells the time, in seconds since the epoch.
    :raises Unusable: the files are no good at the start.
    """

    _log = Logger()

    def __init__(self, files: Files, now: Callable[[], float] = time.time) -> None:
        self.files = files
        self._now = now
        self._seen = self._tried = files.state()
        self._shown = files.read(now())
        # What was wrong with the files, for which state of theirs; it may pass by itself.
        self._told: tuple[object, str] | None = None
        self._reminded = 0.0

    @property
    def remaining(self) -> float:
        """Seconds until it expires; less than 0 when it has."""
        return self._shown.expires.timestamp() - self._now()

    def serverConnectionForTLS(  # noqa: N802
        self,
        protocol: object,  # noqa: ARG002
    ) -> Connection:
        """What encrypts a new connection."""
        return Connection(self._shown.context)

    def begin(self) -> None:
        """Tell what is shown, and what is wrong, now that this process is who it will be."""
        self._log.info(
            "the certificate {file} is valid until {expires}",
            file=str(self.files.certificate),
            expires=date(self._shown.expires),
        )
        if self.files.is_key_open():
            self._log.warn(
                "everybody on this machine can read the key {key}, and with it pass for this "
                "server: chmod o-r",
                key=str(self.files.key),
            )
        try:
            self.files.check_rights()
        except Unusable as problem:
            self._log.warn(
                "when the certificate {file} is renewed, this server can't take the new one: "
                "{problem}, or restart the server after each renewal",
                file=str(self.files.certificate),
                problem=str(problem),
            )
        self._remind()

    def look(self) -> None:
        """Read files that have changed, but not just now, as they may be half written."""
        state = self.files.state()
        if state == self._seen and (state != self._tried or self._told):
            self._tried = state
            self._renew()
        self._seen = state
        self._remind()

    def _renew(self) -> None:
        before = self._shown
        try:
            new = self.files.read(self._now())
        except Unusable as problem:
            if self._told != (self._tried, str(problem)):
                self._told = self._tried, str(problem)
                self._log.error(
                    "the files of a certificate have changed, but {problem}; the one before, valid "
                    "until {expires}, stays in use",
                    problem=str(problem),
                    expires=date(before.expires),
                )
            return
        was_bad = self._told is not None
        self._shown, self._told = new, None
        if new.digest != before.digest:
            self._reminded = 0.0
            self._log.info(
                "the certificate {file} was renewed: new connections get the one that is valid "
                "until {expires}",
                file=str(self.files.certificate),
                expires=date(new.expires),
            )
        elif was_bad:
            self._log.info(
                "the files of the certificate {file} are good again, and as before",
                file=str(self.files.certificate),
            )

    def _remind(self) -> None:
        """Warn, daily, when it expires soon."""
        begins, expires = self._shown.begins.timestamp(), self._shown.expires.timestamp()
        now = self._now()
        if expires - now > min(_SOON, (expires - begins) / 3) or now - self._reminded < _DAY:
            return
        self._reminded = now
        what = "expires" if expires > now else "expired: clients refuse it since"
        self._log.warn(
            "the certificate {file} {what} {expires}; renew it, and the new one is taken into use "
            "without a restart",
            file=str(self.files.certificate),
            what=what,
            expires=date(datetime.fromtimestamp(expires, UTC)),
        )


class Certificates:
    """All certificates of a server, each once, however many ports show it."""

    def __init__(self) -> None:
        self._known: dict[Files, Certificate] = {}

    def __iter__(self) -> Iterator[Certificate]:
        return iter(self._known.values())

    def of(self, files: Files) -> Certificate:
        """
        :raises Unusable: the files are no good.
        """
        if files not in self._known:
            self._known[files] = Certificate(files)
        return self._known[files]

    def begin(self) -> None:
        """See :meth:`Certificate.begin`."""
        for certificate in self:
            certificate.begin()

    def look(self) -> None:
        """See :meth:`Certificate.look`."""
        for certificate in self:
            certificate.look()
