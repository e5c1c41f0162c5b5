"""One profile: the account, and for each kind of program a device with its token."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from chatclient.address import Server
from chatclient.errors import DeviceInUse, ProfileUnusable
from chatclient.language import gettext as _
from chatclient.profiles.private import read_private, write_private

Kind = Literal["terminal", "send", "tail"]
"""A kind of program. They run side by side, so each logs in as a device of its own."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_MOST_OF_HOST = 32  # characters; a device's name has 64 at most


@dataclass(frozen=True, slots=True)
class Profile:
    """An account on a server, as this machine's programs know it.

    ``folder`` holds all that is kept: the programs may put more there. ``machine`` tells
    its devices from those of other machines.
    """

    folder: Path
    server: Server
    userid: int
    name: str
    machine: str

    def device(self, kind: Kind) -> str:
        """The name under which programs of this kind log in."""
        return f"{kind}@{self.machine}"

    def token(self, kind: Kind) -> str | None:
        """What logs the device in; None where it has to log in by password first.

        :raises ProfileUnusable: the file can't be read, or others can read it, too.
        """
        return read_private(self._token_path(kind))

    def set_token(self, kind: Kind, token: str) -> None:
        """Keep what logs the device in. Its renewal at each login changes nothing here.

        :raises ProfileUnusable: it can't be written.
        """
        write_private(self._token_path(kind), token)

    def forget_token(self, kind: Kind) -> None:
        """Keep it no longer.

        :raises ProfileUnusable: it can't be removed.
        """
        path = self._token_path(kind)
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise ProfileUnusable(
                _("{file} can't be removed ({why})").format(file=path, why=problem.strerror)
            ) from problem

    def store_path(self, kind: Kind) -> Path:
        """The file for the device's :class:`~chatclient.DiskStore`."""
        return self.folder / f"{kind}.db"

    def hold(self, kind: Kind) -> Hold:
        """Take the device; while one program has it, no other gets it.

        :raises DeviceInUse: another program has it.
        :raises ProfileUnusable: the folder can't be written.
        """
        program = "chatclient" if kind == "terminal" else f"chatclient {kind}"
        return Hold(self.folder / f"{kind}.lock", program)

    def _token_path(self, kind: Kind) -> Path:
        return self.folder / f"{kind}.token"


class Hold:
    """A device that is taken, until :meth:`release` or the program's end."""

    def __init__(self, path: Path, program: str) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise ProfileUnusable(
                _("{file} can't be written ({why})").format(file=path, why=problem.strerror)
            ) from problem
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise DeviceInUse(
                _(
                    "{program} runs already with this profile; end it, or make another "
                    "profile: chatclient login --profile NAME"
                ).format(program=program)
            ) from None

    def release(self) -> None:
        """Others may take it now."""
        os.close(self._fd)


def this_machine() -> str:
    """A name for this machine that no other has."""
    host = re.sub(r"[^0-9A-Za-z-]", "", socket.gethostname().partition(".")[0])
    return f"{host[:_MOST_OF_HOST] or 'host'}-{secrets.token_hex(2)}"
