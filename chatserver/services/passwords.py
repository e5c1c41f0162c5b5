"""Hashing passwords with argon2id, in few threads of low priority."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from chatserver.errors import TooMany, TryAgain
from chatserver.store.accounts import NO_PASSWORD

T = TypeVar("T")

# What OWASP recommends: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_SECONDS_EACH = 0.06
_LOWEST_PRIORITY = 19


class Passwords:
    """Makes and checks password hashes without holding up the reactor.

    :param threads: how many hashes are computed at once.
    :param limit: how many may wait.
    """

    def __init__(self, reactor: Any, threads: int, limit: int) -> None:
        self._reactor = reactor
        self._threads = threads
        self._limit = limit
        #: Hashes that wait or are being computed.
        self.waiting = 0
        # Unknown accounts cost the same work as wrong passwords.
        self._nobody = _hasher.hash(secrets.token_hex())
        self._pool = ThreadPool(0, threads, "passwords")
        self._pool.start()

    async def hash(self, password: str) -> str:
        """The hash to store for a password.

        :raises TooMany: too many wait already.
        """
        return await self._run(lambda: hash_of(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether a password fits a stored hash; None is an account that doesn't exist.

        No password fits :data:`NO_PASSWORD`, which costs the same work as a wrong one.

        :raises TooMany: too many wait already.
        """
        if stored is None or stored == NO_PASSWORD:
            stored = self._nobody
        return await self._run(lambda: _verify(stored, password))

    def close(self) -> None:
        """Stop, after what has begun has been done."""
        self._limit = 0
        self._pool.stop()

    async def _run(self, work: Callable[[], T]) -> T:
        if self.waiting >= self._limit:
            wait = max(1.0, self.waiting * _SECONDS_EACH / self._threads)
            raise TooMany("too many logins at once; try again", retry_after=wait)
        self.waiting += 1
        try:
            deferred = deferToThreadPool(self._reactor, self._pool, self._run_politely, work)
            return await deferred
        finally:
            self.waiting -= 1

    def _run_politely(self, work: Callable[[], T]) -> T:
        """Run in this thread, after everything else that this machine has to do."""
        if not self._limit:
            raise TryAgain("the server is stopping; try again", retry_after=1.0)
        if sys.platform == "linux":  # elsewhere it would be the priority of the whole process
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
        return work()


def hash_of(password: str) -> str:
    """The hash to store for a password; takes some 50 ms of this thread."""
    return _hasher.hash(password)


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except VerifyMismatchError:
        return False
