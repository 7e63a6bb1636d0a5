"""Unbound, a resolver that caches: over names of its own, and over zones that another server (nsd) has.

with nsd({"example.test": zone()}) as origin, unbound(stubs={"example.test": origin}) as resolver:
    ...  # resolver.host, resolver.host6, resolver.port
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import own_folder, running


@contextlib.contextmanager
def unbound(
    records: Sequence[str] = (), *, stubs: Mapping[str, Listening] | None = None, port: int | None = None
) -> Iterator[Listening]:
    """Resolve these records (``www.test. 60 IN A 192.0.2.1``) and the zones of others.

    All else is refused, or does not exist if it is under ``test.``.
    """
    program = needs("unbound")
    own = place(port)
    with own_folder() as folder:
        config = _SERVER.format(folder=folder, port=own.port)
        config += "".join(f"  interface: {address}\n" for address in own.addresses)
        config += "".join(f"  local-data: '{record}'\n" for record in records)
        config += "".join(f'  local-zone: "{zone}." transparent\n' for zone in stubs or {})
        for zone, origin in (stubs or {}).items():
            config += f'stub-zone:\n  name: "{zone}"\n  stub-addr: {origin.host}@{origin.port}\n'
        (folder / "unbound.conf").write_text(config)
        command = [program, "-d", "-d", "-v", "-c", folder / "unbound.conf"]
        with running(command, ready="start of service", folder=folder) as server:
            yield Listening(own.host, own.host6, own.port, server.pid)


_SERVER = """\
remote-control:
  control-enable: no
server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  port: {port}
  module-config: "iterator"
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  access-control: ::1 allow
  local-zone: "." refuse
"""
