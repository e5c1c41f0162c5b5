"""What Chromium tells screen readers of a page."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.browser.page import Page


class Node(NamedTuple):
    """A thing on the page as it is told: what it is, and what it is called."""

    role: str
    name: str
    properties: dict[str, Any]


def nodes(page: Page) -> list[Node]:
    """All that is told of a page."""
    driver = page.use()
    driver.execute_cdp_cmd("Accessibility.enable", {})
    tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [
        Node(
            node["role"]["value"],
            node.get("name", {}).get("value", ""),
            {each["name"]: each["value"].get("value") for each in node.get("properties", [])},
        )
        for node in tree
        if not node["ignored"]
    ]


def names(page: Page, role: str) -> list[str]:
    """What all things of a role are called."""
    return [node.name for node in nodes(page) if node.role == role]
