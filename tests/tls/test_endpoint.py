"""Endpoint strings of ports with TLS."""

from __future__ import annotations

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from chatserver.tls.certificates import Certificates
from chatserver.tls.endpoint import is_tls, tls_endpoint
from chatserver.tls.files import Unusable
from tests.support.certificates import make_certificates
from tests.support.folders import temporary_folder


class EndpointTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self) / "a:b=c"
        self.folder.mkdir()
        self.made = make_certificates(self.folder)
        self.certificates = Certificates()
        escaped = str(self.folder).replace(":", r"\:")
        self.files = f"privateKey={escaped}/key.pem:certKey={escaped}/cert.pem"

    def test_what_it_says_is_done(self) -> None:
        reactor = MemoryReactor()
        text = rf"ssl:6443:{self.files}:interface=\:\:1:backlog=7"
        self.assertTrue(is_tls(text))
        self.successResultOf(tls_endpoint(text, self.certificates, reactor).listen(None))
        [(port, _, certificate, backlog, interface)] = reactor.sslServers
        self.assertEqual((port, backlog, interface), (6443, 7, "::1"))
        self.assertEqual(list(self.certificates), [certificate])
        self.assertEqual(certificate.files.key, self.made.key)

    def test_ports_with_the_same_files_have_one_certificate(self) -> None:
        for port in (1, 2):
            tls_endpoint(f"ssl:{port}:{self.files}", self.certificates, None)
        self.assertEqual(len(list(self.certificates)), 1)

    def test_the_certificate_may_be_in_the_file_of_the_key(self) -> None:
        both = self.folder.parent / "both.pem"
        both.write_bytes(self.made.key.read_bytes() + self.made.certificate.read_bytes())
        tls_endpoint(f"ssl:1:privateKey={both}", self.certificates, None)
        [certificate] = self.certificates
        self.assertEqual(certificate.files.certificate, both)

    def test_paths_stay_what_they_are_wherever_the_server_goes(self) -> None:
        with self.assertRaisesRegex(Unusable, "there is no file /.*none.pem"):
            tls_endpoint("ssl:1:privateKey=none.pem", self.certificates, None)

    def test_wrong_ones(self) -> None:
        for text, says in (
            ("ssl:", "a port number"),
            ("ssl:https", "a port number"),
            ("ssl:70000:privateKey=x", "65535"),
            ("ssl:6443", "privateKey=FILE"),
            ("ssl:6443:certKey=x", "privateKey=FILE"),
            ("ssl:6443:privateKey=x:sslmethod=TLSv1_METHOD", "no 'sslmethod'"),
            ("ssl:6443:privateKey=x:backlog=many", "backlog is a number"),
            ("ssl:6443:privateKey", "privateKey=FILE"),
        ):
            with self.assertRaises(ValueError) as raised:
                tls_endpoint(text, self.certificates, None)
            self.assertIn(says, str(raised.exception), text)
