"""Files that nobody else on this machine may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from chatclient.errors import ProfileUnusable
from chatclient.language import gettext as _

_OTHERS = 0o077


def write_private(path: Path, text: str) -> None:
    """Put the text in place of the file's content at one stroke, for the owner's eyes only.

    :raises ProfileUnusable: it can't be written.
    """
    try:
        # The system makes it with mode 0600.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as problem:
        raise ProfileUnusable(
            _("{file} can't be written ({why})").format(file=path, why=problem.strerror)
        ) from problem


def read_private(path: Path) -> str | None:
    """The file's content; None where there is no file.

    :raises ProfileUnusable: it can't be read, or others on this machine can read it, too.
    """
    try:
        with open(path, encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise ProfileUnusable(
                    _(
                        "others on this machine can open {file}; make it yours alone: "
                        "chmod 600 '{file}'; if somebody may have read it, run chatclient "
                        "logout and log in again"
                    ).format(file=path)
                )
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise ProfileUnusable(
            _("{file} can't be read ({why})").format(file=path, why=why)
        ) from problem
