"""What only several nodes can do wrong: order, places, and news that got lost."""

from __future__ import annotations

import contextlib
import signal as signals
from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from chatserver.bus.events import DeviceTaken
from chatserver.store.groups import GroupOfMine
from chatserver.store.places import Claimed, Place
from cluster.process import free_port
from cluster.redis import Redis
from tests.cluster.cases import ClusterCase
from tests.server.messages import (
    ack,
    add_friend,
    add_group,
    by_token,
    chat,
    create_group,
    group_chat,
    history,
    login,
    signal,
)
from tests.store.cases import together
from tests.support.folders import temporary_folder
from tests.support.waiting import reactor, until
from tests.support.wire import Closed, WireClient


class OwnRedisCase(ClusterCase):
    """With a Redis that the test may kill."""

    def setUp(self) -> Any:
        self._own = Redis(temporary_folder(self), free_port())
        self.addCleanup(self._own.kill)
        self._own.start()
        return super().setUp()

    @property
    def redis(self) -> Redis:
        return self._own


class OrderTests(ClusterCase):
    settings = {"rate": 0}

    async def test_all_members_on_both_nodes_see_the_same_order(self) -> None:
        """While members on both nodes write to the group as fast as they can."""
        members = [await self.user_on(number % 2, device="phone") for number in range(6)]
        clients = [client for _, client in members]
        group = (await clients[0].ask(create_group("tea")))["groupid"]
        for client in clients[1:]:
            await client.ask(add_group(group))
        each = 100
        for number in range(each):
            for at, client in enumerate(clients):
                client.send(group_chat(group, f"{at} {number}"))
        for client in clients:
            seqs = [(await client.next(msgid=11, re=9))["seq"] for _ in range(each)]
            self.assertEqual(seqs, sorted(seqs), "answered in the order sent")
        await self.news()
        told = []
        for client in clients:
            frames = [frame for frame in await client.settled() if frame["msgid"] == 9]
            seqs = [frame["seq"] for frame in frames]
            self.assertEqual(seqs, sorted(set(seqs)), "in order and once")
            self.assertEqual(len(seqs), each * (len(clients) - 1), "all but one's own")
            told.append({frame["seq"]: frame["msg"] for frame in frames})
        whole = {seq: text for one in told for seq, text in one.items()}
        self.assertEqual(sorted(whole), list(range(1, each * len(clients) + 1)))
        for one in told:
            self.assertEqual(one, {seq: whole[seq] for seq in one})

    async def test_what_is_told_in_the_wrong_order_is_delivered_in_the_right_one(self) -> None:
        _, sender = await self.user_on(0)
        li, li_client = await self.user_on(1)
        first = await sender.ask(chat(li, "1"))
        await li_client.next(msg="1")
        bus = self.buses()[0]
        held: list[tuple[Any, Any]] = []
        publish, bus.publish = bus.publish, lambda *told: held.append(told)
        for text in ("2", "3", "4"):
            await sender.ask(chat(li, text))
        bus.publish = publish
        for topics, event in reversed(held):
            bus.publish(topics, event)
        self.assertEqual([(await li_client.next(msgid=5))["msg"] for _ in "234"], list("234"))
        await sender.ask(chat(li, "5"))
        frame = await li_client.next(msgid=5)
        self.assertEqual((frame["msg"], frame["conv"], frame["seq"]), ("5", first["conv"], 5))
        self.assertEqual(await li_client.settled(), [])

    async def test_what_was_not_told_is_read_when_something_later_is(self) -> None:
        _, sender = await self.user_on(0)
        li, li_client = await self.user_on(1)
        await self._unheard(sender, li, ["1", "2", "3"])
        await sender.ask(chat(li, "4"))
        self.assertEqual([(await li_client.next(msgid=5))["msg"] for _ in "1234"], list("1234"))

    async def test_thousands_that_were_not_told_come_as_fast_as_they_are_read(self) -> None:
        _, sender = await self.user_on(0)
        li, li_client = await self.user_on(1)
        texts = [f"{number} " + "x" * 3000 for number in range(2500)]
        await self._unheard(sender, li, texts)
        await sender.ask(chat(li, "last"))
        got = [(await li_client.next(msgid=5)) for _ in range(2501)]
        self.assertEqual([frame["seq"] for frame in got], list(range(1, 2502)))
        self.assertEqual([frame["msg"] for frame in got], [*texts, "last"])
        await sender.ask(chat(li, "live again"))
        await li_client.next(msg="live again")

    async def test_a_login_brings_the_account_s_other_device_a_group_it_was_not_told_of(
        self,
    ) -> None:
        _, founder = await self.user_on(0)
        group = (await founder.ask(create_group("g")))["groupid"]
        li, pad = await self.user_on(1, device="pad", ack=True)
        phone, _ = await self.login_on(0, li, device="phone", ack=True)
        with self._unheard_by_the_other():
            await phone.ask(add_group(group))
            await founder.ask(group_chat(group, "1"))
        _, reply = await self.login_on(1, li, device="tablet", ack=True)
        self.assertEqual([mine["id"] for mine in reply["groups"]], [group])
        self.assertEqual((await pad.next(msgid=9))["msg"], "1")
        await founder.ask(group_chat(group, "2"))
        self.assertEqual((await pad.next(msgid=9))["msg"], "2")
        tablet = self.clients[-1]
        self.assertEqual([(await tablet.next(msgid=9))["msg"] for _ in "12"], ["1", "2"])

    async def test_a_login_brings_the_account_s_other_device_a_pair_it_was_not_told_of(
        self,
    ) -> None:
        _, sender = await self.user_on(0)
        li, pad = await self.user_on(1, device="pad", ack=True)
        await self._unheard(sender, li, ["1", "2"])
        tablet, reply = await self.login_on(1, li, device="tablet", ack=True)
        self.assertEqual([(await pad.next(msgid=5))["msg"] for _ in "12"], ["1", "2"])
        for _ in range(reply["pending"]):
            await tablet.next(msgid=5)
        await sender.ask(chat(li, "3"))
        for client in (pad, tablet):
            self.assertEqual((await client.next(msgid=5))["msg"], "3")
            self.assertEqual(await client.settled(), [])

    async def test_what_a_device_has_had_elsewhere_does_not_come_again_when_it_is_told_late(
        self,
    ) -> None:
        _, sender = await self.user_on(0)
        li, pad = await self.user_on(1, device="pad", ack=True)
        phone, _ = await self.login_on(0, li, device="phone", ack=True)
        await self._unheard(sender, li, ["1"])
        push = await phone.next(msgid=5)
        phone.send({"msgid": 12, "conv": push["conv"], "seq": 1})
        await phone.settled()
        await phone.hang_up()
        again, reply = await self.login_on(1, li, device="phone", ack=True)
        self.assertEqual(reply["pending"], 0)
        self.assertEqual((await pad.next(msgid=5))["msg"], "1")
        self.assertEqual(await again.settled(), [])

    async def _unheard(self, sender: WireClient, toid: int, texts: list[str]) -> None:
        """Send what the other node is not told of."""
        with self._unheard_by_the_other():
            sender.send(*(chat(toid, text) for text in texts))
            for _ in texts:
                await sender.next(msgid=11, re=5)

    @contextlib.contextmanager
    def _unheard_by_the_other(self) -> Iterator[None]:
        """Let the second node hear nothing of what happens on the first."""
        bus = self.buses()[0]
        publish, bus.publish = bus.publish, bus._local.publish
        try:
            yield
        finally:
            bus.publish = publish


