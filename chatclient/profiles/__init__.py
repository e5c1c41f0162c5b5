"""Profiles: an account on a server, and what is kept of it on this machine. No passwords."""

from chatclient.profiles.folders import DEFAULT, check_name, home, load, names
from chatclient.profiles.logins import first_start, log_in_again, log_out
from chatclient.profiles.profile import KINDS, Hold, Kind, Profile

__all__ = [
    "DEFAULT",
    "KINDS",
    "Hold",
    "Kind",
    "Profile",
    "check_name",
    "first_start",
    "home",
    "load",
    "log_in_again",
    "log_out",
    "names",
]
