"""TLS for the second port: the certificate and key that the settings name, read again at each start and reload."""

from __future__ import annotations

import ssl

from pymon.errors import ServerError
from pymon.model.settings import Settings


def tls_context(settings: Settings) -> ssl.SSLContext:
    """What connections to the port ``servertls`` are made with: TLS 1.2 or later.

    With ``servertlsca`` a client must show a certificate that this authority has signed. Reads files, so it blocks.
    Raises ServerError if the files cannot be used; it says which.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate, key = settings.servertlscert, settings.servertlskey
    files = f"certificate {certificate}" + (f" and key {key}" if key else "")
    try:
        context.load_cert_chain(certificate, key or None, password=_no_password)
    except (OSError, ValueError) as error:
        raise ServerError(f"servertls: cannot use {files}: {_reason(error)}") from error
    if settings.servertlsca:
        try:
            context.load_verify_locations(settings.servertlsca)
        except (OSError, ValueError) as error:
            raise ServerError(f"servertlsca: cannot use {settings.servertlsca}: {_reason(error)}") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _no_password() -> str:
    """Called for an encrypted key: there is nobody to ask."""
    raise ValueError("the key is encrypted; write it without a passphrase")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the key is not that of the certificate"
        return f"it is no PEM file of that kind ({error.reason or error})"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