class CrowdTests(ClusterCase):
    settings = {"rate": 0}

    async def test_twenty_create_join_and_write_at_once(self) -> None:
        users = [await self.user_on(number % 2) for number in range(20)]

        async def live(at: int, client: WireClient) -> int:
            made = await client.ask(create_group(f"group {at}"))
            self.assertEqual(made["errno"], 0, made)
            return int(made["groupid"])

        groups = await together(*(live(at, client) for at, (_, client) in enumerate(users)))
        self.assertEqual(len(set(groups)), 20)

        async def join_and_write(at: int, client: WireClient) -> None:
            for step in range(1, 6):
                group = groups[(at + step) % 20]
                joined = await client.ask(add_group(group))
                self.assertEqual(joined["errno"], 0, joined)
                sent = await client.ask(group_chat(group, f"{at} is here"))
                self.assertEqual(sent["errno"], 0, sent)
                other = users[(at + step) % 20][0]
                sent = await client.ask(chat(other, f"{at} says hello"))
                self.assertEqual(sent["errno"], 0, sent)

        await together(*(join_and_write(at, client) for at, (_, client) in enumerate(users)))
        await self.news()
        for at, (account, client) in enumerate(users):
            frames = await client.settled()
            hellos = sorted(frame["id"] for frame in frames if frame["msgid"] == 5)
            froms = sorted(users[(at - step) % 20][0] for step in range(1, 6))
            self.assertEqual(hellos, froms)
            own = [frame for frame in frames if frame.get("groupid") == groups[at]]
            self.assertEqual([frame["seq"] for frame in own], list(range(1, 6)), account)

    async def test_of_two_who_write_to_each_other_first_both_share_a_conversation(self) -> None:
        for _ in range(10):
            (one, one_client), (two, two_client) = [await self.user_on(node) for node in (0, 1)]
            replies = await together(one_client.ask(chat(two)), two_client.ask(chat(one)))
            self.assertEqual({reply["seq"] for reply in replies}, {1, 2})
            self.assertEqual(len({reply["conv"] for reply in replies}), 1)


