"""Exim, an SMTP server: with STARTTLS on one port, with TLS from the begin on another, and one account.

address = own_address()  # of tests.addresses
certificate = Authority().issue("server.test", address, "::1")
with exim(certificate, host=address) as server:
    ...  # server.host, server.port (STARTTLS), server.tls_port, server.user, server.password
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.ports import free_port
from tests.servers.certificates import Pair
from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import account, own_folder, running


@dataclass(frozen=True, slots=True)
class MailServer(Listening):
    """``port``: SMTP with STARTTLS; ``tls_port``: SMTP within TLS. It calls itself ``name``, takes mail for that
    domain (and forgets it), and refuses relaying. The account is for AUTH PLAIN and LOGIN."""

    tls_port: int
    name: str = "mail.test"
    user: str = "alice"
    password: str = "correct horse"


@contextlib.contextmanager
def exim(
    certificate: Pair | None = None, *, greets: bool = True, login: bool = True, host: str | None = None
) -> Iterator[MailServer]:
    """Serve SMTP; without a certificate there is no STARTTLS, and TLS on ``tls_port`` fails.

    ``greets=False``: every client is told 554 in place of 220. ``login=False``: every AUTH is refused with 535.
    """
    program = needs("exim4")
    own = place(host=host)
    tls_port = free_port(*own.addresses)
    user, group = account()
    with own_folder() as folder:
        record = MailServer(own.host, own.host6, own.port, 0, tls_port)
        (folder / "log").mkdir()
        tls = "tls_advertise_hosts =\n"
        if certificate is not None:
            files = certificate.write(folder)
            tls = f"tls_advertise_hosts = *\ntls_certificate = {files.certificate}\ntls_privatekey = {files.key}\n"
        config = _CONFIG.format(
            tls=tls,
            name=record.name,
            folder=folder,
            user=user,
            group=group,
            interfaces=" ; ".join(own.addresses),
            ports=f"{own.port} : {tls_port}",
            tls_port=tls_port,
            greeting="accept" if greets else "deny message = 554 go away",
            account=record.user,
            password=record.password,
            login="yes" if login else "no",
        )
        (folder / "exim.conf").write_text(config)
        command = [program, "-C", folder / "exim.conf", "-bdf", "-d"]  # with -d it says when it listens
        with running(command, ready=r"Listening\.\.\.", folder=folder) as server:
            yield MailServer(own.host, own.host6, own.port, server.pid, tls_port)


_CONFIG = """\
{tls}primary_hostname = {name}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
exim_user = {user}
exim_group = {group}
never_users =
deliver_drop_privilege
local_interfaces = <; {interfaces}
daemon_smtp_ports = {ports}
tls_on_connect_ports = {tls_port}
tls_verify_certificates =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_connect = acl_connect
acl_smtp_rcpt = acl_rcpt
begin acl
acl_connect:
  {greeting}
acl_rcpt:
  accept domains = {name}
  deny message = relay not permitted
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{bool{{{login}}}}}{{eq{{$auth2}}{{{account}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{{bool{{{login}}}}}{{eq{{$auth1}}{{{account}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
begin routers
hole:
  driver = redirect
  data = :blackhole:
begin transports
begin retry
"""
