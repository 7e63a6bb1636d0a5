"""The arguments of both clients: where the server is, the user, and how long to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymon.client.address import ServerAddress, address
from pymon.client.protocol import MAX_ANSWER, ClientProtocol, Steps

if TYPE_CHECKING:
    import ssl

TIMEOUT = 30.0
"""seconds, where nothing else is said"""
CHUNK = 262144
"""bytes that are received at once"""


class Endpoint:
    """A server, and what to tell it first.

    ``host`` and ``port`` default to MONHOST or ``localhost``, and to the service ``mon`` or 2583; ``path`` is a Unix
    socket to use instead. ``tls`` is True for TLS with the system's certificate authorities, or a context of one's own.
    ``timeout`` is the time limit, in seconds, of connecting and of each command, ``answer_limit`` how many bytes one
    answer may have. With ``username`` connecting logs in.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        *,
        path: str | None = None,
        username: str = "",
        password: str = "",
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | bool = False,
        check_protocol: bool = True,
        answer_limit: int = MAX_ANSWER,
    ) -> None:
        self.address: ServerAddress = address(host, port, path)
        self.username = username
        self.timeout = timeout
        self._password = password
        self._tls = tls
        self._check_protocol = check_protocol
        self._answer_limit = answer_limit
        self._conversation = ClientProtocol(answer_limit)

    def _greeting(self) -> Steps[None]:
        """The first steps of a new conversation."""
        self._conversation = ClientProtocol(self._answer_limit)
        return self._conversation.greet(self.username, self._password, check_protocol=self._check_protocol)
