"""Certificates that are renewed while the server runs."""

from __future__ import annotations

import time

from twisted.trial.unittest import TestCase

from chatserver.tls.certificates import Certificate
from chatserver.tls.files import Files, Unusable
from tests.support.certificates import make_certificates
from tests.support.folders import temporary_folder
from tests.support.logs import listen

DAY = 86_400


class CertificateTests(TestCase):
    def setUp(self) -> None:
        self.made = make_certificates(temporary_folder(self))
        self.made.renew(ends=90)
        self.passed = 0.0
        self.log = listen(self, "chatserver.tls")

    def certificate(self) -> Certificate:
        start = time.time()
        files = Files(self.made.key, self.made.certificate, None)
        return Certificate(files, lambda: start + self.passed)

    def test_nothing_happens_while_nothing_changes(self) -> None:
        certificate = self.certificate()
        certificate.begin()
        for _ in range(3):
            certificate.look()
        [line] = self.log
        self.assertIn(f"{self.made.certificate} is valid until 2", line)

    def test_a_key_for_everybody_is_told_of(self) -> None:
        self.made.key.chmod(0o604)
        self.certificate().begin()
        self.assertEqual(len(self.log), 1)  # its folder is shut
        self.made.key.parent.chmod(0o755)
        self.certificate().begin()
        self.assertIn(f"everybody on this machine can read the key {self.made.key}", self.log[2])

    def test_a_new_one_is_taken_at_the_second_look(self) -> None:
        certificate = self.certificate()
        self.made.renew(ends=50)
        certificate.look()
        self.assertGreater(certificate.remaining, 80 * DAY)
        certificate.look()
        self.assertLess(certificate.remaining, 51 * DAY)
        certificate.look()
        [line] = self.log
        self.assertIn(f"{self.made.certificate} was renewed", line)

    def test_files_that_were_only_touched_are_no_news(self) -> None:
        certificate = self.certificate()
        self.made.certificate.write_bytes(self.made.certificate.read_bytes())
        for _ in range(3):
            certificate.look()
        self.assertEqual(self.log, [])

    def test_bad_files_are_told_of_once_for_each_change(self) -> None:
        certificate = self.certificate()
        self.made.key.write_text("half a k")
        for _ in range(3):
            certificate.look()
        self.assertGreater(certificate.remaining, 80 * DAY)
        self.assertEqual(len(self.log), 1)
        self.assertIn("no private key", self.log[0])
        self.assertIn("stays in use", self.log[0])
        self.made.certificate.unlink()
        for _ in range(3):
            certificate.look()
        self.assertEqual(len(self.log), 2)
        self.assertIn("there is no file", self.log[1])
        self.made.renew(ends=70)
        for _ in range(3):
            certificate.look()
        self.assertIn("was renewed", self.log[2])

    def test_the_end_of_trouble_is_told_of(self) -> None:
        certificate = self.certificate()
        good = self.made.key.read_bytes()
        for content in (b"half a k", good):
            self.made.key.write_bytes(content)
            for _ in range(3):
                certificate.look()
        self.assertEqual(len(self.log), 2)
        self.assertIn("good again", self.log[1])

    def test_what_passes_by_itself_needs_no_other_change(self) -> None:
        certificate = self.certificate()
        self.made.write(self.made.signer.issue(begins=1, ends=50))
        for _ in range(3):
            certificate.look()
        self.assertEqual(len(self.log), 1)
        self.assertIn("not valid before", self.log[0])
        self.passed = 2 * DAY
        certificate.look()
        self.assertIn("was renewed", self.log[1])
        self.assertLess(certificate.remaining, 50 * DAY)

    def test_a_start_takes_no_bad_ones(self) -> None:
        self.made.key.write_text("half a k")
        with self.assertRaises(Unusable):
            self.certificate()

    def test_warns_daily_of_its_end(self) -> None:
        certificate = self.certificate()
        self.passed = 75 * DAY
        certificate.look()
        self.assertEqual(self.log, [])
        self.passed = 77 * DAY
        for _ in range(3):
            certificate.look()
        self.assertEqual(len(self.log), 1)
        self.assertIn("expires 2", self.log[0])
        self.passed = 78.5 * DAY
        certificate.look()
        self.assertEqual(len(self.log), 2)
        self.passed = 91 * DAY
        certificate.look()
        self.assertIn("expired", self.log[2])
        self.assertLess(certificate.remaining, 0)

    def test_warns_at_the_start(self) -> None:
        self.made.write(self.made.signer.issue(begins=-80, ends=10))
        self.certificate().begin()
        self.assertIn("renew it", self.log[1])

    def test_short_lived_ones_have_less_time_to_be_renewed_in(self) -> None:
        self.made.write(self.made.signer.issue(begins=-1, ends=5))
        self.certificate().begin()
        self.assertEqual(len(self.log), 1)
