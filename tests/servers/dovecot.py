"""Dovecot, an IMAP server: with STARTTLS on one port, with TLS from the begin on another, and one account.

address = own_address()  # of tests.addresses
certificate = Authority().issue("server.test", address, "::1")
with dovecot(certificate, host=address) as server:
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
class MailStore(Listening):
    """``port``: IMAP with STARTTLS; ``tls_port``: IMAP within TLS."""

    tls_port: int
    user: str = "alice"
    password: str = "correct horse"


@contextlib.contextmanager
def dovecot(
    certificate: Pair | None = None, *, plain_login: bool = True, host: str | None = None
) -> Iterator[MailStore]:
    """Serve one account's mail; without a certificate there is no TLS (and nothing on ``tls_port``).

    ``plain_login=False``: LOGIN and AUTHENTICATE are refused outside of TLS (LOGINDISABLED); not by IPv6, where
    client and server have the same address, which Dovecot takes for safe.
    """
    program = needs("dovecot")
    own = place(host=host)
    user, group = account()
    tls_port = free_port(*own.addresses)
    with own_folder() as folder:
        store = MailStore(own.host, own.host6, own.port, 0, tls_port)
        (folder / "mail").mkdir()
        (folder / "users").write_text(f"{store.user}:{{PLAIN}}{store.password}::::{folder / 'mail'}\n")
        tls = "ssl = no\n"
        if certificate is not None:
            files = certificate.write(folder)
            tls = f"ssl = yes\nssl_cert = <{files.certificate}\nssl_key = <{files.key}\n"
        config = _CONFIG.format(
            folder=folder,
            user=user,
            group=group,
            listen=", ".join(own.addresses),
            port=own.port,
            tls_port=tls_port if certificate else 0,
            plain="no" if plain_login else "yes",
        )
        (folder / "dovecot.conf").write_text(config + tls)
        command = [program, "-F", "-c", folder / "dovecot.conf"]
        with running(command, ready="starting up for imap", folder=folder) as server:
            yield MailStore(own.host, own.host6, own.port, server.pid, tls_port)


_CONFIG = """\
protocols = imap
listen = {listen}
base_dir = {folder}/run
state_dir = {folder}
log_path = /dev/stderr
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
disable_plaintext_auth = {plain}
auth_failure_delay = 0
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
  default_fields = uid={user} gid={group} home={folder}/mail
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""
