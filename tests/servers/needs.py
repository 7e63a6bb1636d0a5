"""What a real server's test needs of the system: found, or the test is skipped with the way to get it (fails in CI).

    curl = needs("curl")

The servers of this folder ask for their own programs themselves: a test that starts one need not.
"""

from __future__ import annotations

from pathlib import Path

from tests import tools

PACKAGES = {
    "nsd": "nsd",
    "unbound": "unbound",
    "chronyd": "chrony",
    "dovecot": "dovecot-imapd",
    "exim4": "exim4-daemon-light",
    "sshd": "openssh-server",
    "tinyproxy": "tinyproxy-bin",
    "nghttpd": "nghttp2-server",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "go": "golang-go",
    "curl": "curl",
    "openssl": "openssl",
    "ssh-keyscan": "openssh-client",
    "ssh-keygen": "openssh-client",
    "setpriv": "util-linux",
}
"""The Debian package of each program that ``.ci/peers`` installs for these tests."""

NAGIOS_PLUGINS = Path("/usr/lib/nagios/plugins")
"""Where Debian's monitoring-plugins-basic lie."""


def needs(name: str) -> Path:
    """The path of a program of ``PACKAGES``; without it the running test is skipped, or fails where ``CI=true``."""
    return tools.require_tool(name, package=PACKAGES[name])


def nagios_plugin(name: str) -> Path:
    """A Nagios plugin of Debian's, as ``check_http``; without it the test is skipped, or fails where ``CI=true``."""
    return tools.require_tool(str(NAGIOS_PLUGINS / name), package="monitoring-plugins-basic")
