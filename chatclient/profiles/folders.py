"""Where profiles are: a folder for each, which nobody else on this machine may open."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from chatclient.address import Server
from chatclient.errors import ProfileUnusable
from chatclient.language import gettext as _
from chatclient.profiles.private import read_private, write_private
from chatclient.profiles.profile import Kind, Profile

DEFAULT = "default"

_NAME = re.compile(r"\w[\w.@-]{0,49}")
_FILE = "profile.json"
_PRIVATE = 0o700


class _Saved(msgspec.Struct, omit_defaults=True):
    """What is in a profile's file."""

    host: str
    port: int
    userid: int
    name: str
    machine: str
    tls: bool = False
    authority: str | None = None


def home(environment: Mapping[str, str]) -> Path:
    """The folder of all profiles, by what the environment says."""
    if environment.get("CHATCLIENT_HOME"):
        return Path(environment["CHATCLIENT_HOME"]).absolute()
    data = environment.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data):
        data = os.path.expanduser("~/.local/share")
    return Path(data, "chatclient")


def check_name(name: str) -> None:
    """Make sure that this can be a profile's name.

    :raises ValueError: it can't; says what can.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            _(
                "{name!r} can't be a profile's name; use up to 50 letters, digits and any of "
                "._@-, with a letter or digit in front"
            ).format(name=name)
        )


def names(folder: Path) -> list[str]:
    """The names of the profiles in this :func:`home`."""
    return sorted(file.parent.name for file in folder.glob(f"[!.]*/{_FILE}"))


def load(folder: Path, name: str) -> Profile | None:
    """The profile of this name in this :func:`home`; None where there is none.

    Its folder is closed to others where it was open.

    :raises ValueError: see :func:`check_name`.
    :raises ProfileUnusable: its files can't be used; says what to do.
    """
    check_name(name)
    path = folder / name
    text = read_private(path / _FILE)
    if text is None:
        return None
    try:
        saved = msgspec.json.decode(text, type=_Saved)
    except msgspec.DecodeError as problem:
        raise ProfileUnusable(
            _("{file} is damaged ({why}); move {folder} away and log in again").format(
                file=path / _FILE, why=problem, folder=path
            )
        ) from problem
    if path.stat().st_mode & 0o777 != _PRIVATE:
        path.chmod(_PRIVATE)
    authority = None if saved.authority is None else Path(saved.authority)
    server = Server(saved.host, saved.port, saved.tls, authority)
    return Profile(path, server, saved.userid, saved.name, saved.machine)


def create(profile: Profile, tokens: Iterable[tuple[Kind, str]]) -> None:
    """Make a new profile's folder, all of it or nothing.

    :raises ProfileUnusable: there is one already, or it can't be written.
    """
    server = profile.server
    saved = _Saved(
        host=server.host,
        port=server.port,
        userid=profile.userid,
        name=profile.name,
        machine=profile.machine,
        tls=server.tls,
        authority=None if server.authority is None else str(server.authority.absolute()),
    )
    parent = profile.folder.parent
    try:
        parent.mkdir(_PRIVATE, parents=True, exist_ok=True)
        # The system makes it with mode 0700.
        draft = Path(tempfile.mkdtemp(prefix=f".{profile.folder.name}.", dir=parent))
        try:
            for kind, token in tokens:
                replace(profile, folder=draft).set_token(kind, token)
            write_private(draft / _FILE, msgspec.json.encode(saved).decode())
            draft.rename(profile.folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as problem:
        raise ProfileUnusable(
            _("{folder} can't be made ({why})").format(folder=profile.folder, why=problem.strerror)
        ) from problem
