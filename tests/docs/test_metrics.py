"""docs/metrics.md lists what there is."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from chatserver.web.metrics import ROWS
from tests.docs.page import DOCS

_PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")


class MetricsPageTests(SynchronousTestCase):
    maxDiff = None

    def test_lists_every_metric_as_the_server_describes_it(self) -> None:
        shown = re.findall(r"^\| `(chatserver_\w+)` \| (\w+) \| (.+?) \| (.+) \|$", _PAGE, re.M)
        real = [
            (
                row.full_name,
                row.kind,
                ", ".join(f"`{label}`" for label in row.labels) or "–",
                row.help,
            )
            for row in ROWS
        ]
        self.assertEqual(shown, real)

    def test_advises_on_nothing_that_does_not_exist(self) -> None:
        names = {row.full_name for row in ROWS}
        names |= {
            f"{row.full_name}_{part}"
            for row in ROWS
            if row.is_histogram
            for part in ("bucket", "sum", "count")
        }
        self.assertEqual(set(re.findall(r"chatserver_\w+", _PAGE)) - names, set())
