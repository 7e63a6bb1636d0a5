"""Paths of mon.cf become absolute."""

from __future__ import annotations

from pymon.config.paths import resolve_paths
from pymon.model.settings import Settings


def test_paths_become_absolute() -> None:
    settings = Settings(
        basedir="base", cfbasedir="/cf/", alertdir=("/a/", "b"), logdir="log", statedir="/state", historicfile="hist",
        userfile="users", pidfile="x.pid", servertlscert="cert.pem", servertlsca="/ca.pem", serversocket="mon.sock",
    )  # fmt: skip
    resolved = resolve_paths(settings, "/home/me")
    assert (resolved.basedir, resolved.cfbasedir, resolved.logdir) == ("/home/me/base", "/cf", "/home/me/base/log")
    assert resolved.alertdir == ("/a", "/home/me/base/b")
    assert (resolved.statedir, resolved.historicfile) == ("/state", "/home/me/base/log/hist")
    assert (resolved.authfile, resolved.userfile) == ("/cf/auth.cf", "/cf/users")
    assert (resolved.dtlogfile, resolved.pidfile) == ("/home/me/base/log/downtime.log", "/home/me/x.pid")
    assert (resolved.servertlscert, resolved.servertlsca) == ("/cf/cert.pem", "/ca.pem")
    assert resolved.serversocket == "/state/mon.sock"
    nothing = resolve_paths(Settings(), "/")
    assert (nothing.historicfile, nothing.servertlskey, nothing.serversocket) == ("", "", "")
