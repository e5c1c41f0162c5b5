"""``export``: all that the server has of a person, as JSON lines."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from chatserver import __version__
from chatserver.admin.commands import CannotDo, Commands
from chatserver.admin.database import open_database
from chatserver.admin.progress import Progress
from chatserver.admin.users import add_user, find_user, shown
from chatserver.clock import epoch_milliseconds
from chatserver.services.rendering import push_of_message
from chatserver.settings import Settings
from chatserver.store.accounts import Account, Accounts
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.exports import AccountReader, Place, read_account
from chatserver.wire.times import utc_text

_VERSION = 1  # of what is written: grows when a reader of the earlier one could not read it


def register(commands: Commands) -> None:
    parser = commands.add(
        "export",
        export,
        help="write all data of a person as JSON lines",
        description="Writes what the server has of an account: its devices, friends and groups, "
        "and each conversation with all messages that are theirs. No passwords and tokens. All of "
        "it is as it was at one moment, while servers go on.",
        examples=["export li --output li.jsonl", "export id:7 | gzip > 7.jsonl.gz"],
    )
    add_user(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="a new file, which only its owner may read [standard output]",
    )


def export(settings: Settings, options: Namespace) -> Iterator[str]:
    """Write it, a page at a time."""
    with open_database(settings) as database:
        account = find_user(Accounts(database), options.user)
        if options.output is None:
            _write(database, account, sys.stdout.buffer)
            return
        try:
            descriptor = os.open(options.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise CannotDo(f"{options.output} exists already; choose another file") from None
        except OSError as problem:
            raise CannotDo(f"can't write {options.output}: {problem.strerror}") from None
        try:
            with open(descriptor, "wb") as file:
                count = _write(database, account, file)
                file.flush()
                os.fsync(descriptor)
        except BaseException as problem:
            with suppress(OSError):
                options.output.unlink()
            if isinstance(problem, OSError):
                why = problem.strerror
                raise CannotDo(f"can't write {options.output}: {why}") from None
            raise
        yield f"{shown(account)}: {count:,} messages are in {options.output}"


def _write(database: DirectDatabase, account: Account, to: BinaryIO) -> int:
    """Write all lines; returns how many are messages."""
    encoder = msgspec.json.Encoder()
    with Progress("exporting messages") as progress:

        def work(reader: AccountReader) -> None:
            for line in _lines(reader, account.id, progress):
                to.write(encoder.encode(line) + b"\n")

        at_once(read_account(database, account.id, work))
        to.flush()
        return progress.done


def _lines(reader: AccountReader, id: int, progress: Progress) -> Iterator[Any]:
    name, created, disabled = reader.account()
    yield {
        "type": "header",
        "format": "chatserver export",
        "version": _VERSION,
        "server": __version__,
        "time": utc_text(epoch_milliseconds()),
        "id": id,
    }
    yield {
        "type": "account",
        "id": id,
        "name": name,
        "created": utc_text(created),
        "disabled": disabled,
    }
    for device in reader.devices():
        until = None if device.expires is None else utc_text(device.expires)
        yield {"type": "device", "name": device.name, "logged_in_until": until}
    for friend, friend_name in reader.friends():
        yield {"type": "friend", "id": friend, "name": friend_name}
    for place in reader.places():
        yield _described(place, id)
        for messages in reader.messages(place.membership):
            for message in messages:
                push = push_of_message(message, place.membership, reader=id)
                fields = msgspec.to_builtins(push)
                del fields["msgid"]
                yield {"type": "message", **fields}
            progress.advance(len(messages))
    yield {"type": "end", "messages": progress.done}


def _described(place: Place, id: int) -> dict[str, object]:
    membership = place.membership
    if membership.group is None:
        return {
            "type": "conversation",
            "conv": membership.conversation,
            "toid": membership.addressee(id),
            "name": place.name,
        }
    return {
        "type": "group",
        "conv": membership.conversation,
        "groupid": membership.group,
        "groupname": place.name,
        "groupdesc": place.description,
        "role": place.role,
        "joined_after": membership.joined,
    }
