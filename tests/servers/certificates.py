"""Certificates of every sort that a monitor meets, made on the spot: right ones, and each way of being wrong.

authority = Authority()
right = authority.issue("mail.test", "127.0.0.1")        # also "*.mail.test", and "::1"
stale = authority.issue("mail.test", days=-1)            # expired yesterday
early = authority.issue("mail.test", days=30, since=1)   # valid from tomorrow
soon = authority.issue("mail.test", days=5)              # expires in five days
nameless = authority.issue()                             # for no name at all
alone = self_signed("mail.test")
chained = authority.intermediate().issue("mail.test")    # sends the intermediate along
broken = chained.alone()                                 # does not
client = authority.issue("alice", client=True)
server_side = right.server_context(clients=authority)    # demands a client's certificate from ``authority``
client_side = authority.client_context(client)
paths = right.write(folder)                              # PEM files for a real server
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class Files:
    """Where a certificate lies as PEM: with its chain, its key, and the certificate of the root that vouches for it."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key, the intermediates that are sent along, and the root that a client must trust."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]
    root: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate and its chain, as a server sends them."""
        return b"".join(_pem(certificate) for certificate in (self.certificate, *self.chain))

    @property
    def key_pem(self) -> bytes:
        """The key, not encrypted."""
        return _key_pem(self.key)

    @property
    def expires(self) -> datetime:
        """The end of its validity, aware, UTC."""
        return self.certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, as lower-case hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def alone(self) -> Pair:
        """The same without the chain: what a server sends that is set up wrongly."""
        return replace(self, chain=())

    @property
    def with_odd_serial(self) -> bytes:
        """The certificate alone as DER, its serial number made a negative one: its signature is wrong then, too."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        serial = self.certificate.serial_number
        digits = serial.to_bytes(serial.bit_length() // 8 + 1)
        return der.replace(digits, b"\x80" + digits[1:], 1)

    def write(self, folder: Path, stem: str = "server") -> Files:
        """Write ``STEM.pem`` (with the chain), ``STEM.key`` and ``STEM-authority.pem``."""
        files = Files(folder / f"{stem}.pem", folder / f"{stem}.key", folder / f"{stem}-authority.pem")
        files.certificate.write_bytes(self.pem)
        files.key.write_bytes(self.key_pem)
        files.authority.write_bytes(_pem(self.root))
        return files

    def server_context(self, *, clients: Authority | None = None) -> ssl.SSLContext:
        """For a server with this certificate; with ``clients`` it demands a certificate of that authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load_into(context)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients.pem.decode())
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts the root of this certificate, and no other."""
        return ssl.create_default_context(cadata=_pem(self.root).decode())

    def _load_into(self, context: ssl.SSLContext) -> None:
        """The library takes files only."""
        with tempfile.TemporaryDirectory() as folder:
            files = self.write(Path(folder))
            context.load_cert_chain(files.certificate, files.key)


class Authority:
    """One that vouches: a root, or an intermediate under another."""

    def __init__(self, name: str = "pymon test authority", *, parent: Authority | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        signer, issuer = (parent._key, parent.certificate.subject) if parent else (self._key, _subject(name))
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        self.certificate: x509.Certificate = (
            _begun(_subject(name), issuer, self._key, signer, since=-1000, days=1000)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(signer, hashes.SHA256())
        )
        self.root: x509.Certificate = parent.root if parent else self.certificate
        self._chain: tuple[x509.Certificate, ...] = (self.certificate, *parent._chain) if parent else ()

    @property
    def pem(self) -> bytes:
        """The root's certificate, for those who are to trust it."""
        return _pem(self.root)

    def write(self, path: Path) -> Path:
        """Write the root's certificate into this file; returns the path."""
        path.write_bytes(self.pem)
        return path

    def intermediate(self, name: str = "pymon test intermediate") -> Authority:
        """Another authority that this one vouches for; its certificates are sent with a chain."""
        return Authority(name, parent=self)

    def issue(self, *names: str, days: float = 90, since: float | None = None, client: bool = False) -> Pair:
        """Vouch for names (wildcards too) and addresses; without any the certificate is for no name at all.

        It is valid for ``days`` from now, and from ``since`` (days from now; default: a year before the earlier of now
        and its end); both may be negative. ``client=True``: for a client, with the first name as its common name.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(names[0] if client else "pymon test leaf")
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        begin = min(days, 0) - 365 if since is None else since
        builder = _begun(subject, self.certificate.subject, key, self._key, since=begin, days=days)
        certificate = _for_names(builder, names, purpose).sign(self._key, hashes.SHA256())
        return Pair(certificate, key, self._chain, self.root)

    def client_context(self, pair: Pair | None = None) -> ssl.SSLContext:
        """For a client that trusts the root and no other; with ``pair`` it shows that certificate."""
        context = ssl.create_default_context(cadata=self.pem.decode())
        if pair is not None:
            pair._load_into(context)
        return context


def self_signed(*names: str, days: float = 90) -> Pair:
    """A certificate that only vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject("pymon test, self-signed")
    builder = _begun(subject, subject, key, key, since=min(days, 0) - 365, days=days)
    certificate = _for_names(builder, names, ExtendedKeyUsageOID.SERVER_AUTH).sign(key, hashes.SHA256())
    return Pair(certificate, key, (), certificate)


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    since: float,
    days: float,
) -> x509.CertificateBuilder:
    """What every certificate has; validity in days from now."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _for_names(
    builder: x509.CertificateBuilder, names: tuple[str, ...], purpose: x509.ObjectIdentifier
) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if not names:
        return builder
    return builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)


def _general(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
