"""The hook for certbot puts a renewed certificate where the server reads it."""

from __future__ import annotations

import grp
import os
import subprocess
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from chatserver.tls.files import Files
from tests.support.certificates import Authority
from tests.support.folders import temporary_folder

_HOOK = (Path(__file__).parents[2] / "etc/letsencrypt/chatserver").read_text(encoding="utf-8")


class HookTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.copies = self.folder / "tls"
        self.copies.mkdir()
        group = grp.getgrgid(os.getegid()).gr_name
        self.hook = _HOOK.replace("/etc/chatserver/tls", str(self.copies)).replace(
            "-g chatserver", f"-g {group}"
        )

    def run_for(self, host: str) -> None:
        lineage = self.folder / "live" / host
        lineage.mkdir(parents=True)
        pair = Authority().issue()
        (lineage / "privkey.pem").write_bytes(pair.key_pem())
        (lineage / "fullchain.pem").write_bytes(pair.certificate_pem)
        environment = os.environ | {"RENEWED_LINEAGE": str(lineage)}
        subprocess.run(["sh", "-c", self.hook], env=environment, check=True)

    def test_what_it_copies_is_what_the_server_takes(self) -> None:
        self.run_for("chat.example.org")
        key = self.copies / "privkey.pem"
        Files(key, self.copies / "fullchain.pem", None).read(time.time())
        self.assertEqual(key.stat().st_mode & 0o777, 0o640)

    def test_other_certificates_are_none_of_its_business(self) -> None:
        self.run_for("www.example.org")
        self.assertEqual(list(self.copies.iterdir()), [])
