"""What monitors of mail servers and their kin take: TLS from the start or by STARTTLS, and an account to log in to."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from pymon.errors import PluginUsageError
from pymon.options import flag, option
from pymon.plugin.blocking import in_thread
from pymon.plugin.secret import read_secret
from pymon.plugin.tls import TlsOptions


@dataclass(frozen=True)
class LoginOptions(TlsOptions):
    """Inherit your Options from it: ``tls`` from the start, ``starttls``, ``user`` and his password.

    A password goes out within TLS only, unless ``cleartext`` allows more. Raises PluginUsageError where what is given
    does not go together.
    """

    tls: bool = flag("-S", "--tls", about="TLS from the start")
    starttls: bool = flag("--starttls", about="TLS by STARTTLS, which the server must offer")
    user: str = option("-u", "--user", default="", metavar="NAME", about="log in as this user")
    password_file: str = option(
        *("-P", "--password-file"),
        default="",
        metavar="FILE",
        about="file whose first line is the password, or credential:NAME",
    )
    cleartext: bool = flag("--cleartext", about="let the password go out without TLS")

    def __post_init__(self) -> None:
        if self.tls and self.starttls:
            raise PluginUsageError("--tls and --starttls exclude each other")
        if bool(self.user) != bool(self.password_file):
            raise PluginUsageError("--user and --password-file need each other")
        if self.user and not (self.tls or self.starttls or self.cleartext):
            raise PluginUsageError("--user needs --tls or --starttls (or --cleartext: the password can be read then)")

        if self.starttls and self.key and not self.cert:  # known before there is a connection to secure
            raise PluginUsageError("--key needs --cert")

    def context_from_start(self) -> ssl.SSLContext | None:
        """The context for a conversation in TLS from the start, where that is asked for."""
        return self.context() if self.tls else None

    def validate(self, environ: Mapping[str, str]) -> None:
        """Try the files; raises PluginUsageError. Blocks."""
        if self.user:
            read_secret(self.password_file, environ)
        if self.tls or self.starttls:
            self.context()

    async def password(self, environ: Mapping[str, str]) -> str:
        """The password; raises PluginUsageError if it cannot be read."""
        return await in_thread(read_secret, self.password_file, environ)
