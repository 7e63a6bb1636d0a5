"""Prometheus' Alertmanager: its v2 API.

with alertmanager() as server:
    ...  # POST to server.url + "/api/v2/alerts"; server.url6 is the same by IPv6
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import bcrypt

from tests.servers.certificates import Pair
from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import own_folder, running


@dataclass(frozen=True, slots=True)
class AlertManager(Listening):
    """``url`` and ``url6``: the root of its API, by IPv4 and by IPv6."""

    url: str
    url6: str


@contextlib.contextmanager
def alertmanager(
    certificate: Pair | None = None, *, password: str | None = None, host: str | None = None
) -> Iterator[AlertManager]:
    """Take alerts and tell nobody; by HTTPS with a certificate.

    ``password`` (of the user ``alice``): only from those who know it.
    """
    program = needs("prometheus-alertmanager")
    own = place(host=host)
    with own_folder() as folder:
        (folder / "alertmanager.yml").write_text("route:\n  receiver: nobody\nreceivers:\n- name: nobody\n")
        web = ""
        if certificate is not None:
            files = certificate.write(folder)
            web += f"tls_server_config:\n  cert_file: {files.certificate}\n  key_file: {files.key}\n"
        if password is not None:
            hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
            web += f'basic_auth_users:\n  alice: "{hashed}"\n'
        (folder / "web.yml").write_text(web)
        command = [
            program,
            f"--config.file={folder}/alertmanager.yml",
            f"--web.config.file={folder}/web.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address={own.host}:{own.port}",
            f"--web.listen-address=[{own.host6}]:{own.port}",
            "--cluster.listen-address=",
        ]
        with running(command, ready="Listening on|TLS is", folder=folder) as server:
            server.wait_for(f"address=.*::1.*:{own.port}")
            urls = [f"{'https' if certificate else 'http'}://{each}:{own.port}" for each in (own.host, "[::1]")]
            yield AlertManager(own.host, own.host6, own.port, server.pid, *urls)
