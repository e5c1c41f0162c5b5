"""The language of what the programs say: English in the sources, others in ``locale/``.

Texts are written ``_("lost the connection to {where}").format(where=where)``, with
``gettext`` imported as ``_``; texts of constants are ``marked`` and translated when shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from chatclient.catalog import parse_catalog

CHINESE = "zh_CN"
_translations: dict[str, str] = {}


def gettext(text: str) -> str:
    """The text in the language in use."""
    return _translations.get(text) or text


def marked(text: str) -> str:
    """The text as it is; says that it is one for :func:`gettext` later on."""
    return text


def use_language(language: str | None) -> None:
    """Speak this language from now on; None is English."""
    _translations.clear()
    if language is not None:
        catalog = files("chatclient").joinpath("locale", f"{language}.po")
        _translations.update(parse_catalog(catalog.read_text(encoding="utf-8")))


def language_of(environment: Mapping[str, str]) -> str | None:
    """The language that the locale asks for, where there is a catalog for it.

    As everywhere, the first that is set of LC_ALL, LC_MESSAGES and LANG counts, and LANGUAGE
    may overrule it unless it is the C locale.
    """
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "C")
    if locale.partition(".")[0] in ("C", "POSIX"):
        return None
    wanted = (environment.get("LANGUAGE") or locale).partition(":")[0]
    return CHINESE if wanted.startswith("zh") else None
