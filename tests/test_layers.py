"""The rules of the house: who may import whom, and what may stand where."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent

# The parts of the server, from the ground up. A part is a package or a module; it may
# import what stands in a lower row. In its own row it may import only itself.
ROWS = [
    [
        "errors",
        "settings",
        "clock",
        "spawn",
        "peak",
        "histogram",
        "memory",
        "logs",
        "doors",
        "hangup",
        "proxied",
        "ports",
        "sockets",
        "tls",
        "orders",
    ],
    ["wire", "exposure", "hub"],
    ["store", "bus", "sessions"],
    ["dispatcher"],
    ["services"],
    ["protocol", "web", "operations"],
    ["node", "factory"],
    ["app"],
    ["workers"],
    ["tap", "admin"],
]
LEVEL = {part: level for level, row in enumerate(ROWS) for part in row}
# Modules that name the reactor; everybody else is given one.
REACTOR = {"chatserver/tap.py", "chatserver/workers/__main__.py", "chatclient/__main__.py"}
# What the client may know of the server.
SHARED = re.compile(r"chatserver\.(wire|errors)(\.|$)")
SQL = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\b.+\bSET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|"
    r"BEGIN\s+IMMEDIATE|PRAGMA)\b",
    re.DOTALL,
)
# What speaks SQL besides the server's store.
CLIENT_STORE = "chatclient/steady/disk.py"
DATABASE_MODULES = re.compile(r"(sqlite3|MySQLdb|twisted\.enterprise)(\.|$)")


class Source:
    """One file of the program."""

    def __init__(self, path: Path) -> None:
        self.name = path.relative_to(ROOT).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"), self.name)
        #: Its dotted name, as "chatserver.wire.codec".
        self.module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(
            ".__init__"
        )

    def imports(self) -> Iterator[str]:
        """The dotted names of all that it imports, wherever in it that is."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                # "from chatserver import app" names a module, others name a value.
                yield node.module or ""
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def texts(self) -> Iterator[str]:
        """All strings in it but its docstrings."""
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and id(node) not in docstrings:
                yield str(node.value)


def sources(package: str) -> list[Source]:
    """All files of a package."""
    found = [Source(path) for path in sorted((ROOT / package).rglob("*.py"))]
    assert found
    return found


def part_of(module: str) -> str | None:
    """The part of the server that a module belongs to, None for anything else."""
    names = module.split(".")
    return names[1] if names[0] == "chatserver" and len(names) > 1 else None


class ServerTests(SynchronousTestCase):
    """chatserver."""

    def test_every_part_has_its_place(self) -> None:
        parts = {part_of(source.module) for source in sources("chatserver")} - {None}
        self.assertEqual(parts - set(LEVEL), set())

    def test_a_file_imports_only_lower_layers(self) -> None:
        wrong = [
            f"{source.name} imports {name}"
            for source in sources("chatserver")
            for name in source.imports()
            if not self._may_import(part_of(source.module), part_of(name))
        ]
        self.assertEqual(wrong, [])

    def test_the_server_knows_nothing_of_the_client_and_the_private_cluster(self) -> None:
        wrong = [
            source.name
            for source in sources("chatserver")
            for name in source.imports()
            if name.split(".")[0] in ("chatclient", "cluster", "tests")
        ]
        self.assertEqual(wrong, [])

    def test_only_the_stores_speak_sql(self) -> None:
        wrong = [
            f"{source.name}: {text}"
            for source in sources("chatserver") + sources("chatclient")
            if part_of(source.module) != "store" and source.name != CLIENT_STORE
            for text in source.texts()
            if SQL.search(text)
        ]
        self.assertEqual(wrong, [])

    def test_only_the_stores_know_databases(self) -> None:
        wrong = [
            f"{source.name} imports {name}"
            for source in sources("chatserver") + sources("chatclient")
            if part_of(source.module) != "store" and source.name != CLIENT_STORE
            for name in source.imports()
            if DATABASE_MODULES.match(name)
        ]
        self.assertEqual(wrong, [])

    def _may_import(self, importer: str | None, imported: str | None) -> bool:
        if imported is None or imported == importer:
            return True
        if imported == "__version__":
            return True
        return importer is not None and LEVEL[imported] < LEVEL[importer]


class ClientTests(SynchronousTestCase):
    """chatclient."""

    def test_it_knows_only_the_wire_and_the_errors_of_the_server(self) -> None:
        wrong = [
            f"{source.name} imports {name}"
            for source in sources("chatclient")
            for name in source.imports()
            if name.split(".")[0] == "chatserver" and not SHARED.match(name)
        ]
        self.assertEqual(wrong, [])

    def test_the_conversations_know_no_screen(self) -> None:
        wrong = [
            f"{source.name} imports {name}"
            for source in sources("chatclient/conversations")
            for name in source.imports()
            if name.split(".")[0] in ("textual", "rich")
            or name.startswith(("chatclient.terminal", "chatclient.fullscreen"))
        ]
        self.assertEqual(wrong, [])


class EverywhereTests(SynchronousTestCase):
    """Both."""

    def test_nobody_names_the_reactor_but_the_mains(self) -> None:
        wrong = [
            source.name
            for source in sources("chatserver") + sources("chatclient")
            for name in source.imports()
            if name.startswith("twisted.internet.reactor") and source.name not in REACTOR
        ]
        self.assertEqual(wrong, [])

    def test_imports_are_absolute(self) -> None:
        wrong = [
            source.name
            for source in sources("chatserver") + sources("chatclient")
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ImportFrom) and node.level
        ]
        self.assertEqual(wrong, [])


class RuleTests(SynchronousTestCase):
    """The rules above would be broken by what breaks them."""

    def test_sql_is_recognized(self) -> None:
        for text in (
            "SELECT id FROM accounts", "SELECT id\nFROM accounts", "INSERT INTO a VALUES (1)",
            "UPDATE a SET b = 1", "DELETE FROM a", "CREATE TABLE a (b)", "PRAGMA user_version",
        ):  # fmt: skip
            self.assertTrue(SQL.search(text), text)

    def test_words_are_no_sql(self) -> None:
        for text in ("select a friend from the list", "update the settings", "SELECT", "Begin"):
            self.assertIsNone(SQL.search(text), text)

    def test_imports_are_found_inside_functions_too(self) -> None:
        tap = next(each for each in sources("chatserver") if each.name == "chatserver/tap.py")
        self.assertIn("twisted.internet.reactor", set(tap.imports()))
        self.assertIn("chatserver.app", set(tap.imports()))
