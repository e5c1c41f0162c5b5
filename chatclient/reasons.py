"""Why something failed, in words for people and in the language in use.

What the server and the system say stays as it is in English; Twisted's words become plain ones.
"""

from __future__ import annotations

import errno
import re

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import (
    ConnectError,
    ConnectionClosed,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    TimeoutError,
    UnknownHostError,
)

from chatclient.errors import Dismissed
from chatclient.language import gettext as _
from chatclient.language import marked
from chatserver.errors import ChatError

NO_CONNECTION = (ConnectError, ConnectionClosed, OSError, SSL.Error, VerificationError)
"""What connecting, and a request over the connection, may fail with besides refusals."""

# What the server says, where that tells more than the errno does.
SENTENCES = (
    marked("the server is stopping; try again"),
    marked("the server is full; try again"),
    marked("the server is overloaded; try again"),
    marked("the server is just coming back; try again"),
    marked("the database can't be used just now; try again"),
    marked("too many logins to this account at once"),
    marked("too many wrong passwords; wait and try again"),
    marked("too many registrations from your address"),
    marked("too many logins from your address"),
    marked("too many logins at once; try again"),
    marked("the name {name} is taken; choose another"),
    marked("unknown or expired token; log in with the password"),
    marked("this token belongs to another device"),
    marked("this account is disabled; ask the people who run this server"),
    marked("you can't be your own friend"),
    marked("you are not a member of this group; join it first"),
    marked("this user is your friend already"),
    marked("you are a member of this group already"),
    marked("a group named {name} exists already; choose another name"),
)
# What is said of connections, up to a colon behind which the details follow.
CONNECTIONS = (
    marked("The server did not answer"),
    marked("The server does not speak this protocol"),
    marked("Not connected"),
)
_SILENT = marked("nothing answers at the server's address")
_NAMELESS = marked("the server's name is unknown")
_UNREACHABLE = marked("there is no way to the server; perhaps there is no network")
_PLAIN: dict[type[BaseException], str] = {
    ConnectionRefusedError: marked("the server refuses connections"),
    TCPTimedOutError: _SILENT,
    TimeoutError: _SILENT,
    DNSLookupError: _NAMELESS,
    UnknownHostError: _NAMELESS,
    NoRouteError: _UNREACHABLE,
    ConnectionDone: marked("the server closed the connection"),
    ConnectionLost: marked("the connection was lost"),
}
_NO_WAY = (errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)
_FAREWELLS = {
    "shutdown": marked("the server is shutting down"),
    "replaced": marked("this account has logged in elsewhere with the same device name"),
    "slow": marked("this client took its messages too slowly"),
    "idle": marked("the server has not heard from this client for too long"),
    "protocol": marked("this client broke the protocol"),
}
_FIELD = re.compile(r"\\{name\\}")


def reason(problem: BaseException) -> str:
    """Why it failed. What others wrote may be in it, as it is."""
    match problem:
        case ChatError():
            return _refusal(problem)
        case Dismissed():
            return farewell(problem.reason)
        case VerificationError():
            return _("the server's certificate is for another host than the one of its address")
        case SSL.Error():
            return _tls(problem)
        case ConnectError() if problem.osError in _NO_WAY:
            return _(_UNREACHABLE)
    if type(problem) in _PLAIN:
        return _(_PLAIN[type(problem)])
    what, colon, details = str(problem).partition(": ")
    return f"{_(what)}{colon}{details}" if what in CONNECTIONS else str(problem)


def farewell(reason: str) -> str:
    """Why the server closes the connection, by the reason that it gives."""
    return _(_FAREWELLS[reason])


def _tls(problem: SSL.Error) -> str:
    why = " ".join(part for error in problem.args[0] for part in error[2:]) if problem.args else ""
    if "certificate" in why:
        return _(
            "the server's certificate is not trusted ({why}); where an authority of your own "
            "signed it, name that with --ca FILE"
        ).format(why=why)
    return _("TLS failed ({why}); perhaps this port does not speak it").format(why=why)


def _refusal(refusal: ChatError) -> str:
    for sentence in SENTENCES:
        pattern = _FIELD.sub("(.+)", re.escape(sentence))
        said = re.fullmatch(pattern, refusal.errmsg, re.DOTALL)
        if said is not None:
            return _(sentence).format(name=(*said.groups(), "")[0])
    translated = _(refusal.text)
    if translated == refusal.text:
        return refusal.errmsg
    return translated if refusal.errmsg == refusal.text else f"{translated} ({refusal.errmsg})"
