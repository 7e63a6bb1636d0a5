"""The server's bounds for clients and senders of traps, and its time limits: handed in by constructors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The limits of connections, answers and traps. Durations are in seconds. Tests change them here only."""

    # How many

    connections: int = 4096
    """connections over the network at once; with fewer files allowed, a quarter of those, for checks need the others"""
    share: int = 2
    """one address has at most this fraction of them (a half): who holds on to connections keeps no other host out"""
    tls_connections: int = 256
    """connections over TLS at once, in addition: each has 300 KB of buffers from its first byte on"""
    local_connections: int = 256
    """connections on the Unix socket at once, which nobody on the network can take away"""
    local_share: int = 4
    """one user has at most this fraction of these (a quarter)"""
    burst: int = 16
    """connections that are accepted in one turn of the event loop"""
    tls_burst: int = 2
    """the same where each costs a handshake"""

    # How long

    handshake: float = 10.0
    """that a TLS handshake may take"""
    accept_pause: float = 0.5
    """without accepting, when there are no files or no memory left"""
    last_words: float = 2.0
    """at the end for answers that are being made"""
    sending: float = 30.0
    """that a client may take to read a chunk of an answer"""
    linger: float = 1.0
    """for a client to read why it is sent away, while what it still sends is thrown away"""

    # How much

    read: int = 16 * 1024
    """bytes that are read at once, and that wait unread at most (asyncio keeps up to twice as many)"""
    long_command: int = 1024
    """characters of a command beyond which it has to wait with the long answers"""
    logged_command: int = 4096
    """characters of a command that are logged: very many lines may wait for a log that takes none"""
    chunk_seconds: float = 0.002
    """seconds that one chunk of an answer may take to make"""
    chunk: int = 32 * 1024
    """bytes of an answer that one chunk has at most, but for one line that is longer"""

    # What is remembered

    rendered_services: int = 100_000
    """services whose status is kept as text"""
    rendered_text: int = 8192
    """characters of summary and detail up to which a status is kept: a longer one would double the memory that the
    daemon needs for it"""

    # Traps

    trap_burst: int = 64
    """datagrams that are taken in one turn of the event loop"""
    logged_traps: int = 600
    """accepted traps that are logged in a minute"""
    host_name_age: float = 300.0
    """that the addresses of a host's name are good for; older ones are used while they are looked up again"""
    name_lookup: float = 5.0
    """that a lookup is waited for"""
    remembered_passwords: int = 1024
    """passwords of traps that were looked at and are remembered, by a keyed digest"""
    duplicate_window: float = 2.0
    """within which the same datagram of the same sender counts as a duplicate"""
    remembered_datagrams: int = 4096
    """datagrams that are remembered to tell duplicates"""
    remembered_traps: int = 100_000
    """traps that are remembered to tell replayed ones; with more, those as old as the oldest forgotten are refused"""
    trap_clock_ahead: float = 5.0
    """that a sender's clock may be ahead (no more than trapmaxage)"""
    sifted: int = 16
    """of so many datagrams of a crowd, one is looked at"""
    crowded: float = 1.0
    """for which a sender counts as a crowd after one of its traps had to go"""
    remembered_senders: int = 10_000
    """crowds, and beginnings of rightful traps, that are remembered"""
