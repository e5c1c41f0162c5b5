"""Whether the promise was kept: decides from a history alone, and names what broke it.

It knows nothing of how the server works. What people did and were answered, and what devices
were pushed, must fit together, and fit what the database has at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from chatserver.wire.times import utc_text
from tests.faults import events
from tests.faults.events import Event

E = TypeVar("E", bound=Event)
Key = tuple[int, int]  # conv and seq


class Violation(NamedTuple):
    """A broken promise; ``rule`` is one of the table in docs/reliability.md."""

    rule: str
    text: str


def missing(history: Iterable[Event]) -> list[str]:
    """What devices have not got yet, by a history that ends with what the database has."""
    return list(_reached_all(Facts(history)))


def check(history: Iterable[Event]) -> list[Violation]:
    """All violations in a history."""
    facts = Facts(history)
    found: list[Violation] = []
    for rule, look in _RULES.items():
        found += (Violation(rule, text) for text in look(facts))
    return found


class Facts:
    """A history, sorted by what one asks of it."""

    def __init__(self, history: Iterable[Event]) -> None:
        self._by_kind: dict[type[Event], list[Event]] = defaultdict(list)
        for event in history:
            self._by_kind[type(event)].append(event)
        self.stored: dict[Key, events.Stored] = {}
        self.given = {one.text: one for one in self.all(events.Given)}
        self.by_cid = {(one.device, one.cid): one for one in self.all(events.Given)}
        self.answered: dict[tuple[str, str], list[events.Answered]] = defaultdict(list)
        for answer in self.all(events.Answered):
            self.answered[answer.device, answer.cid].append(answer)
        for row in self.all(events.Stored):
            self.stored[row.conv, row.seq] = row
        self.members: dict[int, dict[int, events.Member]] = defaultdict(dict)
        for member in self.all(events.Member):
            self.members[member.conv][member.account] = member
        self._owed: dict[str, dict[int, list[int]]] = {}
        self.visits: dict[int, list[events.Pushed]] = defaultdict(list)
        for push in self.all(events.Pushed):
            self.visits[push.visit].append(push)

    def all(self, kind: type[E]) -> list[E]:
        """The events of a kind, oldest first."""
        return self._by_kind[kind]  # type: ignore[return-value]

    def devices(self) -> set[str]:
        """All that were ever logged in, and the programs."""
        seen = {one.device for one in self.all(events.Entered)}
        return seen | {one.device for one in self.all(events.Started)}

    def owed(self, device: str) -> dict[int, list[int]]:
        """What a device must have been pushed, by conversation, as ascending seqs.

        All that is its account's, but what it sent itself.
        """
        if device not in self._owed:
            self._owed[device] = self._find_owed(device)
        return self._owed[device]

    def _find_owed(self, device: str) -> dict[int, list[int]]:
        account = account_of(device)
        found: dict[int, list[int]] = {}
        for (conv, seq), row in sorted(self.stored.items()):
            member = self.members[conv].get(account)
            given = self.given.get(row.text)
            if member is None or seq <= member.joined or (given and given.device == device):
                continue
            found.setdefault(conv, []).append(seq)
        return found


def account_of(device: str) -> int:
    """Whose device it is."""
    return int(device.partition("/")[0])


def _settled(facts: Facts) -> Iterator[str]:
    """All comes to rest once the faults are over."""
    if not all(one.is_quiet for one in facts.all(events.Settled)):
        yield "not everything was stored and delivered in the time given at the end"


def _no_holes(facts: Facts) -> Iterator[str]:
    """A conversation's seqs are 1, 2, 3 ..."""
    by_conv: dict[int, list[int]] = defaultdict(list)
    for conv, seq in facts.stored:
        by_conv[conv].append(seq)
    for conv, seqs in by_conv.items():
        if sorted(seqs) != list(range(1, len(seqs) + 1)):
            yield f"conversation {conv} has the seqs {_brief(sorted(seqs))}"


def _acknowledged_is_stored(facts: Facts) -> Iterator[str]:
    """What was acknowledged is in the log, where the answer said."""
    for answer in facts.all(events.Answered):
        given = facts.by_cid.get((answer.device, answer.cid))
        row = facts.stored.get((answer.conv, answer.seq))
        if given is None:
            yield f"{answer} answers what was never sent"
        elif row is None:
            yield f"{given.text!r} was acknowledged at {answer.at} and is not stored"
        elif row.text != given.text:
            yield f"{given.text!r} was acknowledged, but {row.text!r} has its place"


def _stored_once(facts: Facts) -> Iterator[str]:
    """No text is in the log twice, and none that nobody sent."""
    seen: dict[str, Key] = {}
    for key, row in facts.stored.items():
        if row.text in seen:
            yield f"{row.text!r} is stored at {seen[row.text]} and at {key}"
        seen[row.text] = key
        given = facts.given.get(row.text)
        if given is None:
            yield f"{row.text!r} at {key} was never sent"
        elif row.sender != account_of(given.device):
            yield f"{row.text!r} of {given.device} is stored as a message of {row.sender}"