class PlaceTests(ClusterCase):
    async def test_of_many_unnamed_logins_on_both_nodes_one_gets_in(self) -> None:
        li = self.add_account()
        for _ in range(3):
            clients = [await self.connect(node=number % 2) for number in range(8)]
            replies = await together(*(client.ask(login(li)) for client in clients))
            self.assertEqual(sorted(reply["errno"] for reply in replies), [0, *[2] * 7])
            for client in clients:
                await client.hang_up()
            await until(lambda: not self.sql("SELECT * FROM places"), "the place is free")

    async def test_of_many_logins_of_one_device_on_both_nodes_one_stays(self) -> None:
        li = self.add_account()
        clients = [await self.connect(node=number % 2) for number in range(8)]

        async def log_in(client: WireClient) -> None:
            with contextlib.suppress(Closed):  # replaced before it was answered
                self.assertEqual((await client.ask(login(li, device="pc")))["errno"], 0)

        await together(*map(log_in, clients))
        await until(lambda: sum(not client.is_closed for client in clients) == 1)
        await deferLater(reactor, 0.3)
        self.assertEqual(sum(not client.is_closed for client in clients), 1)
        self.assertEqual(len(self.sql("SELECT * FROM places")), 1)

    async def test_what_was_acknowledged_on_a_node_does_not_come_again_on_another(self) -> None:
        """Though that node writes acknowledgements down once a second only."""
        _, sender = await self.user_on(0)
        for _ in range(5):
            li, here = await self.user_on(0, device="pc", ack=True)
            for number in range(3):
                reply = await sender.ask(chat(li, str(number)))
                await here.next(msg=str(number))
            here.send(ack(reply["conv"], 2))
            await here.settled()
            there, welcome = await self.login_on(1, li, device="pc", ack=True)
            self.assertEqual(welcome["pending"], 1)
            self.assertEqual((await there.next(msgid=5))["seq"], 3)

    async def test_that_holds_also_where_the_old_connection_is_slow_to_close(self) -> None:
        _, sender = await self.user_on(0)
        li, here = await self.user_on(0, device="pc", ack=True)
        reply = await sender.ask(chat(li, "hello"))
        await here.next(msg="hello")
        here.send(ack(reply["conv"], 1))
        await here.settled()
        here.stop_reading()
        _, welcome = await self.login_on(1, li, device="pc", ack=True)
        self.assertEqual(welcome["pending"], 0)

    async def test_who_loses_a_place_before_knowing_to_have_it_has_to_go(self) -> None:
        li = self.add_account()
        node = self.nodes[0]._node
        assert node is not None
        places, entries = node.store.shared_places, node.entries
        claim = places.claim

        async def claim_and_lose(place: Place, *, exclusive: bool) -> Claimed:
            claimed = await claim(place, exclusive=exclusive)
            entries.device_taken(DeviceTaken(account=place.account, holder=place.holder))
            return claimed

        places.claim = claim_and_lose  # type: ignore[method-assign]
        client = await self.connect(node=0)
        client.send(login(li, device="pc"))
        self.assertEqual((await client.next(msgid=17))["reason"], "replaced")
        await client.closed

    async def test_a_token_is_good_on_every_node(self) -> None:
        li = self.add_account()
        _, welcome = await self.login_on(0, li, device="pc")
        client = await self.connect(node=1)
        again = await client.ask(by_token(welcome["token"]))
        self.assertEqual((again["errno"], again["id"]), (0, li))


