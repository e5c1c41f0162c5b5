"""Messages that are told to those whom they concern, once they are in the log."""

from __future__ import annotations

from chatserver.bus.bus import Bus
from chatserver.bus.events import ChatStored, of_account, of_group
from chatserver.store.messages import Draft, Stored


class PublishedDraft(Draft, kw_only=True, gc=False):
    """A message to a user (``toid``) or to a group, from the account of this name."""

    bus: Bus
    name: str
    given_cid: str | None
    toid: int | None
    group: int | None

    def publish(self, stored: Stored) -> None:
        """Tell those whom it concerns, after the commit."""
        event = ChatStored(
            conversation=stored.conversation,
            seq=stored.seq,
            sender=self.sender,
            name=self.name,
            device=self.device,
            sent=stored.sent,
            text=self.text,
            cid=self.given_cid,
            toid=self.toid,
            group=self.group,
        )
        if self.toid is None:
            topics = [of_group(stored.conversation)]
        else:
            topics = [of_account(self.sender), of_account(self.toid)]
        self.bus.publish(topics, event)
