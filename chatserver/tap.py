"""``twistd chatserver``: the command line, and the service it starts."""

from __future__ import annotations

import dataclasses
import os
import pwd
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from twisted.application.service import Service
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.util import runAsEffectiveUser

from chatserver import __version__, exposure
from chatserver.app import CannotListen, ChatServer
from chatserver.bus.redis_address import RedisUnusable, address_of
from chatserver.clock import use_steady_time
from chatserver.hangup import heed as heed_hangup
from chatserver.logs.twistd import is_file, use_format
from chatserver.memory import search_less
from chatserver.settings import Settings, SettingsError, help_of, load
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from chatserver.workers.number import number_of_workers
from chatserver.workers.supervisor import Workers

_T = TypeVar("_T")
_log = Logger()


def _shown(field: dataclasses.Field[Any]) -> str:
    """A setting's default, as the help shows it."""
    default = field.default
    if default == ():
        return "none"
    return f"{default:g}" if isinstance(default, float) else str(default)


class Options(usage.Options):
    """The settings as flags."""

    synopsis = "[options]"
    longdesc = (
        "A chat server that speaks JSON lines. Every setting can also stand in a TOML file "
        "(max_frame = 65536) or in the environment (CHATSERVER_MAX_FRAME=65536); the file is "
        "overruled by the environment, and that by the flags."
    )
    optParameters = [
        ["config", "c", None, "TOML file with settings."],
        *(
            [field.name.replace("_", "-"), None, None, f"{help_of(field.name)} [{_shown(field)}]"]
            for field in dataclasses.fields(Settings)
            if field.name not in ("port", "web")
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._endpoints: dict[str, list[str]] = {}

    def opt_port(self, port: str) -> None:
        """Port number, or Twisted endpoint string such as
        ssl:6443:privateKey=key.pem:certKey=cert.pem; may be given repeatedly. [6000]"""
        self._endpoints.setdefault("port", []).append(port)

    opt_p = opt_port

    def opt_web(self, port: str) -> None:
        """Port number or Twisted endpoint string that serves the chat page, /ws (WebSocket),
        /healthz and /metrics (for Prometheus) over HTTP; may be given repeatedly. A number alone
        listens on this machine only. [none]"""
        self._endpoints.setdefault("web", []).append(port)

    def opt_version(self) -> None:
        """Print the version of chatserver and exit."""
        sys.stdout.write(f"chatserver {__version__}\n")
        raise SystemExit(0)

    def parseOptions(self, options: list[str] | None = None) -> None:
        try:
            super().parseOptions(options)
        except usage.UsageError as problem:
            _give_up(f"{problem}; twistd chatserver --help lists the options")

    def settings(self) -> Settings:
        """
        :raises SettingsError: a setting can't be used.
        """
        flags: dict[str, Any] = {
            name.replace("-", "_"): value
            for name, value in self.items()
            if value is not None and name != "config"
        }
        return load(flags | self._endpoints, config=self["config"])


class _InTwistd(Service):
    """A service that logs where twistd was told to."""

    #: The options of twistd itself.
    twistd: Mapping[str, Any] = {}
    #: The setting.
    log_format = "text"

    def setServiceParent(self, parent: Any) -> None:
        if self.twistd:
            use_format(parent, self.twistd, self.log_format)
        super().setServiceParent(parent)


class _Server(_InTwistd, ChatServer):
    """The server as twistd runs it, in steady time."""

    def privilegedStartService(self) -> None:
        use_steady_time(self._reactor)
        search_less()
        with _told():
            super().privilegedStartService()

    def startService(self) -> None:
        super().startService()
        heed_hangup(self._reactor)
        _warn(self._settings, self.addresses, self.web_addresses)


class _Workers(_InTwistd, Workers):
    """The same for several processes."""

    def startService(self) -> None:
        use_steady_time(self._reactor)
        with _told():
            super().startService()
        heed_hangup(self._reactor)
        _warn(self._settings, self.addresses, self.web_addresses)


@contextmanager
def _told() -> Iterator[None]:
    """Tell in one line why a port can't be opened, which ends the start."""
    try:
        yield
    except CannotListen as problem:
        # By now standard error belongs to the log, which may be a file. twistd has to
        # see the exception, to tell it to the shell where it is a daemon; but this
        # line says it all, so no traceback.
        _log.critical("can't start: {problem}", problem=str(problem))
        sys.excepthook = lambda *_: None
        raise


def _warn(settings: Settings, addresses: Sequence[Any], web_addresses: Sequence[Any]) -> None:
    """Tell what is unsafe, once twistd has become the user that it was told to."""
    for warning in exposure.warnings(settings, addresses, web_addresses, os.geteuid()):
        _log.warn("{warning}", warning=warning)


def makeService(options: Options) -> Service:
    """The service to run; prepares the database first."""
    from twisted.internet import reactor

    try:
        settings = options.settings()
        _check_log(options, settings)
        if number_of_workers(settings) > 1:
            # Workers are started by the user to be, who has to read the keys of their ports.
            service: _InTwistd = _as_user_to_be(options, lambda: _Workers(settings, reactor))
        else:
            service = _Server(settings, reactor)
        if settings.redis:
            address_of(settings.redis, reactor)
        _as_user_to_be(options, engine_of(settings.database).prepare)
    except (SettingsError, DatabaseUnusable, RedisUnusable, CannotListen) as problem:
        _give_up(str(problem))
    _allow_many_connections()
    service.twistd = options.parent or {}
    service.log_format = settings.log_format
    return service


def _check_log(options: Options, settings: Settings) -> None:
    """
    :raises SettingsError: the log can't have the format that it is to have.
    """
    if settings.log_format != "text" and options.parent and not is_file(options.parent):
        raise SettingsError(
            f"--log-format {settings.log_format} is for a log file and standard output: leave out "
            "twistd's own --syslog and --logger, or that format"
        )


def _as_user_to_be(options: Options, work: Callable[[], _T]) -> _T:
    """Do what makes or reads files as the user that twistd becomes only later (``--uid``)."""
    twistd: Mapping[str, Any] = options.parent or {}
    uid, gid = twistd.get("uid"), twistd.get("gid")
    if uid is None:
        return work()
    gid = pwd.getpwuid(uid).pw_gid if gid is None else gid
    done: _T = runAsEffectiveUser(uid, gid, work)
    return done


def _allow_many_connections() -> None:
    """Take as many file descriptors as the system gives without further rights."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _give_up(why: str) -> NoReturn:
    """End the start with one line on standard error and exit status 1."""
    raise SystemExit(f"chatserver: {why}")