class JoiningTests(ClusterCase):
    async def test_a_group_joined_on_one_node_can_be_used_on_the_other_at_once(self) -> None:
        _, owner = await self.user_on(0)
        for number in range(10):
            group = (await owner.ask(create_group(f"g{number}")))["groupid"]
            li, here = await self.user_on(0, device="phone")
            there, _ = await self.login_on(1, li, device="pad")
            bus = self.buses()[0]
            publish, bus.publish = bus.publish, bus._local.publish  # the news is late
            await here.ask(add_group(group))
            bus.publish = publish
            self.assertEqual((await there.ask(group_chat(group, "hi")))["errno"], 0)
            self.assertEqual((await there.ask(history(groupid=group)))["errno"], 0)
            there.send(signal("typing", groupid=group))
            self.assertEqual((await owner.next(msgid=18))["id"], li)

    async def test_what_is_sent_while_a_member_joins_reaches_it(self) -> None:
        _, owner = await self.user_on(0)
        group = (await owner.ask(create_group("g")))["groupid"]
        for number in range(20):
            _, client = await self.user_on(1)
            owner.send(*(group_chat(group, f"{number} {count}") for count in range(5)))
            joined = Deferred.fromCoroutine(client.ask(add_group(group)))
            owner.send(*(group_chat(group, f"{number} {count}") for count in range(5, 10)))
            self.assertEqual((await joined)["errno"], 0)
            owner.send(group_chat(group, f"{number} end", req=number))
            last = (await owner.next(msgid=11, req=number))["seq"]
            seqs = [(await client.next(msgid=9))["seq"]]
            while seqs[-1] != last:
                seqs.append((await client.next(msgid=9))["seq"])
            self.assertEqual(seqs, list(range(seqs[0], last + 1)), "without holes from joining on")

    async def test_what_is_sent_before_the_joiner_s_node_knows_reaches_it(self) -> None:
        """Whether or not others on that node are in the group already."""
        _, owner = await self.user_on(0)
        for others in (0, 1):
            group = (await owner.ask(create_group(f"g{others}")))["groupid"]
            members = [(await self.user_on(1))[1] for _ in range(others)]
            for member in members:
                await member.ask(add_group(group))
            _, client = await self.user_on(1)
            await self._send_in_the_middle(owner, group, members, client)
            got = [(await client.next(msgid=9))["msg"] for _ in range(3)]
            self.assertEqual(got, ["1", "2", "3"])
            await owner.ask(group_chat(group, "4"))
            self.assertEqual((await client.next(msgid=9))["msg"], "4")

    async def _send_in_the_middle(
        self, owner: WireClient, group: int, members: list[WireClient], client: WireClient
    ) -> None:
        """Join, but learn of it only when three messages have been sent and delivered."""
        node = self.nodes[1]._node
        assert node is not None
        node.resync._is_running = True  # as long as this takes, nothing else shall find them
        groups = node.store.groups
        join = groups.join

        async def join_late(account: int, id: int) -> GroupOfMine:
            mine = await join(account, id)
            for text in ("1", "2", "3"):
                await owner.ask(group_chat(group, text))
                for member in members:
                    await member.next(msg=text)
            return mine

        groups.join = join_late  # type: ignore[method-assign, assignment]
        self.assertEqual((await client.ask(add_group(group)))["errno"], 0)
        groups.join = join  # type: ignore[method-assign]


