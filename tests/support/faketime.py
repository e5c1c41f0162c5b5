"""Processes whose time of day can be set while they run."""

from __future__ import annotations

from pathlib import Path

from cluster.process import NotStarted

_LIBRARY = "*/faketime/libfaketimeMT.so.1"


def faked_clock(file: Path) -> dict[str, str]:
    """Variables with which a process gets its time of day, but no other clock, by way of a file.

    :raises NotStarted: the library for this is not installed.
    """
    found = sorted(Path("/usr/lib").glob(_LIBRARY))
    if not found:
        raise NotStarted(
            "libfaketime is missing; on Debian and Ubuntu: apt-get install libfaketime"
        )
    set_clock(file, 0)
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1",
    }


def set_clock(file: Path, seconds: int) -> None:
    """Set the clock forward by some seconds, or back; processes take it in a second or two."""
    new = file.with_suffix(".new")
    new.write_text(f"{seconds:+d}")
    new.replace(file)
