"""What can be said of a command that is not run: bash reads it, and its options exist."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

from chatserver.settings import Settings
from tests.docs.blocks import ROOT

_OURS = {"twistd", "chatserver-admin", "chatclient"}
_PYTHON = re.compile(r"python[\d.]*")
_OPERATORS = set("();<>|&")
_KEYWORDS = {"do", "done", "for", "until", "while", "if", "then", "else", "fi", "exec", "set"}
_FLAG = re.compile(r"--[a-z][a-z-]*")


def begins_like_a_command(line: str) -> bool:
    """Whether a line reads as if it were to be run."""
    words = re.sub(r"^(\$ )?(\w+=\S* )*", "", line).split()
    name = words[0].rpartition("/")[2] if words else ""
    return name in _OURS | {"make", "pip", "sudo"} or bool(_PYTHON.fullmatch(name))


def complaints(script: str) -> list[str]:
    """What is wrong with a script that can't be run here."""
    read = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    found = [read.stderr] if read.returncode else []
    for words in _simple_commands(script):
        found += _complaints(words)
    return found


def unknown_options(code: str) -> list[str]:
    """The options in a piece of code that none of our programs has."""
    return [flag for flag in _FLAG.findall(code) if flag not in _all_flags()]


def _complaints(words: list[str]) -> list[str]:
    name = Path(words[0]).name
    program: tuple[str, ...]
    if name == "make":
        names = [word for word in words[1:] if "=" not in word]
        return [f"make has no target {word}" for word in names if word not in _targets()]
    if _PYTHON.fullmatch(name) and words[1:2] == ["-m"]:
        program, arguments = (sys.executable, "-m", words[2]), words[3:]
    elif name == "twistd" and "chatserver" in words:
        at = len(words) - 1 - words[::-1].index("chatserver")  # before it --uid may have that name
        own = _unknown(("twistd",), words[1:at])
        return own + _unknown(("twistd", "chatserver"), words[at + 1 :])
    elif name in _OURS:
        subcommands = []
        for word in words[1:]:
            if not re.fullmatch(r"[a-z-]+", word) or word.startswith("-"):
                break
            subcommands.append(word)
        program, arguments = (name, *subcommands), words[1:]
    else:
        return []
    return _unknown(program, arguments)


def _unknown(program: tuple[str, ...], arguments: list[str]) -> list[str]:
    flags = {word.partition("=")[0] for word in arguments if _FLAG.match(word)}
    unknown = flags - _flags(program) if flags else set()
    return [f"{' '.join(program)} has no option {flag}" for flag in sorted(unknown)]


def _simple_commands(script: str) -> list[list[str]]:
    """The words of each command in a script, without the settings before it."""
    found: list[list[str]] = [[]]
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        for word in lexer:
            if set(word) <= _OPERATORS:
                found.append([])
            elif found[-1] or not (word in _KEYWORDS or re.match(r"\w+=", word)):
                found[-1].append(word)
        found.append([])
    return [words for words in found if words]


@cache
def _flags(program: tuple[str, ...]) -> set[str]:
    """All options in a program's help."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*program, "--help"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(program)} --help: {done.stderr}"
    return set(_FLAG.findall(done.stdout))


@cache
def _all_flags() -> set[str]:
    """All options of all our programs, as the sources name them."""
    folders = ("chatserver", "chatclient", "bench", "cluster", "tests/faults", "tests/attacks")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    named = {
        flag
        for path in sources
        for flag in re.findall(r'"(--[a-z][a-z-]*)"', path.read_text(encoding="utf-8"))
    }
    settings = {f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(Settings)}
    return named | settings | _flags(("twistd",))


@cache
def _targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
