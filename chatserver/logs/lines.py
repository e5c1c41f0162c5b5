"""From an event to a line: readable, or one JSON object.

Each login is a line, so that the time of day is made out once a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from time import gmtime, strftime, time
from typing import Any

from twisted.logger import (
    LogEvent,
    LogLevel,
    formatEvent,
    formatEventAsClassicLogText,
    formatTime,
)

#: What an event has that a worker told of: the record that the worker made.
TOLD = "log_record"
_LEGACY = "log_legacy"  # older parts of Twisted, whose fields say the message again
_HARMFUL = re.compile(r"[^\n\t -~]")  # but for what is printable
_PLAIN = (str, int, float, bool, type(None))


def text_line(event: LogEvent) -> str | None:
    """What twistd would write; what could drive a terminal is escaped."""
    if _is_noise(event):
        return None
    text = _plain_line(event) or formatEventAsClassicLogText(event, _time_of)
    if text is None or text[:-1].isprintable():
        return text
    return _HARMFUL.sub(_printable, text)


def json_line(event: LogEvent) -> str | None:
    """One object, in ASCII."""
    record = None if _is_noise(event) else record_of(event)
    return None if record is None else json.dumps(record) + "\n"


#: How a line is made, by the setting ``log_format``.
FORMATS: dict[str, Callable[[LogEvent], str | None]] = {"text": text_line, "json": json_line}


def record_of(event: LogEvent) -> dict[str, Any] | None:
    """What an event tells: when, how grave, who, what, and its fields; None where it is nothing."""
    told: dict[str, Any] | None = event.get(TOLD)
    if told is not None:
        return told
    message, failure = _message(event) or formatEvent(event), event.get("log_failure")
    if not message and failure is None:
        return None
    namespace = event.get("log_namespace", "-")
    record = {
        "time": _iso_of(event.get("log_time") or time()),
        "level": event.get("log_level", LogLevel.info).name,
        "namespace": "-" if namespace == _LEGACY else namespace,
        "message": message,
    }
    if failure is not None:
        record["traceback"] = failure.getTraceback()
    if namespace != _LEGACY:
        for name, value in event.items():
            if not name.startswith("log_") and name not in record and value != message:
                record[name] = value if isinstance(value, _PLAIN) else str(value)
    return record


def _plain_line(event: LogEvent) -> str | None:
    """The line of an ordinary event, in half of the time that Twisted takes."""
    message = _message(event)
    if message is None or "log_failure" in event or "\n" in message:
        return None
    try:
        system = event.get("log_system") or f"{event['log_namespace']}#{event['log_level'].name}"
        return f"{_time_of(event['log_time'])} [{system}] {message}\n"
    except KeyError:
        return None


def _message(event: LogEvent) -> str | None:
    """What an event says, if that can be made out the short way."""
    try:
        message: str = event["log_format"].format_map(event)
    except Exception:
        return None
    return message or None


def _is_noise(event: LogEvent) -> bool:
    """Whether Twisted tells what anybody who opens a web page can make it tell."""
    is_web: bool = event.get("log_namespace", "").startswith("twisted.web.")
    return is_web and event.get("log_level", LogLevel.info) <= LogLevel.info


def _printable(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def _time_of(moment: float | None) -> str:
    return formatTime(None) if moment is None else _time_of_second(int(moment))


@lru_cache(maxsize=2)
def _time_of_second(second: int) -> str:
    return formatTime(second)


def _iso_of(moment: float) -> str:
    second, milliseconds = divmod(round(moment * 1000), 1000)
    return f"{_iso_of_second(second)}.{milliseconds:03d}Z"


@lru_cache(maxsize=2)
def _iso_of_second(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