class RedisAwayTests(OwnRedisCase):
    """Redis is a doorbell: without it, all comes a little later."""

    settings = {"rate": 0}

    async def test_chats_groups_friends_and_presence_arrive_without_redis(self) -> None:
        li, li_client = await self.user_on(1, device="phone")
        _, sender = await self.user_on(0)
        group = (await sender.ask(create_group("tea")))["groupid"]
        wang = self.add_account()
        await li_client.ask(add_friend(wang))
        await li_client.ask(add_group(group))
        self.redis.kill()
        begun = reactor.seconds()
        await sender.ask(chat(li, "to you"))
        await sender.ask(group_chat(group, "to all"))
        await li_client.next(msg="to you")
        await li_client.next(msg="to all")
        self.assertLess(reactor.seconds() - begun, 10, "not stuck")
        wang_client, _ = await self.login_on(0, wang)
        self.assertEqual((await li_client.next(msgid=16))["state"], "online")
        await wang_client.hang_up()
        self.assertEqual((await li_client.next(msgid=16))["state"], "offline")
        # A group joined on another node, a device taken over on another node.
        pad, _ = await self.login_on(0, li, device="pad")
        another = (await sender.ask(create_group("coffee")))["groupid"]
        await pad.ask(add_group(another))
        await sender.ask(group_chat(another, "coffee?"))
        await li_client.next(msg="coffee?")
        await self.login_on(0, li, device="phone")
        self.assertEqual((await li_client.next(msgid=17))["reason"], "replaced")

    async def test_nothing_is_lost_doubled_or_reordered_while_redis_comes_and_goes(self) -> None:
        _, sender = await self.user_on(0)
        li, li_client = await self.user_on(1)
        total = 0
        for _ in range(4):
            self.redis.kill()
            for _ in range(100):
                sender.send(chat(li, str(total)))
                total += 1
                await deferLater(reactor, 0.002)
            self.redis.start()
            for _ in range(100):
                sender.send(chat(li, str(total)))
                total += 1
                await deferLater(reactor, 0.002)
        got = [(await li_client.next(msgid=5))["msg"] for _ in range(total)]
        self.assertEqual(got, [str(number) for number in range(total)])
        await self.joined()
        self.assertEqual([frame for frame in await li_client.settled() if frame["msgid"] == 5], [])

    async def test_a_redis_that_hangs_holds_nobody_up(self) -> None:
        _, sender = await self.user_on(0)
        li, li_client = await self.user_on(1)
        self.redis.process.send_signal(signals.SIGSTOP)
        try:
            for number in range(3):
                await sender.ask(chat(li, str(number)))
                self.assertEqual((await li_client.next(msgid=5))["msg"], str(number))
            await self.login_on(0, self.add_account())
        finally:
            self.redis.process.send_signal(signals.SIGCONT)


class NodeDeathTests(ClusterCase):
    """A node that is found dead, in this process: it only stops to beat."""

    async def test_its_places_are_free_and_its_users_offline(self) -> None:
        li, _ = await self.user_on(0)
        _, watcher = await self.user_on(1)
        await watcher.ask(add_friend(li))
        dead = self.nodes[0]._node
        assert dead is not None
        for loop in self.nodes[0]._loops:
            loop.stop()
        self.nodes[0]._loops.clear()
        alive = self.nodes[1]._node
        assert alive is not None
        assert alive.liveness is not None
        for _ in range(7):
            await alive.liveness.look()
        self.assertEqual((await watcher.next(msgid=16))["state"], "offline")
        client, _ = await self.login_on(1, li)
        self.assertEqual((await watcher.next(msgid=16))["state"], "online")
        # The dead one wakes up, and sends away whose place was taken.
        assert dead.liveness is not None
        await dead.liveness.look()
        goodbye = await self.clients[0].next(msgid=17)
        self.assertEqual(goodbye["reason"], "replaced")
        self.assertFalse(client.is_closed)

    async def test_who_was_given_up_takes_back_what_is_still_free(self) -> None:
        li, li_client = await self.user_on(0)
        self.sql("UPDATE nodes SET given_up = 1")
        for node in self.nodes:
            assert node._node is not None
            assert node._node.liveness is not None
            await node._node.liveness.look()
        self.assertEqual(len(self.sql("SELECT * FROM places")), 1)
        self.assertFalse(li_client.is_closed)
        refused = await (await self.connect(node=1)).ask(login(li))
        self.assertEqual(refused["errno"], 2)

    async def test_who_takes_a_place_back_several_times_at_once_keeps_it(self) -> None:
        """Looking for dead nodes and comparing with the database may find it lost together."""
        account, client = await self.user_on(0)
        self.sql("DELETE FROM places")
        node = self.nodes[0]._node
        assert node is not None
        assert node.liveness is not None
        liveness = node.liveness
        await gatherResults([Deferred.fromCoroutine(liveness.check_places()) for _ in range(20)])
        self.assertEqual(len(self.sql("SELECT * FROM places WHERE account = ?", account)), 1)
        self.assertEqual(await client.settled(), [], "it is not sent away")

    async def test_an_orderly_stop_leaves_nothing_behind(self) -> None:
        await self.user_on(0)
        for node in self.nodes:
            await node.stopService()
        self.assertEqual(self.sql("SELECT * FROM places"), [])
        self.assertEqual(self.sql("SELECT * FROM nodes"), [])
