"""OpenSSH's server, with host keys of its own; nobody can log in.

with sshd() as server:
    ...  # server.host, server.port, server.fingerprints["ed25519"] == "SHA256:…"
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import own_folder, running


@dataclass(frozen=True, slots=True)
class ShellServer(Listening):
    """``fingerprints`` as ssh-keygen prints them, ``keys`` as known_hosts has them, both by type (``ed25519``, ``rsa``,
    ``ecdsa``)."""

    fingerprints: Mapping[str, str]
    keys: Mapping[str, str]


@contextlib.contextmanager
def sshd(types: Sequence[str] = ("ed25519", "ecdsa"), *, options: str = "") -> Iterator[ShellServer]:
    """Serve SSH with a host key of each type, and these further lines of sshd_config (as ``Banner …``)."""
    program, keygen = needs("sshd"), needs("ssh-keygen")
    own = place()
    with own_folder() as folder:
        files = {kind: folder / f"key_{kind}" for kind in types}
        for kind, file in files.items():
            subprocess.run([keygen, "-q", "-t", kind, "-N", "", "-C", "", "-f", file], check=True)
        config = "".join(f"HostKey {file}\n" for file in files.values())
        config += "".join(f"ListenAddress {_bracketed(address)}:{own.port}\n" for address in own.addresses)
        config += f"PidFile none\nUsePAM no\nStrictModes no\nMaxStartups 200\n{options}\n"
        (folder / "sshd_config").write_text(config)
        fingerprints = {kind: _fingerprint(keygen, file) for kind, file in files.items()}
        keys = {kind: file.with_suffix(".pub").read_text().strip() for kind, file in files.items()}
        command = [program, "-D", "-e", "-f", folder / "sshd_config"]
        with running(command, ready="Server listening on", folder=folder) as server:
            for address in own.addresses:  # it takes them in an order of its own
                server.wait_for(f"Server listening on {address} port {own.port}")
            yield ShellServer(own.host, own.host6, own.port, server.pid, fingerprints, keys)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _fingerprint(keygen: Path, file: Path) -> str:
    told = subprocess.run([keygen, "-l", "-f", file], check=True, capture_output=True, text=True).stdout
    return told.split()[1]
