"""What a certificate says: from when to when it is valid, and for whom (pure)."""

from __future__ import annotations

import functools
import ipaddress
import warnings
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning


class Unreadable(ValueError):
    """What was given is no certificate; the text is for the user."""


class Certificate(NamedTuple):
    """Times are in UTC. ``names`` are the DNS names it is for, in lower case, wildcards among them; ``addresses`` the
    IP addresses. A common name is not among them: it counts no more (RFC 9525, 2)."""

    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    addresses: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]

    def is_for(self, host: str) -> bool:
        """Whether it is for a name or an IP address (RFC 9525, 6)."""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            wanted = _in_ascii(host)
            return any(_covers(name, wanted) for name in self.names)
        return address in self.addresses


@functools.lru_cache(maxsize=4096)
def read_certificate(der: bytes) -> Certificate:
    """Read a certificate, each once; raises Unreadable."""
    try:
        read, names = _load(der)
        return Certificate(
            read.not_valid_before_utc,
            read.not_valid_after_utc,
            tuple(name.lower().rstrip(".") for name in names.get_values_for_type(x509.DNSName)),
            tuple(
                address
                for address in names.get_values_for_type(x509.IPAddress)
                if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
            ),
        )
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise Unreadable(f"cannot read the certificate: {error}") from error


def _load(der: bytes) -> tuple[x509.Certificate, x509.SubjectAlternativeName]:
    """A certificate and its names; of what is odd in it, such as a serial of 0, nobody is warned on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        read = x509.load_der_x509_certificate(der)
        try:
            return read, read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return read, x509.SubjectAlternativeName([])


def _in_ascii(host: str) -> str:
    """A name as certificates have it: in lower case, without a last dot, other letters as by IDNA."""
    name = host.lower().rstrip(".")
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _covers(name: str, wanted: str) -> bool:
    """Whether a certificate's name is the wanted one: a first label ``*`` stands for any one label (RFC 9525, 6.3).

    What it stands before must have a dot, so that nobody speaks for all of ``.org``.
    """
    if not name.startswith("*."):
        return bool(wanted) and name == wanted
    label, _, rest = wanted.partition(".")
    return bool(label) and rest == name[2:] and "." in rest
