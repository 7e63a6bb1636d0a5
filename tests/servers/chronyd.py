"""chronyd, an NTP server that leaves the machine's clock alone.

with chronyd(stratum=3) as server:
    ...  # server.host, server.host6, server.port (UDP)
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.servers.needs import needs
from tests.servers.place import Listening, Place, place
from tests.servers.process import NotStarted, account, own_folder, running


@contextlib.contextmanager
def chronyd(stratum: int | None = 3, *, port: int | None = None) -> Iterator[Listening]:
    """Serve the machine's own time with this stratum (1 to 15); None: answer that the clock is not synchronised."""
    program = needs("chronyd")
    own = place(port)
    user, _ = account()
    with own_folder() as folder:
        local = f"local stratum {stratum}\n" if stratum is not None else ""
        bind = "".join(f"bindaddress {address}\n" for address in own.addresses)
        config = f"{local}{bind}port {own.port}\ncmdport 0\nbindcmdaddress /\npidfile {folder}/pid\nallow all\n"
        (folder / "chrony.conf").write_text(config)
        # -x: never touches the clock; -U: need not be root; -d: in the foreground
        command = [program, "-x", "-U", "-d", "-u", user, "-f", folder / "chrony.conf"]
        with running(command, ready="Disabled control of system clock", folder=folder) as server:
            _wait_for_answer(own)  # it does not say when it listens
            yield Listening(own.host, own.host6, own.port, server.pid)


def _wait_for_answer(own: Place) -> None:
    """Ask the last of its addresses until it answers; NotStarted after a while."""
    address = own.addresses[-1]
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((address, own.port))
        client.settimeout(0.05)
        for _ in range(400):
            with contextlib.suppress(ConnectionRefusedError, TimeoutError):
                client.send(b"\x23" + bytes(47))
                client.recv(512)
                return
            threading.Event().wait(0.01)
    raise NotStarted("chronyd does not answer")
