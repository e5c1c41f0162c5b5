"""The example settings in etc are ones that the server takes."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from chatserver.settings import Settings, load

_ETC = Path(__file__).parents[2] / "etc"


class SettingsTests(SynchronousTestCase):
    def test_the_examples_can_be_loaded(self) -> None:
        lines = (_ETC / "chatserver.env.example").read_text(encoding="utf-8").splitlines()
        variables = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
        self.assertEqual(variables.keys(), {"CHATSERVER_DATABASE", "CHATSERVER_REDIS"})
        settings = load({}, config=str(_ETC / "chatserver.toml"), environment=variables)
        self.assertTrue(settings.database.startswith("mysql://chat:"))
        self.assertEqual(settings.drain, Settings().drain)
        self.assertEqual(settings.workers, 0)
