"""What the database says was said, and whether clients saw that and nothing else.

For persistent clients whose accounts took part in all their conversations from the start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tests.support.persistent import PersistentClient, Visit

Key = tuple[int, int]  # conversation and seq


class Record:
    """The messages of all conversations.

    :param messages: conversation, seq and text of each.
    :param members: conversation and account of all who take part.
    :param clients: all who sent.
    """

    def __init__(
        self,
        messages: Iterable[tuple[int, int, str]],
        members: Iterable[tuple[int, int]],
        clients: Sequence[PersistentClient],
    ) -> None:
        rows = list(messages)
        self.texts: dict[Key, str] = {(conv, seq): text for conv, seq, text in rows}
        assert len(self.texts) == len(rows), "no (conv, seq) is there twice"
        self._members = set(members)
        self._clients = clients
        self._senders = {one.text: client for client in clients for one in client.sendings}

    def missing(self, client: PersistentClient) -> set[Key]:
        """What a client should have seen and has not."""
        return self._owed(client).keys() - {
            (push.conversation, push.seq) for visit in client.visits for push in visit.pushes
        }

    def check(self) -> None:
        """Each text is stored once, and each client saw what it is owed, in order and once."""
        self._check_log()
        for client in self._clients:
            self._check_client(client)

    def _owed(self, client: PersistentClient) -> dict[Key, str]:
        return {
            (conv, seq): text
            for (conv, seq), text in self.texts.items()
            if (conv, client.account) in self._members and self._senders.get(text) is not client
        }

    def _check_log(self) -> None:
        sendings = [one for client in self._clients for one in client.sendings]
        assert sorted(self.texts.values()) == sorted(one.text for one in sendings), (
            "each text is stored once"
        )
        for one in sendings:
            reply = one.reply
            assert reply is not None, f"{one.text} was never answered"
            assert self.texts[reply["conv"], reply["seq"]] == one.text
        for conversation in {conv for conv, _ in self.texts}:
            seqs = sorted(seq for conv, seq in self.texts if conv == conversation)
            assert seqs == list(range(1, len(seqs) + 1)), "no holes in a conversation"

    def _check_client(self, client: PersistentClient) -> None:
        assert client.complaints == [], client.name
        owed = self._owed(client)
        for visit in client.visits:
            self._check_visit(client, visit, owed)
        assert not self.missing(client), f"{client.name} never got {self.missing(client)}"

    def _check_visit(self, client: PersistentClient, visit: Visit, owed: Collection[Key]) -> None:
        """On one connection, each conversation comes in order, without holes or repeats."""
        before: dict[int, int] = {}
        for push in visit.pushes:
            conv, seq = push.conversation, push.seq
            assert (conv, seq) in owed, f"{client.name} got {push}, which is not for it"
            assert self.texts[conv, seq] == push.text, f"{client.name} got {push}"
            if conv in before:
                assert seq > before[conv], f"{client.name} got {push} after {before[conv]}"
                skipped = [one for one in range(before[conv] + 1, seq) if (conv, one) in owed]
                assert not skipped, f"{client.name} got {push} without {skipped}"
            before[conv] = seq


def repeats(client: PersistentClient) -> list[Key]:
    """What came again on a later connection, though it had been acknowledged on an earlier one."""
    acked: dict[int, int] = {}
    found = []
    for visit in client.visits:
        for push in visit.pushes:
            if push.seq <= acked.get(push.conversation, 0):
                found.append((push.conversation, push.seq))
        for conversation, seq in visit.acked.items():
            acked[conversation] = max(seq, acked.get(conversation, 0))
    return found
