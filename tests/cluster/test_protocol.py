"""The behaviour of one server, with everybody on another node than those they meet.

These are the tests of ``tests/server``; only what is about one connection alone is left out.
"""

from __future__ import annotations

from tests.cluster.cases import ClusterCase
from tests.server import (
    test_chat,
    test_cid,
    test_classic,
    test_delivery,
    test_delivery_devices,
    test_devices,
    test_friends,
    test_groups,
    test_history,
    test_login,
    test_order,
    test_presence,
    test_signal,
    test_tokens,
)


class OneChatTests(ClusterCase, test_chat.OneChatTests):
    pass


class OwnDevicesTests(ClusterCase, test_chat.OwnDevicesTests):
    pass


class RepeatTests(ClusterCase, test_cid.RepeatTests):
    pass


class ConflictTests(ClusterCase, test_cid.ConflictTests):
    pass


class ClassicDeliveryTests(ClusterCase, test_classic.DeliveryTests):
    pass


class AwayTests(ClusterCase, test_delivery.AwayTests):
    pass


class WithoutAckTests(ClusterCase, test_delivery.WithoutAckTests):
    pass


class AckTests(ClusterCase, test_delivery.AckTests):
    pass


class OwnSendsTests(ClusterCase, test_delivery.OwnSendsTests):
    pass


class PerDeviceTests(ClusterCase, test_delivery_devices.PerDeviceTests):
    pass


class RestartTests(ClusterCase, test_delivery_devices.RestartTests):
    pass


class LiveTests(ClusterCase, test_delivery_devices.LiveTests):
    pass


class NamedDeviceTests(ClusterCase, test_devices.NamedTests):
    pass


class UnnamedDeviceTests(ClusterCase, test_devices.UnnamedTests):
    pass


class FriendTests(ClusterCase, test_friends.FriendTests):
    pass


class GroupCreationTests(ClusterCase, test_groups.CreationTests):
    pass


class GroupMemberTests(ClusterCase, test_groups.MemberTests):
    pass


class GroupRefusalTests(ClusterCase, test_groups.RefusalTests):
    pass


class HistoryTests(ClusterCase, test_history.ConversationTests):
    pass


class LoginTests(ClusterCase, test_login.ReplyTests):
    pass


class LogoutTests(ClusterCase, test_login.LogoutTests):
    pass


class VanishedTests(ClusterCase, test_login.VanishedTests):
    pass


class OrderTests(ClusterCase, test_order.OrderTests):
    pass


class ComingAndGoingTests(ClusterCase, test_presence.ComingAndGoingTests):
    pass


class AudienceTests(ClusterCase, test_presence.AudienceTests):
    pass


class SignalTests(ClusterCase, test_signal.SignalTests):
    pass


class TokenTests(ClusterCase, test_tokens.RevocationTests):
    pass
