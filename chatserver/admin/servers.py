"""The running servers, as a command line reaches them: through the database that all share."""

from __future__ import annotations

import time
from collections.abc import Iterator, Set

import msgspec

from chatserver.admin.commands import PROGRAM, CannotDo
from chatserver.admin.texts import count
from chatserver.orders import Answer, NotDone, Order, decode_answer, encode
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.nodes import Nodes
from chatserver.store.orders import AnswerRow, Orders

PATIENCE = 5.0  # seconds without a word
_PAUSE = 0.1


class NobodyAnswered(CannotDo):
    """No server runs on this database, or none that can be reached."""

    def __init__(self) -> None:
        super().__init__(
            f"no server answered within {PATIENCE:g} s: is one running on this database?"
        )


class Refusal(CannotDo):
    """A server can't do what was ordered; where it ``is_final``, not later either."""

    def __init__(self, answer: NotDone) -> None:
        self.is_final = answer.is_final
        super().__init__(f"the server {answer.server} can't do it: {answer.why}")


class Servers:
    """Places orders and reads the answers."""

    def __init__(self, database: DirectDatabase) -> None:
        self._orders = Orders(database, "")
        self._nodes = Nodes(database, "")

    def ask(self, order: Order) -> Iterator[Answer]:
        """What all servers answer, part by part as it comes.

        :raises CannotDo: in the end, where not all have answered.
        """
        expected = self._living()
        finished: set[str] = set()
        refusals: list[NotDone] = []
        for row in self._answers(order, expected, for_one=False):
            answer = _answer_in(row)
            if row.is_last:
                finished.add(row.node)
            if isinstance(answer, NotDone):
                refusals.append(answer)
            else:
                yield answer
        if not finished:
            raise NobodyAnswered
        # One that was given up meanwhile is dead. Others may only stand still, with sessions.
        silent = (expected - finished) & self._living()
        if silent:
            raise CannotDo(
                f"{count(len(silent), 'server')} did not answer within {PATIENCE:g} s: it may be "
                "dead, or stand still; run this again in a while"
            )
        for refusal in refusals:
            raise Refusal(refusal)

    def ask_one(self, order: Order) -> Iterator[Answer]:
        """What any one server answers; it ends early where none does, or that one falls silent."""
        for row in self._answers(order, set(), for_one=True):
            yield _answer_in(row)

    def _answers(self, order: Order, expected: Set[str], *, for_one: bool) -> Iterator[AnswerRow]:
        """All parts of all answers, until ``expected`` nodes have answered or nobody does."""
        id = at_once(self._orders.place(encode(order), for_one=for_one))
        known: dict[str, int] = {}
        finished: set[str] = set()
        heard = time.monotonic()
        try:
            while time.monotonic() - heard < PATIENCE:
                for row in at_once(self._orders.answers(id, known)):
                    heard = time.monotonic()
                    known[row.node] = row.part + 1
                    if row.is_last:
                        finished.add(row.node)
                    yield row
                if finished and finished >= expected:
                    return
                time.sleep(_PAUSE)
        finally:
            at_once(self._orders.delete([id]))

    def _living(self) -> set[str]:
        """The nodes of a cluster that are not given up."""
        return {beat.node for beat in at_once(self._nodes.beats()) if not beat.is_given_up}


def _answer_in(row: AnswerRow) -> Answer:
    try:
        return decode_answer(row.body)
    except msgspec.DecodeError:
        raise CannotDo(
            f"a server of another version answered: use the {PROGRAM} that is installed with it"
        ) from None
