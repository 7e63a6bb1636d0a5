"""The clients that come with Debian's mon, and how they are called.

``{host}``, ``{port}`` and ``{home}`` stand for the server and for the folder of the client's own files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers import PATHS

EVERY_METHOD = Path(__file__).with_name("every_method.pl")
MON_CGI = str(PATHS["mon.cgi"])
PROGRAMS = ("moncmd", "monshow", "monfailures", "skymon", "mon.cgi")
"""peers that come to visit"""

FORMS = (
    "require CGI;"
    "sub CGI::startform { my $page = shift; $page->start_form(@_) }"
    "sub CGI::endform { my $page = shift; $page->end_form(@_) }"
    f'do "{MON_CGI}"; die $@ if $@'
)
"""runs mon.cgi with the two names of methods that CGI.pm has dropped, so that its pages with forms work"""

MAILING = (
    "mount --bind {home}/local /usr/local/bin && "
    "mount -t overlay overlay -o lowerdir={home}/mailer:/usr/lib /usr/lib && "
    "exec /usr/bin/skymon pager@example"
)
"""runs skymon where /usr/local/bin/moncmd asks the server under test, and /usr/lib/sendmail keeps the mail"""

FILES: Mapping[str, str] = {
    "batch": "list watch\n\nlist group a\nlist nothing\n",
    "rc": "set host {host}\nset port {port}\nset full\nset summary-len 10\nset nonsense x\nwatch a\n",
    "cgi/.monshowrc": "set host {host}\nset port {port}\nset full\nlink a s http://x.example/\n",
    ".skytel/password": "abNANd1rDfiNc",
    ".skytel/allow": "lf\nld\ndw\new\n",
    "local/moncmd": '#!/bin/sh\nshift 2\nexec /usr/bin/moncmd -s {host} -p {port} "$@"\n',
    "mailer/sendmail": '#!/bin/sh\necho "sendmail $*"\ncat\n',
}
"""the clients' own files, in ``{home}``"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One run of a client: it must end with ``status``, and its output must contain ``shows``."""

    name: str
    command: tuple[str, ...]
    shows: str
    stdin: str = ""
    status: int = 0
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""


def _moncmd(name: str, words: str, shows: str, stdin: str = "", status: int = 0) -> Visit:
    return Visit(
        f"moncmd-{name}", ("/usr/bin/moncmd", "-s", "{host}", "-p", "{port}", *words.split()), shows, stdin, status
    )


def _monshow(name: str, words: str, shows: str, stdin: str = "", status: int = 0) -> Visit:
    command = ("/usr/bin/monshow", "--server", "{host}", "--port", "{port}", *words.split())
    return Visit(f"monshow-{name}", command, shows, stdin, status)


def _page(name: str, query: str, shows: str) -> Visit:
    environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": query}
    return Visit(f"monshow-cgi-{name}", ("/usr/bin/monshow",), shows, environ=environ, folder="cgi")


def _cgi(name: str, query: str, shows: str, *, forms: bool = True, status: int = 0) -> Visit:
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/mon.cgi",
        "QUERY_STRING": f"h={{host}}&p={{port}}&command={query}",
    }
    command = ("perl", "-T", "-e", FORMS) if forms else (MON_CGI,)
    return Visit(f"mon.cgi-{name}{'' if forms else '-as-is'}", command, shows, "", status, environ)


def _skymon(name: str, words: str, shows: str, status: int = 0) -> Visit:
    command = ("unshare", "--map-root-user", "--mount", "sh", "-c", MAILING)
    return Visit(f"skymon-{name}", command, shows, f"From: pager@example\nSubject: x\n\n{words}\n", status)


