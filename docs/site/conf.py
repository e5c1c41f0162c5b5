"""The site: README.md is its front page, and its paths are the repository's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from chatserver import __version__

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

#: What the sidebar lists, part by part. The pages themselves know nothing of it.
NAVIGATION = {
    "Use": ["docs/first-steps", "docs/terminal", "docs/web"],
    "Write": ["docs/scripts", "docs/client", "docs/protocol"],
    "Operate": [
        "docs/settings",
        "docs/operating",
        "etc/README",
        "docs/metrics",
        "docs/scaling",
        "docs/security",
    ],
    "Understand": ["docs/reliability", "docs/performance", "docs/architecture", "CHANGELOG"],
    "中文": ["README.zh", "docs/zh/first-steps"],
}
#: What it calls pages whose own titles say too little there.
SHORT = {"README.zh": "简介", "docs/client": "The client library"}

project = "chatserver"
project_copyright = "the chatserver authors"
release = __version__
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["README*.md", "CHANGELOG.md", "docs/*.md", "docs/zh/*.md", "etc/README.md"]
exclude_patterns = [".*", "build", "chat*", "sql", "tests", "twisted"]
nitpicky = True
smartquotes = False

# Links to headings are GitHub's.
myst_heading_anchors = 4
html_theme = "furo"
html_title = "chatserver"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_logo = "static/logo.svg"
html_favicon = "static/logo.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6e5a", "color-brand-content": "#0b6e5a"},
    "dark_css_variables": {"color-brand-primary": "#5fd3b5", "color-brand-content": "#5fd3b5"},
    "top_of_page_buttons": [],
}


def add_navigation(_app: Sphinx, docname: str, text: list[str]) -> None:
    """Give the front page the tree of all pages, which it does not show itself."""
    if docname == root_doc:
        for caption, pages in NAVIGATION.items():
            names = [f"{SHORT[page]} </{page}>" if page in SHORT else f"/{page}" for page in pages]
            lines = ["", "```{toctree}", ":hidden:", f":caption: {caption}", *names, "```"]
            text[0] += "\n".join([*lines, ""])


def tell_language(
    _app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Let browsers and screen readers know which pages are Chinese."""
    if pagename in NAVIGATION["中文"]:
        context["language"] = "zh-CN"


def copy_front_page(app: Sphinx, failure: Exception | None) -> None:
    """A site begins at index.html."""
    if failure is None:
        shutil.copyfile(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))


def setup(app: Sphinx) -> None:
    app.connect("source-read", add_navigation)
    app.connect("html-page-context", tell_language)
    app.connect("build-finished", copy_front_page)
