"""The profile that a subcommand works with, and its login."""

from __future__ import annotations

import os

from chatclient import profiles
from chatclient.language import gettext as _
from chatclient.reasons import reason
from chatclient.steady.login import Credentials
from chatclient.steady.states import LoginRefused
from chatclient.subcommands.endings import FAILED, LOG_IN, Ending
from chatserver.errors import Refused


def existing_profile(name: str) -> profiles.Profile:
    """The profile of this name.

    :raises Ending: there is none.
    """
    profile = profiles.load(profiles.home(os.environ), name)
    if profile is None:
        raise Ending(
            LOG_IN,
            _("log in first, there is no profile {name}: {command}").format(
                name=name, command=login_command(name, "SERVER")
            ),
        )
    return profile


def credentials(profile: profiles.Profile, kind: profiles.Kind) -> Credentials:
    """What logs this kind of program in.

    :raises Ending: the profile is logged out.
    """
    token = profile.token(kind)
    if token is None:
        raise Ending(
            LOG_IN,
            _("log in again, this profile is logged out: {command}").format(
                command=login_command(profile.folder.name)
            ),
        )
    return Credentials(token=token)


def refused(profile: profiles.Profile, state: LoginRefused) -> Ending:
    """What a login that was refused for good comes to."""
    if isinstance(state.why, Refused):
        text = _("log in again ({why}): {command}")
        code = LOG_IN
    else:
        text = _("the login is refused: {why}")
        code = FAILED
    command = login_command(profile.folder.name)
    return Ending(code, text.format(why=reason(state.why), command=command))


def login_command(profile_name: str, *arguments: str) -> str:
    """What to type to log this profile in."""
    option = () if profile_name == profiles.DEFAULT else ("--profile", profile_name)
    return " ".join(("chatclient login", *arguments, *option))
