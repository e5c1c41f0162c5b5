"""Friends, members, and the messages that waited: what connects accounts and groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from chatserver.admin.classic.frames import OldMessage, Unusable, parse
from chatserver.admin.classic.report import Report
from chatserver.admin.classic.texts import mended
from chatserver.admin.progress import Progress
from chatserver.clock import epoch_milliseconds
from chatserver.store.classic import ClassicDatabase
from chatserver.store.conversations import pair_of
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.imports import (
    Relic,
    insert_friends,
    insert_members,
    insert_relics,
    select_group_conversations,
)

_SHOWN = 60  # characters of a frame that can't be used
_NO_ACCOUNT = "no such user"


class Ties:
    """Imports what connects accounts and groups that have come.

    :param accounts: the accounts' ids here, by the old ones.
    :param groups: likewise.
    """

    def __init__(
        self,
        database: DirectDatabase,
        classic: ClassicDatabase,
        accounts: Mapping[int, int],
        groups: Mapping[int, int],
        *,
        encoding: str,
        longest: int,
        dry: bool,
    ) -> None:
        self._database = database
        self._classic = classic
        self._accounts = accounts
        self._groups = groups
        self._encoding = encoding
        self._longest = longest
        self._dry = dry
        self._now = epoch_milliseconds()
        reading = database.read(select_group_conversations, list(groups.values()))
        self._conversations = at_once(reading)
        self._roles: dict[int, dict[int, str]] = {group: {} for group in groups}
        # The first message that each member of each group misses, by (group, user).
        self._missed: dict[tuple[int, int], int] = {}
        self._stored: set[str] = set()  # cids
        self._times: Counter[tuple[bytes, int]] = Counter()

    def friends(self) -> Report:
        """One-way, as they were."""
        report = Report("friends")
        with Progress("importing friends", self._classic.count("friend")) as progress:
            for page in self._classic.friends():
                pairs = set()
                for user, friend in page:
                    if user not in self._accounts or friend not in self._accounts:
                        report.refuse(f"friend {friend} of user {user}", _NO_ACCOUNT)
                    elif user == friend:
                        report.refuse(f"friend {friend} of user {user}", "the same user")
                    else:
                        pairs.add((self._accounts[user], self._accounts[friend]))
                came = at_once(self._database.write(insert_friends, pairs, self._dry))
                report.came += came
                report.had += len(pairs) - came
                progress.advance(len(page))
        return report

    def messages(self) -> Report:
        """Those that waited, in their order; a group's is stored once for all its members."""
        report = Report("offline messages")
        self._read_roles(Report(""))
        with Progress("importing messages", self._classic.count("offlinemessage")) as progress:
            for page in self._classic.offline():
                messages = []
                for user, frame in page:
                    try:
                        messages.append(self._usable(mended(frame, self._encoding), user))
                    except Unusable as problem:
                        row = f"for user {user} {frame[:_SHOWN]!r}"
                        report.refuse(row, str(problem))
                self._store(messages, report)
                progress.advance(len(page))
        return report

    def members(self) -> Report:
        """With their roles. What waited for a member is theirs, and what follows."""
        report = Report("group members")
        self._read_roles(report)
        for group, roles in self._roles.items():
            members = {}
            for user, role in roles.items():
                first = self._missed.get((group, user))
                members[self._accounts[user]] = (role, None if first is None else first - 1)
            came = len(members)
            if group in self._groups and self._groups[group] in self._conversations:
                conversation = self._conversations[self._groups[group]]
                came = at_once(
                    self._database.write(
                        insert_members, self._database.lock, conversation, members, self._dry
                    )
                )
            report.came += came
            report.had += len(members) - came
        return report

    def _read_roles(self, report: Report) -> None:
        for group, user, role in self._classic.members():
            if group not in self._groups:
                report.refuse(f"user {user} in group {group}", "no such group")
            elif user not in self._accounts:
                report.refuse(f"user {user} in group {group}", _NO_ACCOUNT)
            else:
                self._roles[group][user] = "creator" if role == "creator" else "normal"

    def _usable(self, frame: str, user: int) -> OldMessage:
        message = parse(frame, user)
        if user not in self._accounts:
            raise Unusable("no such addressee")
        if message.sender not in self._accounts:
            raise Unusable("no such sender")
        if len(message.text) > self._longest:
            raise Unusable(f"text of more than {self._longest:,} characters (--max-text)")
        if message.group is not None:
            if message.group not in self._groups:
                raise Unusable("no such group")
            if user not in self._roles[message.group]:
                raise Unusable("the addressee is no member of the group")
        return message

    def _store(self, messages: list[OldMessage], report: Report) -> None:
        if self._dry:
            report.came += len(messages)
            return
        relics = [self._relic(message) for message in messages]
        stored = at_once(self._database.write(insert_relics, self._database, relics))
        for message, relic, (_, seq, is_new) in zip(messages, relics, stored, strict=True):
            if relic.cid not in self._stored:
                self._stored.add(relic.cid)
                report.came += is_new
                report.had += not is_new
            if message.group is not None:
                key = (message.group, message.to)
                self._missed[key] = min(seq, self._missed.get(key, seq))

    def _relic(self, message: OldMessage) -> Relic:
        sender = self._accounts[message.sender]
        cid = message.cid(self._classic.source, self._times_before(message))
        sent = self._now if message.sent is None else min(message.sent, self._now)
        if message.group is None:
            return Relic(
                sender, cid, sent, message.text, pair_of(sender, self._accounts[message.to])
            )
        place = self._conversations[self._groups[message.group]]
        return Relic(sender, cid, sent, message.text, place)

    def _times_before(self, message: OldMessage) -> int:
        """How often the same came before for the same addressee."""
        key = (bytes.fromhex(message.cid("", 0).removeprefix("classic-")), message.to)
        times = self._times[key]
        self._times[key] += 1
        return times
