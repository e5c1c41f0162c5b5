"""What Prometheus reads: each metric by name, and where its value comes from.

Nothing is counted for it on the way of a message: plain numbers and lengths are read when
somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from chatserver.histogram import Histogram
from chatserver.web.parts import Parts
from chatserver.web.pulse import Pulse

Value = float | Mapping[tuple[str, ...], float] | Histogram
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

    is_histogram: bool = False

    @property
    def kind(self) -> str:
        """What Prometheus calls it; a counter only grows, until the process ends."""
        if self.is_histogram:
            return "histogram"
        return "counter" if self.name.endswith("_total") else "gauge"


class Gateway(Protocol):
    """What opens WebSockets."""

    refused: Counter[int]

    def __len__(self) -> int:
        """How many are open."""


class Sight:
    """A node at one moment."""

    def __init__(self, parts: Parts, pulse: Pulse, gateway: Gateway) -> None:
        self.parts = parts
        self.gateway = gateway
        self.pulse = pulse
        self.log = parts.store.log
        self.commits = self.log.drafts
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


def _by_kind(all_kinds: int, in_groups: int) -> Value:
    return {("chat",): all_kinds - in_groups, ("group",): in_groups}


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
        lambda sight: len(sight.gateway),
    ),
    Row(
        "websockets_refused_total",
        "Requests for a WebSocket that were refused, by the status of the answer.",
        lambda sight: {(str(status),): n for status, n in sight.gateway.refused.items()},
        ("status",),
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
        "Messages that were stored, by kind: chat (to a user), group.",
        lambda sight: _by_kind(sight.log.stored, sight.log.stored_in_groups),
        ("kind",),
    ),
    Row(
        "messages_pushed_total",
        "Messages that were pushed as they came, by kind; one counts for each device here.",
        lambda sight: _by_kind(sight.parts.fanout.pushed, sight.parts.fanout.pushed_in_groups),
        ("kind",),
    ),
    Row(
        "signals_total",
        "Signals that were passed on for clients of this node.",
        lambda sight: sight.parts.signals.passed,
    ),
    Row(
        "messages_pending",
        "Messages that wait for their transaction to begin.",
        lambda sight: len(sight.commits),
    ),
    Row(
        "messages_pending_characters",
        "The characters of their texts.",
        lambda sight: sight.log.pending_text,
    ),
    Row(
        "conversations_waiting",
        "Conversations with a gap: messages wait for others before them.",
        lambda sight: sight.parts.sequencer.gaps,
    ),
    Row(
        "commit_seconds",
        "Seconds that transactions took that stored messages, or tried to.",
        lambda sight: sight.commits.durations,
        is_histogram=True,
    ),
    Row(
        "commit_messages",
        "Messages in these transactions.",
        lambda sight: sight.commits.sizes,
        is_histogram=True,
    ),
    Row(
        "commit_longest_seconds",
        "Seconds that the longest of these of the last one to two minutes took.",
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
        "bus_lag_seconds",
        "Seconds that an event takes to arrive: this node's last beat, or the one that is on its "
        "way for longer.",
        lambda sight: sight.parts.bus.lag,
    ),
    Row(
        "bus_lag_longest_seconds",
        "The longest of these of the last one to two minutes.",
        lambda sight: sight.parts.bus.longest_lag,
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

    def __init__(self, parts: Parts, pulse: Pulse, gateway: Gateway) -> None:
        self._parts = parts
        self._gateway = gateway
        self._pulse = pulse

    def collect(self) -> Iterator[Metric]:
        sight = Sight(self._parts, self._pulse, self._gateway)
        for row in ROWS:
            yield _family(row, row.value(sight))


def _family(row: Row[Sight], value: Value) -> Metric:
    """A metric as the library wants it."""
    if isinstance(value, Histogram):
        bounds = [*map(floatToGoString, value.bounds), "+Inf"]
        buckets = list(zip(bounds, value.up_to, strict=True))
        return HistogramMetricFamily(row.full_name, row.help, buckets, value.total)
    kind = CounterMetricFamily if row.kind == "counter" else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily = kind(
        row.full_name, row.help, labels=row.labels
    )
    for labels, number in value.items() if isinstance(value, Mapping) else [((), value)]:
        family.add_metric(labels, float(number))
    return family
