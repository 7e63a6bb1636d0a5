"""NSD, a name server with authority over zones given as text.

with nsd({"example.test": zone(serial=7, records="www 60 IN A 192.0.2.1")}) as server:
    ...  # server.host, server.host6, server.port
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import own_folder, running


def zone(serial: int = 1, records: str = "", *, host: str = "127.0.0.1") -> str:
    """A zone with this serial whose name server is ``ns`` (at ``host``), and more records, one in a line."""
    head = f"$TTL 60\n@ IN SOA ns hostmaster {serial} 3600 600 86400 60\n@ IN NS ns\nns IN A {host}\n"
    return head + records.rstrip("\n") + "\n"


@contextlib.contextmanager
def nsd(zones: Mapping[str, str], *, port: int | None = None) -> Iterator[Listening]:
    """Serve these zones (name → text); on a given port, as 53, by IPv4 only."""
    program = needs("nsd")
    own = place(port)
    with own_folder() as folder:
        addresses = "".join(f"  ip-address: {each}\n" for each in own.addresses)
        config = _SERVER.format(folder=folder, port=own.port, addresses=addresses)
        for index, (name, text) in enumerate(zones.items()):
            (folder / f"{index}.zone").write_text(text)
            config += f'zone:\n  name: "{name}"\n  zonefile: "{index}.zone"\n'
        (folder / "nsd.conf").write_text(config)
        with running([program, "-d", "-c", folder / "nsd.conf"], ready="nsd started", folder=folder) as server:
            yield Listening(own.host, own.host6, own.port, server.pid)


_SERVER = """\
server:
{addresses}  port: {port}
  do-ip4: yes
  do-ip6: yes
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  logfile: ""
  pidfile: ""
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  verbosity: 1
  hide-version: no
remote-control:
  control-enable: no
"""
