"""What is said of the connection, in words."""

from __future__ import annotations

from dataclasses import dataclass

from chatclient.language import gettext as _
from chatclient.reasons import reason
from chatclient.steady.states import (
    Connecting,
    LoginRefused,
    Offline,
    Online,
    Replaced,
    State,
)
from chatclient.terminal.visible import visible


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the connection: a sign, words, and whether all is well."""

    sign: str
    words: str
    is_well: bool = False


def standing(state: State, where: str, seconds: float) -> Standing:
    """What to say of a state.

    :param where: the server, for people.
    :param seconds: those until the next attempt, if there will be one.
    """
    match state:
        case Online():
            return Standing("●", _("connected to {where}").format(where=where), is_well=True)
        case Connecting():
            return Standing("◌", _("connecting to {where} …").format(where=where), is_well=True)
        case Offline(why):
            text = _("offline: {why}; next try in {seconds} s (F5: now)")
            words = text.format(why=_why(why), seconds=max(0, round(seconds)))
            return Standing("○", words)
        case Replaced():
            words = _("logged in elsewhere as this device; F5 takes over again")
            return Standing("○", words)
        case LoginRefused(why):
            text = _("login refused: {why}; F5 asks for the password")
            return Standing("○", text.format(why=_why(why)))
    return Standing("○", _("not connected"))


def _why(problem: Exception) -> str:
    return visible(reason(problem)).rstrip(".")