def _one_name_one_text(facts: Facts) -> Iterator[str]:
    """(conv, seq) names one message for good, in answers, pushes, HISTORY and the log."""
    names: dict[Key, tuple[str, str]] = {
        key: (row.text, utc_text(row.sent)) for key, row in facts.stored.items()
    }
    for key, text, time, where in _namings(facts):
        known = names.setdefault(key, (text, time))
        if known != (text, time):
            yield f"{key} is {known} and, in {where}, {(text, time)}"


def _namings(facts: Facts) -> Iterator[tuple[Key, str, str, str]]:
    for answer in facts.all(events.Answered):
        given = facts.by_cid.get((answer.device, answer.cid))
        if given is not None:
            yield (answer.conv, answer.seq), given.text, answer.time, f"an answer at {answer.at}"
    for push in facts.all(events.Pushed):
        yield (push.conv, push.seq), push.text, push.time, f"a push at {push.at}"
    for look in facts.all(events.Looked):
        for line in look.lines:
            yield (look.conv, line.seq), line.text, line.time, f"a history at {look.at}"


def _pushed_is_stored(facts: Facts) -> Iterator[str]:
    """Only what is committed is pushed or shown."""
    for key, text, _, where in _namings(facts):
        if key not in facts.stored:
            yield f"{text!r} at {key} is not stored, but was in {where}"


def _in_order(facts: Facts) -> Iterator[str]:
    """On one connection a conversation comes in order, without holes and repeats."""
    for pushes in facts.visits.values():
        owed = facts.owed(pushes[0].device)
        before: dict[int, int] = {}
        for push in pushes:
            last = before.get(push.conv)
            before[push.conv] = push.seq
            if last is None:
                continue
            if push.seq <= last:
                yield f"{push.device} got {(push.conv, push.seq)} after {last} at {push.at}"
            holes = [seq for seq in owed.get(push.conv, ()) if last < seq < push.seq]
            if holes:
                yield f"{push.device} got {(push.conv, push.seq)} at {push.at} without {holes}"


def _begins_where_it_was(facts: Facts) -> Iterator[str]:
    """A connection's first message of a conversation skips none that was not acknowledged."""
    acked: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    begun: set[tuple[int, int]] = set()
    both: list[events.Pushed | events.Acked] = [
        *facts.all(events.Pushed),
        *facts.all(events.Acked),
    ]
    for event in sorted(both, key=lambda one: one.at):
        positions = acked[event.device]
        if isinstance(event, events.Acked):
            positions[event.conv] = max(event.seq, positions[event.conv])
        elif (event.visit, event.conv) not in begun:
            begun.add((event.visit, event.conv))
            seqs = facts.owed(event.device).get(event.conv, ())
            skipped = [seq for seq in seqs if positions[event.conv] < seq < event.seq]
            if skipped:
                yield f"{event.device} began with {(event.conv, event.seq)} and never got {skipped}"


def _reached_all(facts: Facts) -> Iterator[str]:
    """Every device got all that is its account's, but what it sent itself."""
    got: dict[str, set[Key]] = defaultdict(set)
    for push in facts.all(events.Pushed):
        got[push.device].add((push.conv, push.seq))
    for handed in facts.all(events.Handed):
        got[handed.device].add((handed.conv, handed.seq))
    for device in sorted(facts.devices()):
        for conv, owed in facts.owed(device).items():
            missing = [seq for seq in owed if (conv, seq) not in got[device]]
            if missing:
                yield f"{device} never got {_brief(missing)} of conversation {conv}"


def _handed_over_once(facts: Facts) -> Iterator[str]:
    """The client library hands each message over once, and a conversation in order."""
    last: dict[tuple[str, int], int] = defaultdict(int)
    for one in facts.all(events.Handed):
        before = last[one.device, one.conv]
        if one.seq <= before:
            yield f"{one.device} was handed {(one.conv, one.seq)} after {before}"
        last[one.device, one.conv] = one.seq
        row = facts.stored.get((one.conv, one.seq))
        if row is None or row.text != one.text:
            yield f"{one.device} was handed {one.text!r} as {(one.conv, one.seq)}, which is {row}"


def _keeps_order(facts: Facts) -> Iterator[str]:
    """What one device sends to a conversation is stored in the order sent.

    Unless it was refused, or sent again on another connection; a device that promises to keep
    the order does so then too.
    """
    unsteady = {(one.device, one.cid) for one in facts.all(events.Refused)}
    last: dict[tuple[str, int, int | None], int] = {}
    for given in facts.given.values():
        answers = facts.answered.get((given.device, given.cid), ())
        if not answers or (
            not given.is_orderly and (answers[0].dup or (given.device, given.cid) in unsteady)
        ):
            continue
        first = answers[0]
        line = (given.device, first.conv, None if given.is_orderly else first.visit)
        if first.seq <= last.get(line, 0):
            yield f"{given.text!r} of {given.device} has seq {first.seq} after {last[line]}"
        last[line] = first.seq


