"""TLS for plugins: the options that say whom to trust and as whom to come, and the context they make."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymon.errors import PluginUsageError, UnusableFile
from pymon.options import flag, option
from pymon.scarcity.symptoms import SHORTAGES, shortage_in
from pymon.scarcity.waiting import wait_in_thread


@dataclass(frozen=True)
class TlsOptions:
    """What a plugin with TLS takes; inherit your Options from it. ``server_name`` is also what is verified."""

    server_name: str = option("-N", "--sni", default="", metavar="NAME", about="name to ask for and verify in TLS")
    insecure: bool = flag("-k", "--insecure", about="do not verify the certificate")
    ca_file: str = option(
        "-C", "--ca-file", default="", metavar="FILE", about="trust these CAs instead of the system's"
    )
    cert: str = option("--cert", default="", metavar="FILE", about="client certificate (PEM), with its chain")
    key: str = option("--key", default="", metavar="FILE", about="its key (default: in the same file)")

    def context(self, *, alpn: Sequence[str] = (), any_name: bool = False) -> ssl.SSLContext:
        """The context these options ask for, made once (see ``tls_context``)."""
        return tls_context(
            verify=not self.insecure,
            any_name=any_name,
            ca_file=self.ca_file,
            cert=self.cert,
            key=self.key,
            alpn=tuple(alpn),
        )


def tls_context(
    *,
    verify: bool = True,
    any_name: bool = False,
    ca_file: str = "",
    cert: str = "",
    key: str = "",
    alpn: tuple[str, ...] = (),
) -> ssl.SSLContext:
    """A client's TLS context, made once for the same arguments and files, as it is costly: anew when a file changes.

    ``ca_file`` is trusted instead of the system's CAs. ``any_name``: the chain is verified, but not for whom the
    certificate is. ``alpn`` are protocols to offer, such as ``h2``. Raises UnusableFile if a file is unusable. While
    the system is short of descriptors or memory, the context made before goes on to serve, if there is one; else
    that OSError is raised.
    """
    asked = (verify, any_name, ca_file, cert, key, alpn)
    stamps = tuple(map(_stamp, (ca_file, cert, key)))
    try:
        context = wait_in_thread(lambda: _context(*asked, stamps), "read certificates")
    except OSError as error:
        if error.errno in SHORTAGES and asked in _LATEST:
            return _LATEST[asked]
        if shortage_in(error):
            raise
        raise UnusableFile(f"cannot read certificates: {error.strerror or error}") from error
    if _LATEST.get(asked) is not context:
        if len(_LATEST) >= _CONTEXTS:
            _LATEST.clear()
        _LATEST[asked] = context
    return context


_CONTEXTS = 64
"""contexts that are kept"""

_LATEST: dict[tuple[bool, bool, str, str, str, tuple[str, ...]], ssl.SSLContext] = {}


def _stamp(path: str) -> tuple[int, int, int] | None:
    """What changes with a file."""
    if not path:
        return None
    try:
        found = os.stat(path)  # noqa: PTH116  # programs start with this module, and pathlib takes 3 ms
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


@functools.lru_cache(maxsize=_CONTEXTS)
def _context(
    verify: bool, any_name: bool, ca_file: str, cert: str, key: str, alpn: tuple[str, ...], _stamps: tuple[Any, ...]
) -> ssl.SSLContext:
    """Raises UnusableFile, or OSError for want of descriptors or memory."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise _unusable(error, f"no CA certificates in {ca_file}") from error
    if verify and not ca_file:
        _require_system_cas(context)
    if any_name or not verify:
        context.check_hostname = False
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if cert:
        try:
            context.load_cert_chain(cert, key or None, password=_no_password)
        except OSError as error:
            raise _unusable(error, f"no client certificate with key in {cert}") from error
    elif key:
        raise PluginUsageError("--key needs --cert")
    return context


def _unusable(error: OSError, what: str) -> Exception:
    """What is to be raised for a file that cannot be loaded."""
    if error.errno in SHORTAGES and not isinstance(error, ssl.SSLError):  # its numbers are OpenSSL's
        return error
    return UnusableFile(f"{what}: {error.strerror or error}")


def _require_system_cas(context: ssl.SSLContext) -> None:
    """OpenSSL says nothing where it cannot read the system's CAs, or there are none, and would trust nobody.

    That would be this machine's fault, and every server's certificate would be blamed for it.
    """
    if context.cert_store_stats()["x509"]:
        return
    places = ssl.get_default_verify_paths()
    problem: OSError | None = None
    try:
        if places.cafile is not None:
            with open(places.cafile, "rb"):
                pass
        if places.capath is not None and os.listdir(places.capath):  # noqa: PTH208  # as above
            return  # OpenSSL looks there when it needs one
    except OSError as error:
        if error.errno in SHORTAGES:
            raise
        problem = error
    where = f"{places.openssl_cafile} and {places.openssl_capath}"
    why = f"{problem.filename}: {problem.strerror}" if problem is not None else "there are none"
    raise UnusableFile(f"no CA certificates to verify with in {where} ({why}): name a file with --ca-file")


def tls_problem(error: ssl.SSLError | ssl.CertificateError) -> str:
    """What went wrong in TLS, in a line for the user."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    return f"TLS: {(error.reason or str(error)).replace('_', ' ').lower()}"


def days_left(tls: ssl.SSLObject, now: float) -> float | None:
    """For how many days from ``now`` (Unix time) the other side's certificate is valid; None where it shows none."""
    certificate = tls.getpeercert(binary_form=True)
    if certificate is None:
        return None
    if certificate not in _ENDS:
        if len(_ENDS) >= _ENDS_LIMIT:
            _ENDS.clear()
        _ENDS[certificate] = _end_of(tls, certificate)
    end = _ENDS[certificate]
    return None if end is None else (end - now) / 86400


_ENDS: dict[bytes, float | None] = {}
"""when certificates seen so far expire (Unix time): the same ones are seen again and again"""

_ENDS_LIMIT = 4096


def _end_of(tls: ssl.SSLObject, certificate: bytes) -> float | None:
    verified = tls.getpeercert()
    if verified:
        return ssl.cert_time_to_seconds(str(verified["notAfter"]))
    from pymon.plugin.certificate import Unreadable, read_certificate  # noqa: PLC0415  # where nothing is verified

    try:
        return read_certificate(certificate).not_after.timestamp()
    except Unreadable:
        return None


def _no_password() -> str:
    """OpenSSL would ask the terminal for it."""
    raise ssl.SSLError("the key is encrypted")
