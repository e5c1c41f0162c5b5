"""The texts of the client's sources that are to be translated.

``python -m tests.chatclient.messages`` prints those that the catalog lacks, in its form.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import chatclient
from chatclient.catalog import parse_catalog
from chatserver.errors import BY_ERRNO

SOURCES = Path(chatclient.__file__).parent
CATALOG = SOURCES / "locale" / "zh_CN.po"
_KEYWORDS = {"_", "marked"}


def messages() -> dict[str, str]:
    """Each text, and where it is; the refusals' own texts, too, which the server sends."""
    found = {kind.text: "chatserver/errors.py" for kind in BY_ERRNO.values()}
    for path in sorted(SOURCES.rglob("*.py")):
        for text, line in texts_in(path.read_text(encoding="utf-8")):
            found.setdefault(text, f"{path.relative_to(SOURCES.parent)}:{line}")
    return found


def texts_in(source: str) -> Iterator[tuple[str, int]]:
    """The texts that a source marks, with their lines.

    :raises ValueError: it marks something that is no text as it stands.
    """
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _KEYWORDS
        ):
            match node.args:
                case [ast.Constant(value=str(text))]:
                    yield text, node.lineno
                case [ast.Name() | ast.Attribute() | ast.Subscript()] if node.func.id == "_":
                    pass  # of a constant, marked where it is made
                case _:
                    raise ValueError(f"line {node.lineno}: no text as it stands")


def missing() -> str:
    """What the catalog lacks, as its entries, still to be translated."""
    known = parse_catalog(CATALOG.read_text(encoding="utf-8"))
    return "\n".join(
        f'#: {where}\nmsgid {_quoted(text)}\nmsgstr ""\n'
        for text, where in messages().items()
        if text not in known
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if "\n" not in text:
        return f'"{escaped}"'
    return '""\n' + "\n".join(
        '"' + line.replace("\n", "\\n") + '"' for line in escaped.splitlines(keepends=True)
    )


if __name__ == "__main__":
    print(missing(), end="")  # noqa: T201
