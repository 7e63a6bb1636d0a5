"""Ports of tests are nobody else's."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ports
from tests.ports import fixed_port, free_port

ROOT = Path(__file__).resolve().parents[1]
TAKE = """import sys
from tests.ports import free_port
print(*[free_port() for _ in range(50)], flush=True)
sys.stdin.read()
"""


def test_many_processes_get_no_port_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """They all begin to look at the same place, and hold what they were given."""
    code = f"import os\nos.getpid = lambda: {os.getpid()}\n{TAKE}"
    with contextlib.ExitStack() as stack:
        takers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
                )
            )
            for _ in range(4)
        ]
        given = [port for taker in takers if taker.stdout for port in taker.stdout.readline().split()]
        own = [str(free_port()) for _ in range(50)]
        assert len({*given, *own}) == 5 * 50


def test_what_ended_gives_its_ports_back() -> None:
    code = f"import os\nos.getpid = lambda: 1\n{TAKE}"
    runs = [
        subprocess.run([sys.executable, "-c", code], input="", capture_output=True, text=True, cwd=ROOT, check=True)
        for _ in range(2)
    ]
    assert set(runs[0].stdout.split()) & set(runs[1].stdout.split())


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "127.99.3.2", "::", "::1"])
def test_a_port_that_somebody_has_on_any_address_is_not_given(
    host: str, kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as holder:
        try:
            holder.bind((host, port))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        monkeypatch.setattr(ports, "_taken", set())
        monkeypatch.setattr(ports, "FIRST", port)
        monkeypatch.setattr(ports, "_end", lambda: port + 1)
        with pytest.raises(OSError, match=f"no port below {port + 1} is free on every address"):
            free_port()
    monkeypatch.setattr(ports, "_taken", set())
    assert free_port() == port


def test_a_port_refuses_until_somebody_listens() -> None:
    port = free_port()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


HAVE = """import sys
from tests.ports import fixed_port
print("asks", flush=True)
with fixed_port(int(sys.argv[1])):
    print("has", flush=True)
"""


def test_a_fixed_port_belongs_to_one_run_at_a_time() -> None:
    (port,) = ports.FIXED
    command = [sys.executable, "-c", HAVE, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout is not None
        with fixed_port(port):
            assert other.stdout.readline() == "asks\n"
            assert select.select([other.stdout], [], [], 0.3)[0] == []
        assert other.stdout.readline() == "has\n"


def test_a_fixed_port_is_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = ports.FIXED
    monkeypatch.setattr(ports, "FIRST", port)
    monkeypatch.setattr(ports, "_end", lambda: port + 1)
    with pytest.raises(OSError, match="no port below"):
        free_port()


def test_it_lies_below_the_ports_of_clients() -> None:
    with socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        first, _ = map(int, ports.CLIENTS_PORTS.read_text(encoding="ascii").split())
        assert client.getsockname()[1] >= first > free_port() >= ports.FIRST