def _only_theirs(facts: Facts) -> Iterator[str]:
    """Nobody is pushed or shown what was not meant for them."""
    wanted: dict[tuple[int, int], float] = {}
    both: list[events.Wanted | events.Joined]
    both = [*facts.all(events.Wanted), *facts.all(events.Joined)]
    for one in both:
        key = (one.account, one.group)
        wanted[key] = min(one.at, wanted.get(key, one.at))
    known: dict[str, float] = {}
    for answer in facts.all(events.Answered):
        given = facts.by_cid.get((answer.device, answer.cid))
        if given is not None:
            known.setdefault(given.text, answer.at)
    for device, text, where in _shown(facts):
        given = facts.given.get(text)
        account = account_of(device)
        if given is None:
            yield f"{device} got {text!r} in {where}, which nobody sent"
        elif given.group is None:
            if account not in (given.toid, account_of(given.device)):
                yield f"{device} got {text!r} in {where}, meant for {given.toid}"
        elif (account, given.group) not in wanted:
            yield f"{device} got {text!r} in {where}, of a group that it is not in"
        elif known.get(text, float("inf")) < wanted[account, given.group]:
            yield f"{device} got {text!r} in {where}, stored before it joined"


def _shown(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for push in facts.all(events.Pushed):
        yield push.device, push.text, f"a push at {push.at}"
    for look in facts.all(events.Looked):
        for line in look.lines:
            yield look.device, line.text, f"a history at {look.at}"
    for handed in facts.all(events.Handed):
        yield handed.device, handed.text, f"a message handed over at {handed.at}"


def _right_conversation(facts: Facts) -> Iterator[str]:
    """A message stands in the conversation of those that it is for."""
    for (conv, seq), row in facts.stored.items():
        given = facts.given.get(row.text)
        if given is None:
            continue
        if given.group is not None:
            groups = {member.group for member in facts.members[conv].values()}
            if groups != {given.group}:
                yield f"{row.text!r} at {(conv, seq)} is not in group {given.group} but {groups}"
        elif set(facts.members[conv]) != {given.toid, row.sender}:
            yield f"{row.text!r} at {(conv, seq)} is among {sorted(facts.members[conv])}"


def _answered_state_stays(facts: Facts) -> Iterator[str]:
    """Friends, groups and roles that were answered are there, at later logins and at the end."""
    friends = {(one.account, one.friend) for one in facts.all(events.Friend)}
    for added in facts.all(events.Befriended):
        if (added.account, added.friend) not in friends:
            yield f"{added.friend} is no longer on the list of {added.account}"
    roles = {
        (member.account, member.group): member.role
        for members in facts.members.values()
        for member in members.values()
    }
    for joined in facts.all(events.Joined):
        role = roles.get((joined.account, joined.group))
        if role != joined.role:
            yield f"{joined.account} is {role} in group {joined.group}, not {joined.role}"
    knocked = {one.visit: one.at for one in facts.all(events.Knocked)}
    for entered in facts.all(events.Entered):
        yield from _lacks(facts, entered, knocked[entered.visit])


def _lacks(facts: Facts, entered: events.Entered, since: float) -> Iterator[str]:
    account = account_of(entered.device)
    for added in facts.all(events.Befriended):
        if added.account == account and added.at < since and added.friend not in entered.friends:
            yield f"{entered.device} was not told of its friend {added.friend} at {entered.at}"
    for joined in facts.all(events.Joined):
        if joined.account == account and joined.at < since:
            role = entered.groups.get(joined.group)
            if role != joined.role:
                yield f"{entered.device} was told {role} for group {joined.group} at {entered.at}"


def _nothing_odd(facts: Facts) -> Iterator[str]:
    """All that comes is as the protocol page has it."""
    for one in facts.all(events.Odd):
        yield f"{one.device} got {one.what_came} at {one.at}"


def _brief(values: Sequence[int]) -> str:
    return str(values) if len(values) <= 12 else f"{values[:6]} ... {values[-6:]}"


_RULES = {
    "settles": _settled,
    "no holes": _no_holes,
    "acknowledged is stored": _acknowledged_is_stored,
    "stored once": _stored_once,
    "one name, one text": _one_name_one_text,
    "pushed is stored": _pushed_is_stored,
    "in order": _in_order,
    "begins where it was": _begins_where_it_was,
    "reached all": _reached_all,
    "handed over once": _handed_over_once,
    "keeps order": _keeps_order,
    "only theirs": _only_theirs,
    "right conversation": _right_conversation,
    "answered state stays": _answered_state_stays,
    "nothing odd": _nothing_odd,
}
