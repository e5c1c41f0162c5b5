"""All pages for people, taken apart: code blocks, and the commands in them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
#: The languages of blocks that hold commands: scripts, and what a terminal shows.
SCRIPT, TERMINAL = "sh", "console"
_PROMPT = "$ "
_CONTINUED = "> "


class Command(NamedTuple):
    """A command, and the lines that the page shows of what it prints."""

    text: str
    shown: list[str]


@dataclass(frozen=True)
class Block:
    """A code block; an indented one has no language."""

    page: str
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> list[Command]:
        """What somebody who follows the page runs, in its order."""
        if self.language == SCRIPT:
            return [Command(self.text.strip(), [])]
        return _typed(self) if self.language == TERMINAL else []


def pages() -> list[str]:
    """All pages, by their paths from the root."""
    patterns = ["README*.md", "docs/*.md", "docs/zh/*.md", "etc/*.md"]
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def blocks(page: str) -> list[Block]:
    """The code blocks of a page."""
    tokens = _parse(page)
    return [
        Block(page, token.map[0] + 1, (token.info.split() or [""])[0], token.content)
        for token in tokens
        if token.type in ("fence", "code_block") and token.map
    ]


def inline_code(page: str) -> list[str]:
    """What stands between backticks in a page's text."""
    return [
        child.content
        for token in _parse(page)
        for child in token.children or []
        if child.type == "code_inline"
    ]


def links(page: str) -> list[str]:
    """Where a page's links and images lead: addresses, and paths from the root."""
    targets = [
        str(child.attrGet("href") or child.attrGet("src"))
        for token in _parse(page)
        for child in token.children or []
        if child.type in ("link_open", "image")
    ]
    folder = posixpath.dirname(page)
    return [
        target if ":" in target else posixpath.normpath(posixpath.join(folder, target))
        for target in targets
    ]


def headings(page: str) -> list[str]:
    """Each heading's level: h1, h2 …"""
    return [token.tag for token in _parse(page) if token.type == "heading_open"]


def _parse(page: str) -> list[Any]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return list(MarkdownIt("commonmark").enable("table").parse(text))


def _typed(block: Block) -> list[Command]:
    """The commands behind prompts, each with the lines below it."""
    found: list[Command] = []
    typing = False
    for line in block.text.splitlines():
        if line.startswith(_PROMPT):
            found.append(Command(line.removeprefix(_PROMPT), []))
        elif typing and line.startswith(_CONTINUED):
            text, shown = found[-1]
            found[-1] = Command(f"{text}\n{line.removeprefix(_CONTINUED)}", shown)
        else:
            assert found, f"{block.where}: what a terminal shows begins with a prompt"
            found[-1].shown.append(line)
        typing = line.endswith("\\")
    return found
