"""The page's tables and links, against the code that they describe."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, get_args

import msgspec
from twisted.trial.unittest import TestCase

from chatserver.errors import BY_ERRNO
from chatserver.settings import Settings
from chatserver.wire import fields as rules
from chatserver.wire import frames, requests
from chatserver.wire.codec import Rejected, decode
from chatserver.wire.requests import Loginout
from tests.docs import page

# In every request, and in every reply to one that has it: the page tells it once.
EVERYWHERE = {"req"}
# What classic clients add to a chat, and the server does not look at.
IGNORED = {
    requests.OneChat: {"id", "name", "time"},
    requests.GroupChat: {"id", "name", "time"},
}
# Settings that are none of a client's business.
NOT_LIMITS = {
    "log_format",
    "port",
    "database",
    "redis",
    "workers",
    "proxies",
    "web_origins",
    "metrics_for",
    "web",
    "pending",
    "pending_text",
    "hash_threads",
    "hash_queue",
}

Struct = type[msgspec.Struct]


def camel_words(name: str) -> list[str]:
    return re.findall(r"[A-Z][a-z]*", name)


def name_on_the_page(kind: Struct) -> str:
    """OneChatPush is ONE_CHAT, ServerPing is PING, RegisterAck is REG_ACK."""
    words = [word for word in camel_words(kind.__name__) if word not in ("Push", "Server")]
    return "_".join(words).upper().replace("REGISTER", "REG")


def fields_of(kind: Struct) -> dict[str, bool]:
    """The fields of a message, and whether each may be missing on the wire."""
    is_request = issubclass(kind, requests.Request)
    return {
        field.name: not field.required if is_request else field.default is msgspec.UNSET
        for field in msgspec.structs.fields(kind)
        if field.name not in EVERYWHERE | IGNORED.get(kind, set())
    }


def messages_in_the_code() -> dict[tuple[int, str, str], dict[str, bool]]:
    sides: list[tuple[str, list[Any]]] = [
        ("client", requests.Request.__subclasses__()),
        ("server", list(get_args(frames.AnyFrame))),
    ]
    return {
        (requests.msgid_of(kind), name_on_the_page(kind), side): fields_of(kind)
        for side, kinds in sides
        for kind in kinds
    }


class MessageTests(TestCase):
    maxDiff = None

    def rows(self) -> list[page.Row]:
        return page.table("msgid", "name", "sent by", "fields")

    def test_table_agrees_with_the_classes(self) -> None:
        on_the_page = {
            (int(row["msgid"]), link_text(row["name"]), row["sent by"]): page.fields(row["fields"])
            for row in self.rows()
        }
        self.assertEqual(len(on_the_page), len(self.rows()))
        self.assertEqual(on_the_page, messages_in_the_code())

    def test_names_link_to_the_message_s_section(self) -> None:
        titles = {f"#{heading.anchor}": heading.title for heading in page.headings()}
        for row in self.rows():
            target = row["name"].partition("(")[2].rstrip(")")
            self.assertIn(f"{link_text(row['name'])} ({row['msgid']})", titles.get(target, ""))

    def test_sections_speak_of_every_field_of_their_requests(self) -> None:
        for row in self.rows():
            if row["sent by"] == "client":
                title = f"{link_text(row['name'])} ({row['msgid']})"
                (text,) = [one.text for one in page.headings() if title in one.title]
                for field in page.fields(row["fields"]):
                    self.assertRegex(text, rf'`{field}`|"{field}":', title)

    def test_nested_objects_agree_with_the_classes(self) -> None:
        on_the_page = {
            row["object"]: set(page.fields(row["fields"])) for row in page.table("object", "fields")
        }
        in_the_code = {
            "friend": frames.Friend,
            "group": frames.Group,
            "user of a group": frames.GroupUser,
        }
        self.assertEqual(
            on_the_page, {name: set(kind.__struct_fields__) for name, kind in in_the_code.items()}
        )

    def test_reply_s_results_are_its_fields(self) -> None:
        results: set[str] = set()
        for row in page.table("reply to", "fields"):
            results |= set(page.fields(row["fields"]))
        common = {"re", "errno", "errmsg", "retry_after"}
        self.assertEqual(results | common, set(fields_of(frames.Reply)))

    def test_goodbye_s_reasons_are_all_explained(self) -> None:
        on_the_page = [row["reason"] for row in page.table("reason", "meaning", "what to do")]
        reasons = msgspec.json.schema(frames.Goodbye)["$defs"]["Goodbye"]["properties"]["reason"]
        self.assertEqual(sorted(on_the_page), sorted(reasons["enum"]))


class ErrnoTests(TestCase):
    def test_table_agrees_with_the_classes(self) -> None:
        on_the_page = [
            (int(row["errno"]), row["name"])
            for row in page.table("errno", "name", "when", "what to do")
        ]
        in_the_code = [
            (errno, " ".join(camel_words(kind.__name__)).lower())
            for errno, kind in sorted(BY_ERRNO.items())
        ]
        self.assertEqual(on_the_page, in_the_code)


class LimitTests(TestCase):
    def test_settings_agree_with_their_defaults(self) -> None:
        on_the_page = {
            row["setting"]: number(row["default"])
            for row in page.table("setting", "default", "what it limits")
        }
        in_the_code = {
            name: value
            for name, value in dataclasses.asdict(Settings()).items()
            if name not in NOT_LIMITS
        }
        self.assertEqual(on_the_page, in_the_code)

    def test_fixed_limits_agree_with_the_fields_types(self) -> None:
        types = {
            "`name`, `groupname`": rules.MAX_NAME,
            "`password`": most(rules.Password),
            "`groupdesc`": most(rules.GroupDesc),
            "`device`": most(rules.Device),
            "`cid`": most(rules.Cid),
            "`limit`": most(rules.Limit),
            "`t`": rules.MAX_PING,
            "`data`": rules.MAX_SIGNAL,
            "ids, `conv`, `seq`": rules.MAX_ID,
        }
        on_the_page = {row["what"]: number(row["limit"]) for row in page.table("what", "limit")}
        for what, limit in types.items():
            self.assertEqual(on_the_page[what], limit, what)

    def test_req_is_as_long_as_the_page_says(self) -> None:
        (row,) = [row for row in page.table("what", "limit") if row["what"] == "`req`"]
        longest = "x" * int(number(row["limit"]))
        self.assertIsInstance(decode(b'{"msgid":10,"req":"%s"}' % longest.encode()), Loginout)
        self.assertIsInstance(decode(b'{"msgid":10,"req":"%sx"}' % longest.encode()), Rejected)


class LinkTests(TestCase):
    def test_every_link_leads_somewhere(self) -> None:
        anchors = [heading.anchor for heading in page.headings()]
        self.assertEqual(len(anchors), len(set(anchors)))
        for target in page.links():
            if target.startswith("#"):
                self.assertIn(target[1:], anchors)
            else:
                self.assertTrue((page.DOCS / target).is_file(), target)


def link_text(cell: str) -> str:
    """The text of a cell that is one link."""
    return cell.partition("[")[2].partition("]")[0]


def number(cell: str) -> float:
    """The number that a cell begins with: 65,536 bytes; 4 MiB."""
    found = re.match(r"([\d,.]+)( MiB)?", cell)
    assert found, cell
    return float(found[1].replace(",", "")) * (2**20 if found[2] else 1)


def most(annotated: Any) -> int:
    """The greatest length or number that a field's type takes."""
    (meta,) = annotated.__metadata__
    limit = meta.le if meta.max_length is None else meta.max_length
    assert isinstance(limit, int)
    return limit
