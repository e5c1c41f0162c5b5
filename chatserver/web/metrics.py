"""What Prometheus reads: each metric by name, and where its value comes from.

Nothing is counted for it on the way of a message: plain numbers and lengths are read when
somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Generic, NamedTuple, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chatserver.web.parts import Parts
from chatserver.web.pulse import Pulse

Family = CounterMetricFamily | GaugeMetricFamily
Value = float | Mapping[tuple[str, ...], float]
S = TypeVar("S")


class Row(NamedTuple, Generic[S]):
    """A metric: its name behind ``chatserver_``, what it says, its labels, and its value."""

    name: str
    help: str
    value: Callable[[S], Value]
    labels: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"chatserver_{self.name}"

    @property
    def is_counter(self) -> bool:
        """Whether it only grows, until the process ends."""
        return self.name.endswith("_total")


class Sight:
    """A node at one moment."""

    def __init__(self, parts: Parts, pulse: Pulse, websockets: Sized) -> None:
        self.parts = parts
        self.websockets = websockets
        self.pulse = pulse
        self.commits = parts.store.log.drafts
        self.states: Counter[tuple[str, ...]] = Counter(
            {("undecided",): len(parts.connections.undecided), ("out",): 0, ("in",): 0}
        )
        self.in_progress = self.paused = self.unsent = self.longest_unsent = 0
        for session in parts.registry.sessions:
            self.states[("out",) if session.login is None else ("in",)] += 1
            self.in_progress += session.requests.in_progress
            self.paused += session.requests.is_paused
            unsent = session.outbox.unsent
            self.unsent += unsent
            self.longest_unsent = max(self.longest_unsent, unsent)


def _logins(sight: Sight) -> Value:
    logins = sight.parts.accounts.logins
    return {(shown, str(errno)): count for (shown, errno), count in logins.items()}


ROWS: list[Row[Sight]] = [
    Row(
        "connections",
        "Open connections: undecided (nothing sent yet), out (not logged in), in (logged in).",
        lambda sight: sight.states,
        ("state",),
    ),
    Row(
        "connections_limit",
        "Connections that there may be at once.",
        lambda sight: sight.parts.connections.limit,
    ),
    Row(
        "connections_opened_total",
        "Connections that were opened.",
        lambda sight: sight.parts.connections.opened,
    ),
    Row(
        "connections_closed_total",
        "Connections that are gone, by the server's reason; client: it gave none.",
        lambda sight: {(why,): n for why, n in sight.parts.connections.closed.items()},
        ("reason",),
    ),
    Row(
        "connections_websocket",
        "Those of the open connections that came over WebSocket.",
        lambda sight: len(sight.websockets),
    ),
    Row(
        "accounts_online",
        "Accounts that are logged in on this node.",
        lambda sight: len(sight.parts.registry.accounts()),
    ),
    Row(
        "logins_total",
        "Logins by what was shown (password, token, nothing of use) and the errno of the answer.",
        _logins,
        ("shown", "errno"),
    ),
    Row(
        "logins_waiting",
        "Logins by password that wait for the check of others to the same account from the same "
        "address.",
        lambda sight: sight.parts.accounts.waiting,
    ),
    Row(
        "limits_remembered",
        "Addresses, and pairs of one with an account, whose limits are remembered.",
        lambda sight: sight.parts.accounts.remembered,
    ),
    Row(
        "requests_refused_total",
        "Requests that were refused, by errno.",
        lambda sight: {(str(no),): n for no, n in sight.parts.dispatcher.refused.items()},
        ("errno",),
    ),
    Row(
        "requests_in_progress",
        "Requests that were received and are not answered.",
        lambda sight: sight.in_progress,
    ),
    Row(
        "connections_paused",
        "Connections that are not read from, as too much of theirs is in progress.",
        lambda sight: sight.paused,
    ),
    Row(
        "unsent_bytes",
        "Bytes that wait for the connections to take them.",
        lambda sight: sight.unsent,
    ),
    Row(
        "unsent_longest_bytes",
        "The same for the connection that has most of them.",
        lambda sight: sight.longest_unsent,
    ),
    Row(
        "messages_stored_total",
        "Messages that were stored.",
        lambda sight: sight.parts.store.log.stored,
    ),
    Row(
        "messages_pending",
        "Messages that wait for their transaction to begin.",
        lambda sight: len(sight.commits),
    ),
    Row(
        "messages_pending_characters",
        "The characters of their texts.",
        lambda sight: sight.parts.store.log.pending_text,
    ),
    Row(
        "conversations_waiting",
        "Conversations with a gap: messages wait for others before them.",
        lambda sight: sight.parts.sequencer.gaps,
    ),
    Row(
        "commits_total",
        "Transactions that stored messages, or tried to.",
        lambda sight: sight.commits.commits,
    ),
    Row(
        "commit_seconds_total",
        "Seconds that these took.",
        lambda sight: sight.commits.seconds,
    ),
    Row(
        "commit_last_seconds",
        "Seconds that the last of these took.",
        lambda sight: sight.commits.last_seconds,
    ),
    Row(
        "commit_longest_seconds",
        "Seconds that the longest of the last one to two minutes took.",
        lambda sight: sight.commits.longest.value,
    ),
    Row(
        "password_hashes_waiting",
        "Password hashes that wait or are being computed.",
        lambda sight: sight.parts.passwords.waiting,
    ),
    Row(
        "database_usable",
        "1 if the database answered what it was asked last, else 0.",
        lambda sight: sight.parts.store.is_usable,
    ),
    Row(
        "bus_whole",
        "1 if what other nodes publish arrives here (always on a single node), else 0.",
        lambda sight: sight.parts.bus.is_whole,
    ),
    Row(
        "certificate_expires_seconds",
        "Seconds until the certificate of a port with TLS expires.",
        lambda sight: {
            (str(each.files.certificate),): each.remaining for each in sight.parts.certificates
        },
        ("file",),
    ),
    Row(
        "failures_total",
        "Errors that nothing in the server foresaw; each is in the log with its traceback.",
        lambda sight: sight.pulse.failures,
    ),
    Row(
        "reactor_late_seconds",
        "By how much the latest timed call of the last one to two minutes was late, which "
        "is as long as something kept the server from all else.",
        lambda sight: sight.pulse.latest.value,
    ),
]


class Metrics(Collector):
    """Reads a node's metrics whenever it is asked."""

    def __init__(self, parts: Parts, pulse: Pulse, websockets: Sized) -> None:
        self._parts = parts
        self._websockets = websockets
        self._pulse = pulse

    def collect(self) -> Iterator[Metric]:
        sight = Sight(self._parts, self._pulse, self._websockets)
        for row in ROWS:
            kind = CounterMetricFamily if row.is_counter else GaugeMetricFamily
            family: Family = kind(row.full_name, row.help, labels=row.labels)
            value = row.value(sight)
            values = value.items() if isinstance(value, Mapping) else [((), value)]
            for labels, number in values:
                family.add_metric(labels, float(number))
            yield family
