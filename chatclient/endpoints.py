"""The way to a server: plain TCP, or TLS with its certificate checked."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

from chatclient.address import Server
from chatclient.errors import AuthorityUnusable
from chatclient.interfaces import Endpoint
from chatclient.language import gettext as _

CONNECT_TIMEOUT = 10.0


def endpoint_of(reactor: Any, server: Server) -> Endpoint:
    """Connects to the server.

    :raises AuthorityUnusable: there are no certificates in the file that is to be trusted.
    """
    endpoint = HostnameEndpoint(reactor, server.host, server.port, timeout=CONNECT_TIMEOUT)
    if not server.tls:
        return endpoint
    trusted = None if server.authority is None else _authority(server)
    # mypy_zope takes what wraps an endpoint for no endpoint.
    wrapped: Any = wrapClientTLS(optionsForClientTLS(server.host, trusted), endpoint)
    return wrapped  # type: ignore[no-any-return]


def _authority(server: Server) -> Any:
    assert server.authority is not None
    try:
        loaded = x509.load_pem_x509_certificates(server.authority.read_bytes())
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise AuthorityUnusable(
            _("{file} has no certificates to trust ({why}); give a file in PEM form").format(
                file=server.authority, why=why
            )
        ) from problem
    pems = (each.public_bytes(Encoding.PEM) for each in loaded)
    return trustRootFromCertificates([Certificate.loadPEM(pem) for pem in pems])
