"""The systemd unit starts a server as the server wants to be started."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from chatserver.settings import Settings
from chatserver.tap import Options

_ETC = Path(__file__).parents[2] / "etc"
_UNIT = (_ETC / "systemd/chatserver@.service").read_text(encoding="utf-8")
_WITH_TLS = (_ETC / "systemd/tls.conf").read_text(encoding="utf-8")


def values(key: str, text: str = _UNIT) -> list[str]:
    """All that the unit gives for a key."""
    return re.findall(rf"^{key}=(.*)$", text.replace("\\\n", ""), re.MULTILINE)


class UnitTests(SynchronousTestCase):
    def test_the_command_is_one_that_twistd_takes(self) -> None:
        [command] = values("ExecStart")
        twistd, *words = shlex.split(command.replace("%i", "6000"))
        self.assertEqual(Path(twistd).name, "twistd")
        at = words.index("chatserver")
        # Without a process id file, which a crash would leave behind; not in the background.
        self.assertEqual(words[:at], ["--pidfile=", "-n"])
        options = Options()
        options.parseOptions(words[at + 1 :])
        self.assertEqual(options.settings().port, ("6000",))

    def test_with_tls_it_is_the_same_command_with_another_port(self) -> None:
        [plain] = values("ExecStart")
        nothing, command = values("ExecStart", _WITH_TLS)
        self.assertEqual(nothing, "")  # or systemd would run both
        self.assertEqual(command.split()[:-1], plain.split()[:-1])
        files = [Path(path) for path in re.findall(r"(?:privateKey|certKey)=([^:]+)", command)]
        self.assertEqual(len(files), 2)
        hook = (_ETC / "letsencrypt/chatserver").read_text(encoding="utf-8")
        for path in files:
            self.assertIn(f"{path.parent}/", hook)
            self.assertIn(f"/{path.name}", hook)

    def test_a_stop_has_the_time_that_draining_takes(self) -> None:
        [stop] = values("TimeoutStopSec")
        [example] = re.findall(r"^drain = (\d+)", (_ETC / "chatserver.toml").read_text(), re.M)
        self.assertGreater(int(stop), 2 * Settings().drain)
        self.assertGreater(int(stop), 2 * int(example))

    def test_stopping_is_no_failure_and_dying_is(self) -> None:
        self.assertEqual(values("KillSignal"), ["SIGTERM"])
        self.assertEqual(values("SuccessExitStatus"), [str(128 + 15)])
        self.assertEqual(values("Restart"), ["on-failure"])

    def test_workers_stop_in_good_order_without_their_parent_and_die_alone(self) -> None:
        self.assertEqual(values("KillMode"), ["control-group"])
        self.assertEqual(values("OOMPolicy"), ["continue"])

    def test_it_may_do_what_the_server_does(self) -> None:
        # TLS makes code at run time; hashing threads call setpriority.
        self.assertEqual(values("MemoryDenyWriteExecute"), [])
        refused = [each for each in values("SystemCallFilter") if each.startswith("~")]
        self.assertNotIn("@resources", " ".join(refused))
        self.assertGreaterEqual(set(values("RestrictAddressFamilies")[0].split()), {"AF_INET6"})

    def test_it_reads_the_files_that_are_here(self) -> None:
        [config] = values("Environment")
        name, path = config.split("=")
        self.assertEqual((name, path), ("CHATSERVER_CONFIG", "/etc/chatserver/chatserver.toml"))
        self.assertEqual(values("EnvironmentFile"), ["/etc/chatserver/chatserver.env"])
