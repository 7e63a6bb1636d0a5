"""Every global variable ends up in its field, and holds for what comes after it."""

from __future__ import annotations

from pymon.model.depend import DependBehavior
from pymon.model.service import (
    DeclaredHost,
)
from pymon.model.settings import StatePolicy
from tests.config.samples import site_of


def test_globals_hold_for_services_after_them() -> None:
    site = site_of(
        "unack_summary = y\ndep_memory = 3m\ndep_behavior = m\nwatch g\n service s\n  interval 1h\n\n"
        "unack_summary = n\ndep_behavior = hm\n\nwatch h\n service s\n  dep_memory 1.5s\n"
    )
    first, second = site.services.values()
    assert (first.unack_summary, first.dep_memory, first.dep_behavior) == (True, 180, DependBehavior.MONITOR)
    assert (second.unack_summary, second.dep_memory, second.dep_behavior) == (False, 1.5, DependBehavior.HOSTS)


def test_every_global() -> None:
    settings = site_of(
        """
alertdir = /a:/b/ : c
mondir=/m
logdir = log
statedir = state
basedir = /base
cfbasedir = /cf
authtype = userfile  trustlocal
pamservice = mon
histlength = 50
historicfile = history
historictime = 5d
serverport = 2584
trapport = 2585
serverbind = 127.0.0.1, ::1
trapbind = 127.0.0.2 10.0.0.1,*
clientallow = 127.0.0.1 10.0.0.[0-9]+
pidfile = /run/x.pid
maxprocs = 20
cltimeout = 10s
randstart = 0s
monerrfile = /tmp/err
dtlogfile = dt
dtlogging = true
dep_recur_limit = 3
syslog_facility = local1
startupalerts_on_reset = Yes
monremote = /bin/ssh x
exclude_period = hr {3}
inprocess = no
servertls = 2586
servertlscert = cert.pem
servertlskey = key.pem
servertlsca = /ca.pem
serversocket = mon.sock
serversocketmode = 600
trapmaxage = 5m
state = fresh
"""
    ).settings
    assert settings.alertdir == ("/a", "/b/", "c")
    assert settings.mondir == ("/m",)
    assert (settings.histlength, settings.maxprocs, settings.dep_recur_limit) == (50, 20, 3)
    assert (settings.serverport, settings.trapport) == (2584, 2585)
    assert (settings.historictime, settings.cltimeout, settings.randstart) == (432000, 10, 0)
    assert settings.authtype == ("userfile", "trustlocal")
    assert settings.clientallow == ("127.0.0.1", "10.0.0.[0-9]+")
    assert settings.serverbind == ("127.0.0.1", "::1")
    assert settings.trapbind == ("127.0.0.2", "10.0.0.1", "*")
    assert (settings.servertls, settings.servertlscert, settings.servertlskey) == (2586, "cert.pem", "key.pem")
    assert (settings.servertlsca, settings.serversocket, settings.serversocketmode) == ("/ca.pem", "mon.sock", 0o600)
    assert (settings.trapmaxage, settings.state) == (300, StatePolicy.FRESH)
    assert settings.dtlogging
    assert settings.startupalerts_on_reset
    assert not settings.inprocess
    assert settings.exclude_period is not None
    assert settings.monremote == "/bin/ssh x"


def test_empty_clientallow_lets_nobody_in_and_none_everybody() -> None:
    assert site_of("clientallow =\n").settings.clientallow == ("",)
    assert site_of("").settings.clientallow == ()


def test_global_inside_a_hostgroup_counts_and_the_hostgroup_goes_on() -> None:
    site = site_of("hostgroup g a\n maxprocs = 3\n b\n\nwatch g\n service s\n")
    assert site.settings.maxprocs == 3
    assert site.hosts("g") == (DeclaredHost("a"), DeclaredHost("b"))
