"""Looking for orders in the database, having them carried out, and answering them."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from typing import Any

import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from chatserver import orders
from chatserver.clock import Clock
from chatserver.errors import TryAgain
from chatserver.orders import Answer, NotDone, Order
from chatserver.spawn import spawn
from chatserver.store.orders import OrderRow, Orders

#: How often :meth:`OrderBook.look` is to be called, in seconds.
INTERVAL = 0.2
# How often it looks into the database, unless there was an order a moment ago: others may follow.
_IDLE_INTERVAL = 1.0
_ALERT = 2.0
# What is found after so long a silence was perhaps ordered long ago.
_LONGEST_SILENCE = 10.0
# An order that is still there after so long was left by somebody who is gone.
_FORGOTTEN = 600.0

#: Carries an order out, and tells of it in one part or several.
Carrier = Callable[[Any], AsyncGenerator[Answer, None]]


class OrderBook:
    """Carries out what is ordered while this node runs.

    What it finds at its first look, or at the first after a long silence of the database or of its
    own, was meant for an earlier time: it is left alone.

    :param carriers: what carries each kind of order out.
    :param catch_up: does what can't be left undone, after a silence in which orders may have been
        missed.
    :param server: names this server for people.
    """

    _log = Logger()

    def __init__(
        self,
        store: Orders,
        carriers: Mapping[type[Order], Carrier],
        catch_up: Callable[[], Coroutine[Any, Any, None]],
        server: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._carriers = carriers
        self._catch_up = catch_up
        self._server = server
        self._clock = clock
        self._seen: dict[str, float] = {}  # order -> when it was first seen
        self._looked: float | None = None  # when that went well
        self._due = self._alert_until = clock.seconds()
        self._is_looking = False
        self._under_way: set[Deferred[None]] = set()

    async def look(self) -> None:
        """Begin what is new; does nothing while the database is away."""
        now = self._clock.seconds()
        if self._is_looking or (now >= self._alert_until and now < self._due):
            return
        self._due = now + _IDLE_INTERVAL
        self._is_looking = True
        try:
            await self._begin_new()
        except TryAgain:
            pass  # whoever has ordered something sees that nobody answers
        finally:
            self._is_looking = False

    def stop(self) -> None:
        """Leave what is under way unfinished: who has ordered it orders it anew."""
        for carrying in list(self._under_way):
            carrying.cancel()

    async def _begin_new(self) -> None:
        """Begin what was not there at the last look."""
        ids = await self._store.ids()
        now = self._clock.seconds()
        is_stale = self._looked is None or now - self._looked > _LONGEST_SILENCE
        new = set() if is_stale else ids - self._seen.keys()
        rows = await self._store.read(new) if new else []
        if is_stale and self._looked is not None:
            await self._catch_up()
        self._looked = now
        self._seen = {id: self._seen.get(id, now) for id in ids}
        if rows:
            self._alert_until = now + _ALERT
        for row in rows:
            self._begin(row)
        forgotten = [id for id, since in self._seen.items() if now - since > _FORGOTTEN]
        if forgotten:
            await self._store.delete(forgotten)

    def _begin(self, row: OrderRow) -> None:
        carrying = spawn(self._carry_out(row), "carrying out an order")
        self._under_way.add(carrying)
        carrying.addCallback(lambda _: self._under_way.discard(carrying))

    async def _carry_out(self, row: OrderRow) -> None:
        try:
            if row.is_for_one and not await self._store.claim(row.id):
                return
            await self._answer(row.id, self._parts(row.body))
        except TryAgain as problem:
            self._log.warn("an order was not answered: {problem}", problem=str(problem))
        except CancelledError:
            pass  # the server stops

    def _parts(self, body: str) -> AsyncGenerator[Answer, None]:
        try:
            order = orders.decode_order(body)
        except msgspec.DecodeError:
            return self._unknown()
        return self._carriers[type(order)](order)

    async def _unknown(self) -> AsyncGenerator[Answer, None]:
        why = "this version of the server knows no such order"
        yield NotDone(server=self._server, why=why, is_final=True)

    async def _answer(self, id: str, parts: AsyncGenerator[Answer, None]) -> None:
        """Write down what is told, until nobody waits for it any longer."""
        waiting: deque[Answer] = deque()
        number = 0
        try:
            async for part in parts:
                waiting.append(part)
                if len(waiting) > 1:
                    if not await self._write(id, number, waiting.popleft(), is_last=False):
                        return
                    number += 1
        except CancelledError:
            raise
        except TryAgain as problem:
            waiting.append(NotDone(server=self._server, why=problem.errmsg))
        except Exception:
            self._log.failure("an order failed")
            waiting.append(NotDone(server=self._server, why="it failed; the server's log has why"))
        finally:
            await parts.aclose()
        while waiting:
            part = waiting.popleft()
            await self._write(id, number, part, is_last=not waiting)
            number += 1

    async def _write(self, id: str, number: int, part: Answer, *, is_last: bool) -> bool:
        return await self._store.answer(id, number, orders.encode(part), is_last=is_last)
