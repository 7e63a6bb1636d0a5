"""TLS as the commands' options ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymon.errors import ConnectionFailed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


def tls_context(*, wanted: bool, ca: str = "", cert: str = "", key: str = "") -> ssl.SSLContext | bool:
    """False for no TLS, else a context.

    ``ca`` is a file of certificates to believe in instead of the system's, ``cert`` and ``key`` are files with one's
    own; each of them asks for TLS. Raises ConnectionFailed if a file cannot be used.
    """
    if not (wanted or ca or cert or key):
        return False
    import ssl  # noqa: PLC0415  # costs as much as all the rest

    try:
        context = ssl.create_default_context(cafile=ca or None)
        if cert or key:
            context.load_cert_chain(cert or key, key or None)
    except OSError as error:
        files = ", ".join(name for name in (ca, cert, key) if name)
        raise ConnectionFailed(f"cannot use {files} for TLS: {error.strerror or error}", error.errno or 0) from error
    return context


def context_of(options: Mapping[str, str]) -> ssl.SSLContext | bool:
    """The same for options by their names: ``tls`` (whatever its value), ``ca``, ``cert``, ``key``."""
    files = {name: options.get(name, "") for name in ("ca", "cert", "key")}
    return tls_context(wanted="tls" in options, **files)
