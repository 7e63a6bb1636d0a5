"""mon.cf's global variables. Times are in seconds; None means that the built-in default applies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pymon.model.depend import DependBehavior
from pymon.model.period import PeriodSpec


class StatePolicy(StrEnum):
    """What a start takes up of pymon's own record (``state = …``)."""

    KEEP = "keep"
    """states, counters, acknowledgements and disabled items go on where they were"""
    FRESH = "fresh"
    """nothing, as mon without ``-l``"""


class PluginOrder(StrEnum):
    """Which monitor or alert counts where several have the name (``plugins = …``)."""

    FIRST = "first"
    """the first in mondir or alertdir; then those of installed packages; pymon's own last"""
    OWN = "own"
    """pymon's own before all others"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What applies to the whole daemon. Directories are lists, searched in order.

    Paths are absolute once the loader has resolved them (mon(8): relative ones against basedir, cfbasedir
    or logdir). ``serverbind`` and ``trapbind`` are addresses or names; an empty ``trapbind`` is every address, as in
    mon, and ``serverbind`` is loopback unless the file says otherwise.

    pymon's own: ``inprocess``, whether plugins written against the SDK run inside the daemon; ``servertls``, a second
    TCP port that speaks TLS, with certificate and key (PEM), and demands client certificates of ``servertlsca`` if
    that is set; ``serversocket``, a Unix socket with its mode; ``trapmaxage``, the age (by their own clock) beyond
    which traps are refused, 0 for none; ``state``; ``plugins``.
    """

    basedir: str = "/usr/lib/mon"
    cfbasedir: str = "/etc/mon"
    alertdir: tuple[str, ...] = ("/usr/local/lib/mon/alert.d", "alert.d")
    mondir: tuple[str, ...] = ("/usr/local/lib/mon/mon.d", "mon.d")
    logdir: str = "/var/log/mon"
    statedir: str = "/var/lib/mon"
    authfile: str = "auth.cf"
    userfile: str = "monusers.cf"
    authtype: tuple[str, ...] = ("getpwnam",)
    pamservice: str = "passwd"
    histlength: int = 100
    historicfile: str = ""
    historictime: float = 0.0
    serverport: int | None = None
    trapport: int | None = None
    serverbind: tuple[str, ...] = ("127.0.0.1", "::1")
    trapbind: tuple[str, ...] = ()
    clientallow: tuple[str, ...] = ()
    pidfile: str | None = None
    maxprocs: int = 0
    cltimeout: float = 30.0
    randstart: float | None = None
    monerrfile: str = "/dev/null"
    dtlogfile: str = "downtime.log"
    dtlogging: bool = False
    dep_recur_limit: int = 10
    dep_behavior: DependBehavior = DependBehavior.ALERTS
    dep_memory: float = 0.0
    unack_summary: bool = False
    syslog_facility: str = "daemon"
    startupalerts_on_reset: bool = False
    monremote: str = ""
    exclude_period: PeriodSpec | None = None
    inprocess: bool = True
    servertls: int | None = None
    servertlscert: str = ""
    servertlskey: str = ""
    servertlsca: str = ""
    serversocket: str = ""
    serversocketmode: int = 0o660
    trapmaxage: float = 0.0
    state: StatePolicy = StatePolicy.KEEP
    plugins: PluginOrder = PluginOrder.FIRST
