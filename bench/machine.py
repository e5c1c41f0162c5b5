"""Facts about the machine and the programs, without which figures mean nothing."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cluster.process import program

_SYNCS = 50


def facts(folder: Path) -> dict[str, str]:
    """By name, in the order in which they are to be shown.

    :param folder: on the disk that is used.
    """
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "processor": f"{_cpu_model()}, {len(os.sched_getaffinity(0))} cores",
        "load": f"{os.getloadavg()[0]:.1f} on average in the minute before",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "system": f"{_system()}, kernel {platform.release()}",
        "disk": f"a sync of 4 KiB takes {_sync_time(folder) * 1000:.2g} ms",
        "interpreter": f"{platform.python_implementation()} {platform.python_version()}, "
        f"{platform.python_compiler()}, {_optimized()}",
        "SQLite": sqlite3.sqlite_version,
        "MariaDB": _version("mariadbd", "mariadb-server-core"),
        "Redis": _version("redis-server", "redis-server"),
    }


def _commit() -> str:
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def _cpu_model() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _sync_time(folder: Path) -> float:
    """The median of seconds that it takes to make a small write safe."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            begun = time.perf_counter()
            os.write(file.fileno(), b"x" * 4096)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return sorted(took)[_SYNCS // 2]


def _optimized() -> str:
    """Whether the interpreter was built with profile-guided optimisation.

    Debian builds its own so, and does not say it.
    """
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        return "built with PGO"
    if sys.base_prefix == "/usr" and Path("/etc/debian_version").exists():
        return "Debian's own, built with PGO"
    return "built without PGO"


def _version(name: str, package: str) -> str:
    words = [program(name, package), "--version"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+\.\d+", told)
    return found[0] if found else told.strip()
