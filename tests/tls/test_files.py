"""Which files of a certificate can be used, and what is said of others."""

from __future__ import annotations

import os
import time
from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.trial.unittest import SynchronousTestCase

from chatserver.tls.files import Files, Unusable
from tests.support.certificates import Authority, Pair
from tests.support.folders import temporary_folder


class FilesCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.authority = Authority()
        self.pair = self.authority.issue()
        self.files = Files(self.folder / "key.pem", self.folder / "cert.pem", None)
        self.write(self.pair)

    def write(self, pair: Pair) -> None:
        self.files.key.write_bytes(pair.key_pem())
        self.files.certificate.write_bytes(pair.certificate_pem)

    def assert_unusable(self, *says: str, files: Files | None = None) -> None:
        with self.assertRaises(Unusable) as raised:
            (files or self.files).read(time.time())
        for part in says:
            self.assertIn(part, str(raised.exception))
        self.assertNotIn("\n", str(raised.exception))


class ReadingTests(FilesCase):
    def test_a_good_pair_tells_its_time(self) -> None:
        identity = self.files.read(time.time())
        self.assertEqual(identity.expires, self.pair.certificate.not_valid_after_utc)

    def test_one_file_may_hold_all_in_any_order(self) -> None:
        parts = [self.pair.key_pem(), self.pair.certificate_pem]
        for number, content in enumerate((parts, parts[::-1])):
            path = self.folder / f"{number}.pem"
            path.write_bytes(b"\n".join(content))
            Files(path, path, None).read(time.time())

    def test_missing_files(self) -> None:
        for path in (self.files.key, self.files.certificate):
            content = path.read_bytes()
            path.unlink()
            self.assert_unusable(f"there is no file {path}")
            path.write_bytes(content)
        nowhere = self.folder / "chain.pem"
        self.assert_unusable(f"no file {nowhere}", files=self.files._replace(chain=nowhere))

    def test_a_folder_and_a_pipe_are_no_files(self) -> None:
        self.assert_unusable("is no file", files=self.files._replace(key=self.folder))
        os.mkfifo(self.folder / "pipe")
        self.assert_unusable("is no file", files=self.files._replace(key=self.folder / "pipe"))

    def test_rubbish(self) -> None:
        for content in (b"", b"rubbish", self.pair.key_pem()[:100], b"\xff" * 100):
            self.files.key.write_bytes(content)
            self.assert_unusable("no private key in", str(self.files.key))
        self.files.key.write_bytes(self.pair.certificate_pem)
        self.assert_unusable("no private key in", str(self.files.key))
        self.write(self.pair)
        for content in (b"", b"rubbish", self.pair.certificate_pem[:200], self.pair.key_pem()):
            self.files.certificate.write_bytes(content)
            self.assert_unusable("no certificate in", str(self.files.certificate))

    def test_a_certificate_with_one_wrong_byte_is_used_or_refused(self) -> None:
        good = self.pair.certificate.public_bytes(Encoding.DER)
        refused = 0
        for at in range(len(good)):
            bad = good[:at] + bytes([good[at] ^ 3]) + good[at + 1 :]
            text = b64encode(bad)
            self.files.certificate.write_bytes(
                b"-----BEGIN CERTIFICATE-----\n%b\n-----END CERTIFICATE-----\n" % text
            )
            try:
                self.files.read(time.time())
            except Unusable as problem:
                refused += 1
                self.assertNotIn("\n", str(problem))
                self.assertFalse(str(problem).endswith(": "), str(problem))
        self.assertGreater(refused, 100)

    def test_a_key_with_a_passphrase(self) -> None:
        self.files.key.write_bytes(self.pair.key_pem(b"secret"))
        self.assert_unusable("has a passphrase", "openssl pkey -in")

    def test_a_key_of_another_kind(self) -> None:
        self.files.key.write_bytes(_pem(x25519.X25519PrivateKey.generate()))
        self.assert_unusable("of a kind that TLS does not use")

    def test_a_key_of_another_certificate(self) -> None:
        for key in (
            self.authority.issue().key_pem(),
            _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        ):
            self.files.key.write_bytes(key)
            self.assert_unusable("is not that of the certificate", "made together")

    def test_the_authority_in_front_of_the_certificate(self) -> None:
        self.files.certificate.write_bytes(
            self.authority.pair.certificate_pem + self.pair.certificate_pem
        )
        self.assert_unusable("own certificate first")

    def test_an_expired_one_and_one_of_the_future(self) -> None:
        self.write(self.authority.issue(begins=-3, ends=-1))
        self.assert_unusable("expired on 2", "renew it")
        self.write(self.authority.issue(begins=1, ends=2))
        self.assert_unusable("not valid before 2", "clock")

    def test_a_chain_without_certificates(self) -> None:
        chain = self.folder / "chain.pem"
        chain.write_text("none yet")
        self.assert_unusable(f"no certificate in {chain}", files=self.files._replace(chain=chain))


class StateTests(FilesCase):
    def test_it_changes_with_the_files(self) -> None:
        states = [self.files.state()]
        self.write(self.authority.issue())
        states.append(self.files.state())
        os.replace(self.files.certificate, self.folder / "away.pem")
        states.append(self.files.state())
        (self.folder / "other.pem").write_bytes(self.pair.certificate_pem)
        self.files.certificate.symlink_to("other.pem")
        states.append(self.files.state())
        self.files.certificate.unlink()
        self.files.certificate.symlink_to("away.pem")
        states.append(self.files.state())
        self.assertEqual(len(set(states)), len(states))
        self.assertEqual(self.files.state(), states[-1])

    def test_it_changes_with_the_right_to_read(self) -> None:
        before = self.files.state()
        time.sleep(0.02)  # the kernel's clock ticks
        self.files.key.chmod(0o600)
        self.assertNotEqual(self.files.state(), before)


def _pem(key: rsa.RSAPrivateKey | x25519.X25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