LOOKS: tuple[Visit, ...] = (
    _moncmd("state", "list state", "scheduler running"),
    _moncmd("refused", "list nothing", "520 unknown list command"),
    _moncmd("help", "-h", "usage: moncmd"),
    _moncmd("flags", "-d -r list watch", "b t"),
    _moncmd("stdin", "", "hostgroup a *h1 h2", FILES["batch"]),
    _moncmd("file", "-f {home}/batch", "hostgroup a *h1 h2"),
    _moncmd("file-stdin", "-f -", "hostgroup a *h1 h2", FILES["batch"]),
    _moncmd("no-file", "-f {home}/missing list state", "", status=2),
    Visit(
        "moncmd-monhost",
        ("/usr/bin/moncmd", "-p", "{port}", "list", "pids"),
        "server {pid}",
        environ={"MONHOST": "{host}"},
    ),
    *(
        _moncmd(f"list-{name.replace(' ', '-')}", f"list {name}", f"220 list {shows} completed")
        for name, shows in (
            ("watch", "watch"),
            ("opstatus", "opstatus"),
            ("opstatus a,s b", "opstatus"),
            ("failures", "failures"),
            ("successes", "successes"),
            ("disabled", "disabled"),
            ("alerthist", "alerthist"),
            ("failurehist", "failurehist"),
            ("aliases", "aliases"),
            ("deps", "deps"),
            ("descriptions", "descriptions"),
            ("dtlog", "dtlog"),
        )
    ),
    _monshow("plain", "", "R a               s            FAIL"),
    _monshow("full", "--full", "D a               checked      -"),
    _monshow("showall", "--showall", "R a               s            FAIL"),
    _monshow("disabled", "--disabled", "DISABLED HOSTS"),
    _monshow("watch", "--watch a --full", "checked"),
    _monshow("detail", "--detail a,s", "line <2>"),
    _monshow("detail-acked", "--detail b,t", "bob looks into it"),
    _monshow("detail-unknown", "--detail a,nothing", "not a valid service", status=1),
    _monshow("help", "--help", "usage: monshow", status=1),
    _monshow("words", "and more", "No non-switch args expected", status=1),
    _monshow("auth-unasked", "--auth --login bob", "inadequate authentication", status=1),
    _monshow("unknown-view", "--view nothing", "no view", status=1),
    Visit("monshow-rcfile", ("/usr/bin/monshow", "--rcfile", "{home}/rc"), "unknown set, line 5"),
    _page("summary", "", 'sum "it" is <so>'),
    _page("watch", "watch=a", "checked"),
    _page("detail", "detail=a,s", "http://x.example/"),
    _page("disabled", "disabled=1", "Operational Status"),
    Visit(
        "/usr/bin/monfailures",
        ("/usr/bin/monfailures", "--server", "{host}", "--port", "{port}"),
        "[acked] known",
        status=1,
    ),
    *(
        _cgi(name, query, shows, forms=False)
        for name, query, shows in (
            ("summary", "", "FAILED"),
            ("failures", "query_opstatus_failures", "FAILED"),
            ("alerthist", "list_alerthist", "rec.alert"),
            ("pids", "list_pids", "{pid}"),
            ("downtime", "list_dtlog", "owntime"),
        )
    ),
    # It has a bug there, whatever the server.
    _cgi("full", "query_opstatus_full", "Can't use an undefined value", status=255),
    _cgi("group", "query_group&args=a", "checked"),
    _cgi("details", "svc_details&args=a,s", "line <2>"),
    _cgi("details-acked", "svc_details&args=b,t", "bob looks into it"),
    _cgi("details-well", "svc_details&args=a,checked", "checked"),
    _cgi("disabled", "list_disabled", "h3"),
    _cgi("downtime", "list_dtlog&args=a,s", "owntime"),
    _cgi("test-config", "mon_test_config", "onfig"),
    _cgi("reset-choice", "moncgi_reset", "eset"),
    _cgi("login-form", "moncgi_login", "assword"),
    _cgi("logout", "moncgi_logout", "MON"),
)
"""visits that change nothing, at the same time"""

DEEDS: tuple[Visit, ...] = (
    _moncmd("disable", "disable watch c", "220 disable watch completed"),
    _moncmd("enable", "enable watch c", "220 enable watch completed"),
    _moncmd("ack", "ack a s looking", "220 ack completed"),
    _moncmd("batch", "", "220 stop completed", "disable host h2\nstop\nlist state\n"),
    _moncmd("start", "start", "220 start completed"),
    _skymon("looks", "/secret:lf;ld", "watch c service off"),
    _skymon("disables", "/secret:dw c;ld", "watch c"),
    _skymon("wrong", "/wrong:ew c", "", status=255),
    _skymon("not-allowed", "/secret:dh h2", ""),
    _skymon("enables", "/secret:ew c;ld", "220 enable watch"),
    _cgi("test", "mon_test_service&args=a,checked", "checked"),
    _cgi("test-all", "moncgi_test_all&args=a", "MON"),
    _cgi("disable-watch", "mon_disable&args=watch,b", "MON"),
    _cgi("enable-watch", "mon_enable&args=watch,b", "MON"),
    _cgi("disable-service", "mon_disable&args=service,a,checked", "MON"),
    _cgi("enable-service", "mon_enable&args=service,a,checked", "MON"),
    _cgi("disable-host", "mon_disable&args=host,h4", "MON"),
    _cgi("enable-host", "mon_enable&args=host,h4", "MON"),
    _cgi("ack", "mon_ack&args=a,s&ackcomment=seen+it", "MON"),
    _cgi("stop", "mon_schedctl&args=stop", "topped"),
    _cgi("start", "mon_schedctl&args=start", "MON"),
    _cgi("save", "mon_savestate", "MON"),
    _cgi("load", "mon_loadstate", "MON"),
    _cgi("reload", "mon_reload&args=auth", "MON"),
    _cgi("reset", "mon_reset&args=keepstate", "MON"),
)
"""visits that change something, one after the other"""

IDENTITIES: tuple[Visit, ...] = (
    _moncmd("login", "-a -l bob", "interval='3600'", "user=bob\npass=secret\nlist state\nget a s interval\n"),
    _moncmd("login-wrong", "-a -l bob", "Could not authenticate", "user=bob\npass=wrong\nlist state\n", 29),
    _moncmd("login-words", "-a -l bob list state", "inadequate", "user=bob\npass=secret\n", 25),
    Visit(
        "monfailures-login",
        ("/usr/bin/monfailures", "--server", "{host}", "--port", "{port}", "--user", "bob", "--password", "secret"),
        "[acked] known",
        status=1,
    ),
    Visit(
        "monfailures-login-wrong",
        ("/usr/bin/monfailures", "--server", "{host}", "--port", "{port}", "--user", "bob", "--password", "wrong"),
        "login failure",
        status=255,
    ),
    _cgi("refused", "mon_disable&args=watch,b", "permissions in auth.cf"),
    Visit("every-method", ("perl", str(EVERY_METHOD), "{host}", "{port}"), "not called: \n"),
)
"""visits to a server that lets nobody change anything without a login, one after the other; the last one ends it"""
