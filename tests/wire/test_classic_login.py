"""The classic login reply: all in 1,023 bytes, the least important left out."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.wire.dialects import CLASSIC, MAX_CLASSIC_FRAME
from chatserver.wire.frames import (
    Friend,
    Group,
    GroupChatPush,
    GroupUser,
    LoginAck,
    OneChatPush,
    Push,
)
from chatserver.wire.times import local_text, utc_text
from tests.wire import cluster_client
from tests.wire.samples import property_of_some
from tests.wire.test_classic_chat import set_time_zone

_ids = st.integers(1, 40) | st.just(2**53 - 1)
_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50) | (
    st.sampled_from(["z", '"' * 50, "\\" * 50, "\N{GRINNING FACE}" * 50])
)
_descriptions = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.just("")
_states = st.sampled_from(["online", "offline"])
_friends = st.builds(Friend, id=_ids, name=_names, state=_states)
_users = st.builds(
    GroupUser, id=_ids, name=_names, state=_states, role=st.sampled_from(["creator", "normal"])
)
_groups = st.builds(
    Group,
    id=_ids,
    groupname=_names,
    groupdesc=_descriptions,
    users=st.lists(_users, max_size=8),
)
_times = st.integers(0, 4_102_444_799_999).map(utc_text)
_pushes: st.SearchStrategy[Push] = st.builds(
    OneChatPush,
    id=_ids,
    name=_names,
    toid=_ids,
    msg=st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    time=_times,
    conv=_ids,
    seq=_ids,
) | st.builds(
    GroupChatPush,
    id=_ids,
    name=_names,
    groupid=_ids,
    msg=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    time=_times,
    conv=_ids,
    seq=_ids,
)
_acks = st.builds(
    LoginAck,
    req=st.just(msgspec.UNSET) | st.just("\0" * 64) | st.integers(0, 5),
    id=_ids,
    name=_names,
    friends=st.lists(_friends, max_size=15),
    groups=st.lists(_groups, max_size=6),
    token=st.just("t" * 43),
    expires=_times,
    pending=st.integers(0, 100),
)


def ack(**fields: Any) -> LoginAck:
    """A login reply for zhang san."""
    full: dict[str, Any] = {"id": 13, "name": "zhang san", "friends": [], "groups": [], **fields}
    return LoginAck(**full, token="t", expires=utc_text(0), pending=0)


def friend(id: int) -> Friend:
    return Friend(id=id, name=f"friend {id}", state="offline")


def group(id: int, users: int) -> Group:
    members = [
        GroupUser(id=user, name=f"user {user}", state="online", role="normal")
        for user in range(1, users + 1)
    ]
    return Group(id=id, groupname=f"group {id}", groupdesc="", users=members)


def push(seq: int, text: str = "hi") -> Push:
    return OneChatPush(id=15, name="li", toid=13, msg=text, time=utc_text(0), conv=1, seq=seq)


class LoginReplyTests(SynchronousTestCase):
    """Examples, byte for byte and by what is left out."""

    def setUp(self) -> None:
        set_time_zone(self, "UTC0")

    def test_what_is_empty_is_left_out(self) -> None:
        self.assertEqual(
            CLASSIC.login_reply(ack(), []),
            (b'{"msgid":2,"errno":0,"id":13,"name":"zhang san"}\0', 0),
        )

    def test_nested_data_are_strings(self) -> None:
        one = Friend(id=15, name='"', state="offline")
        user = GroupUser(id=13, name="张", state="online", role="creator")
        two = Group(id=2, groupname="g", groupdesc="d", users=[user])
        data, carried = CLASSIC.login_reply(ack(friends=[one], groups=[two]), [push(7)])
        expected = (
            r'{"msgid":2,"errno":0,"id":13,"name":"zhang san",'
            r'"friends":["{\"id\":15,\"name\":\"\\\"\",\"state\":\"offline\"}"],'
            r'"groups":["{\"id\":2,\"groupname\":\"g\",\"groupdesc\":\"d\",\"users\":'
            r"[\"{\\\"id\\\":13,\\\"name\\\":\\\"张\\\",\\\"state\\\":\\\"online\\\","
            r'\\\"role\\\":\\\"creator\\\"}\"]}"],'
            r'"offlinemsg":["{\"msgid\":5,\"id\":15,\"name\":\"li\",\"toid\":13,\"msg\":\"hi\",'
            r'\"time\":\"1970-01-01 00:00:00\",\"conv\":1,\"seq\":7}"]}'
        )
        self.assertEqual(data, expected.encode() + b"\0")
        self.assertEqual(carried, 1)

    def test_an_emptied_group_keeps_its_users_key(self) -> None:
        reply = self._reply(ack(groups=[group(id, 3) for id in range(1, 13)]))
        self.assertEqual(reply["groups"][-1]["users"], [])

    def test_users_go_first_from_the_last_group_on(self) -> None:
        reply = self._reply(ack(friends=[friend(1)], groups=[group(1, 4), group(2, 4)]))
        users = [[user["id"] for user in one["users"]] for one in reply["groups"]]
        self.assertEqual(users, [[1, 2, 3, 4], [1, 2, 3]])
        self.assertEqual(len(reply["friends"]), 1)

    def test_then_groups_go(self) -> None:
        friends = [friend(id) for id in range(1, 11)]
        reply = self._reply(ack(friends=friends, groups=[group(id, 3) for id in range(1, 13)]))
        self.assertEqual([one["id"] for one in reply["friends"]], list(range(1, 11)))
        self.assertEqual([one["id"] for one in reply["groups"]], [1, 2, 3, 4, 5])
        self.assertEqual([one["users"] for one in reply["groups"]], [[]] * 5)

    def test_friends_go_last(self) -> None:
        friends = [friend(id) for id in range(1, 100)]
        reply = self._reply(ack(friends=friends, groups=[group(1, 3)]))
        self.assertNotIn("groups", reply)
        self.assertEqual(
            [one["id"] for one in reply["friends"]], list(range(1, len(reply["friends"]) + 1))
        )
        self.assertGreater(len(reply["friends"]), 10)

    def test_thousands_of_friends_and_users_are_no_trouble(self) -> None:
        friends = [friend(id) for id in range(1, 5001)]
        reply = self._reply(ack(friends=friends, groups=[group(1, 5000)]))
        self.assertGreater(len(reply["friends"]), 10)

    def test_messages_get_what_room_is_left(self) -> None:
        missed = [push(seq) for seq in range(1, 30)]
        alone = self._carried(ack(), missed)
        beside_friends = self._carried(ack(friends=[friend(id) for id in range(1, 8)]), missed)
        self.assertGreater(alone, beside_friends)
        self.assertGreater(beside_friends, 0)

    def test_a_message_that_just_fits_is_carried(self) -> None:
        room = 1023 - len(CLASSIC.login_reply(ack(), [push(1, "")])[0]) + 1
        data, carried = CLASSIC.login_reply(ack(), [push(1, "x" * room)])
        self.assertEqual((len(data), carried), (cluster_client.LONGEST, 1))
        self.assertEqual(self._carried(ack(), [push(1, "x" * (room + 1))]), 0)

    def test_a_message_that_does_not_fit_holds_back_those_behind_it(self) -> None:
        missed = [push(1), push(2, "x" * 900), push(3)]
        self.assertEqual(self._carried(ack(), missed), 1)

    def test_a_message_too_long_for_any_reply_is_left_to_frames_of_its_own(self) -> None:
        self.assertEqual(self._carried(ack(), [push(1, "x" * 2000)]), 0)

    def _reply(self, login: LoginAck) -> dict[str, Any]:
        return cluster_client.login(CLASSIC.login_reply(login, ())[0])

    def _carried(self, login: LoginAck, missed: list[Push]) -> int:
        data, carried = CLASSIC.login_reply(login, missed)
        self.assertEqual(len(cluster_client.login(data).get("offlinemsg", ())), carried)
        return carried


class AnyLoginReplyTests(SynchronousTestCase):
    """For any friends, groups and messages."""

    @property_of_some
    @given(_acks, st.lists(_pushes, max_size=12))
    def test_it_is_read_by_the_cluster_client(self, login: LoginAck, missed: list[Push]) -> None:
        data, carried = CLASSIC.login_reply(login, missed)
        reply = cluster_client.login(data)
        self.assertEqual((reply["id"], reply["name"]), (login.id, login.name))
        shown = {"msgid", "req", "errno", "id", "name", "friends", "groups", "offlinemsg"}
        self.assertEqual(set(reply) - shown, set())
        expected = [
            msgspec.to_builtins(msgspec.structs.replace(one, time=local_text(one.time)))
            for one in missed[:carried]
        ]
        self.assertEqual(reply.get("offlinemsg", []), expected)

    @property_of_some
    @given(_acks)
    def test_no_more_is_left_out_than_must_be(self, login: LoginAck) -> None:
        reply = cluster_client.login(CLASSIC.login_reply(login, ())[0])
        assert login.friends is not msgspec.UNSET
        assert login.groups is not msgspec.UNSET
        friends, groups = _shortened(login, list(login.friends), list(login.groups))
        self.assertEqual(reply.get("friends", []), [msgspec.to_builtins(one) for one in friends])
        self.assertEqual(reply.get("groups", []), [msgspec.to_builtins(one) for one in groups])

    @property_of_some
    @given(_acks, st.lists(_pushes, min_size=1, max_size=12))
    def test_the_first_message_left_over_would_not_have_fitted(
        self, login: LoginAck, missed: list[Push]
    ) -> None:
        data, carried = CLASSIC.login_reply(login, missed)
        if carried == len(missed):
            return
        next_one = missed[carried]
        text = _json(msgspec.structs.replace(next_one, time=local_text(next_one.time)))
        reply = cluster_client.received(data)
        reply["offlinemsg"] = [*reply.get("offlinemsg", ()), text]
        self.assertGreater(len(_json(reply).encode()), MAX_CLASSIC_FRAME)


def _shortened(
    login: LoginAck, friends: list[Friend], groups: list[Group]
) -> tuple[list[Friend], list[Group]]:
    """What is left when one thing after the other is dropped, each from the end."""
    while len(_whole(login, friends, groups)) > MAX_CLASSIC_FRAME:
        with_users = [at for at, one in enumerate(groups) if one.users]
        if with_users:
            at = with_users[-1]
            groups[at] = msgspec.structs.replace(groups[at], users=groups[at].users[:-1])
        elif groups:
            groups.pop()
        else:
            friends.pop()
    return friends, groups


def _whole(login: LoginAck, friends: list[Friend], groups: list[Group]) -> bytes:
    """The reply with all of this, however long."""
    reply = {"msgid": 2, "errno": 0, "id": login.id, "name": login.name}
    if login.req is not msgspec.UNSET:
        reply["req"] = login.req
    if friends:
        reply["friends"] = [_json(one) for one in friends]  # type: ignore[assignment]
    if groups:
        reply["groups"] = [  # type: ignore[assignment]
            _json(msgspec.to_builtins(one) | {"users": [_json(user) for user in one.users]})
            for one in groups
        ]
    return _json(reply).encode()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
