"""A mon.cf means what it says: every keyword ends up in its field."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.build import build
from pymon.config.build_period import CONVERTERS as RULES
from pymon.config.build_service import CONVERTERS as SETTINGS
from pymon.config.build_service import DEPENDENCIES
from pymon.config.build_settings import CONVERTERS as GLOBALS
from pymon.config.check import check
from pymon.config.keywords import KEYWORDS, PERIOD_KEYWORDS, SERVICE_KEYWORDS
from pymon.config.parse import grammar, parse
from pymon.config.report import Report
from pymon.config.text import Source
from pymon.model.depend import DependBehavior, ServiceKey
from pymon.model.service import (
    Alert,
    AlerteveryMode,
    AlertKind,
    Command,
    ExitRange,
    Host,
    MonitorCommand,
    Period,
    Service,
)
from pymon.model.settings import Settings
from pymon.model.site import Site
from tests.config.samples import problems_of

G = "hostgroup g h1 *h2\n  h3\n\nwatch g\n service s\n"


def site_of(text: str) -> Site:
    report = Report(Source("mon.cf", text, KEYWORDS))
    site = build(parse(report), report).site
    assert not report.has_errors, report.problems()
    return site


def service_of(text: str) -> Service:
    return site_of(G + text).services[ServiceKey("g", "s")]


def period_of(text: str) -> Period:
    return service_of(" interval 1m\n period\n" + text).periods[0]


def test_everything_of_a_service() -> None:
    service = service_of(
        """
  interval 1.5h
  failure_interval 30s
  monitor  x.monitor  -a  "b c" ;;
  redistribute r.alert 'x y'
  allow_empty_group
  description  웹  서버
  unack_summary yes
  traptimeout 10m
  trapduration 1d
  randskew 5s
  dep_behavior m
  dep_memory 3m
  depend SELF:a && x:b
  alertdepend x:y
  monitordepend x:z
  hostdepend x:p x:q
  exclude_hosts h1 h9
  exclude_period hr {3}
  timeout 20s
  inprocess no
  FOO= bar
  BAZ_1=한글 값
""".lstrip("\n")
    )
    assert (service.interval, service.failure_interval, service.traptimeout, service.trapduration) == (
        5400, 30, 600, 86400,
    )  # fmt: skip
    assert service.monitor == MonitorCommand("x.monitor", '-a  "b c"', ("-a", "b c"), append_hosts=False)
    assert service.redistribute == Command("r.alert", "'x y'", ("x y",))
    assert service.allow_empty_group
    assert service.description == "웹  서버"
    assert service.unack_summary
    assert (service.randskew, service.dep_memory, service.timeout) == (5, 180, 20)
    assert service.dep_behavior is DependBehavior.MONITOR
    assert service.depend is not None
    assert service.depend.text == "g:a && x:b"
    assert service.depend.names == (ServiceKey("g", "a"), ServiceKey("x", "b"))
    assert service.hostdepend is not None
    assert service.hostdepend.expression is None
    assert service.hostdepend.names == (ServiceKey("x", "p"), ServiceKey("x", "q"))
    assert service.exclude_hosts == {"h1", "h9"}
    assert service.exclude_period is not None
    assert service.inprocess is False
    assert service.environment == (("FOO", " bar"), ("BAZ_1", "한글 값"))


def test_defaults_of_a_service() -> None:
    assert service_of("  monitor m\n") == Service("g", "s", monitor=MonitorCommand("m"))


def test_environment_after_a_period_belongs_to_the_service() -> None:
    assert service_of("  A=1\n  period\n    B=2\n    alert x\n    A=3\n").environment == (("A", "3"), ("B", "2"))


@pytest.mark.parametrize(
    ("text", "name", "arguments", "append"),
    [
        ("a.monitor -x;;", "a.monitor", ("-x",), False),
        ("a.monitor;;", "a.monitor", (), False),
        ("a.monitor -x ;; y", "a.monitor", ("-x", ";;", "y"), True),
        ("sub/a.monitor", "sub/a.monitor", (), True),
    ],
)
def test_monitor_line(text: str, name: str, arguments: tuple[str, ...], append: bool) -> None:
    monitor = service_of(f"  monitor {text}\n").monitor
    assert monitor is not None
    assert (monitor.name, monitor.arguments, monitor.append_hosts) == (name, arguments, append)


def test_everything_of_a_period() -> None:
    """Q11: blanks around the ``=`` of ``exit=`` do no harm."""
    period = period_of(
        """
   alertevery 30m STRICT
   alertafter 3
   alertafter x4 10m
   upalertafter 2m
   numalerts 5
   no_comp_alerts
   alerts_dont_count
   alertexitrange 1-3
   alert exit=2 a.alert  "웹 서버 다운"  x
   alert EXIT = 1-3 b.alert
   upalert a.alert
   startupalert a.alert s
   ackalert a.alert k
   disablealert a.alert d
""".lstrip("\n")
    )
    assert (period.key, period.label, period.spec.alternatives) == ("", None, ((),))
    assert (period.alertevery, period.alertevery_mode) == (1800, AlerteveryMode.STRICT)
    assert (period.alertafter_consecutive, period.alertafter_count, period.alertafter_time) == (3, 4, 600)
    assert (period.upalertafter, period.numalerts) == (120, 5)
    assert period.no_comp_alerts
    assert period.alerts_dont_count
    assert period.alertexitrange == ExitRange(1, 3)
    assert period.alerts_of(AlertKind.ALERT) == (
        Alert(AlertKind.ALERT, Command("a.alert", '"웹 서버 다운"  x', ("웹 서버 다운", "x")), ExitRange(2, 2)),
        Alert(AlertKind.ALERT, Command("b.alert"), ExitRange(1, 3)),
    )
    assert [alert.command.raw_arguments for alert in period.alerts[2:]] == ["", "s", "k", "d"]
    assert [alert.kind for alert in period.alerts[2:]] == [
        AlertKind.UPALERT, AlertKind.STARTUPALERT, AlertKind.ACKALERT, AlertKind.DISABLEALERT,
    ]  # fmt: skip


def test_forms_of_alertafter_do_not_clear_one_another() -> None:
    period = period_of("  alertafter 3\n  alertafter 3 30m\n  alertafter 1h\n")
    assert (period.alertafter_consecutive, period.alertafter_count, period.alertafter_time) == (3, 3, 3600)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("1h", AlerteveryMode.SUMMARY),
        ("1h observe_detail", AlerteveryMode.OBSERVE_DETAIL),
        ("1h  Ignore_Summary ", AlerteveryMode.IGNORE_SUMMARY),
        ("1h summary strict", AlerteveryMode.SUMMARY),
        ("1h SUMMARYx strict", AlerteveryMode.SUMMARY),
    ],
)
def test_modes_of_alertevery(text: str, mode: AlerteveryMode) -> None:
    period = period_of(f"  alertevery {text}\n")
    assert (period.alertevery, period.alertevery_mode) == (3600, mode)


def test_period_keys_are_labels_or_texts() -> None:
    service = service_of(" period FOO : wd {Mon}\n period foo: wd {Mon}\n period wd {Mon}\n period WD {Mon}\n period\n")
    assert [period.key for period in service.periods] == ["FOO", "foo", "wd {Mon}", "WD {Mon}", ""]
    assert [period.label for period in service.periods] == ["FOO", "foo", None, None, None]


def test_unbalanced_alert_has_no_arguments() -> None:
    assert period_of('  alert a.alert "x y\n').alerts[0].command == Command("a.alert", '"x y', ())


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
serverbind = 127.0.0.1
trapbind = 127.0.0.2
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
"""
    ).settings
    assert settings.alertdir == ("/a", "/b/", "c")
    assert settings.mondir == ("/m",)
    assert (settings.histlength, settings.maxprocs, settings.dep_recur_limit) == (50, 20, 3)
    assert (settings.serverport, settings.trapport) == (2584, 2585)
    assert (settings.historictime, settings.cltimeout, settings.randstart) == (432000, 10, 0)
    assert settings.authtype == ("userfile", "trustlocal")
    assert settings.clientallow == ("127.0.0.1", "10.0.0.[0-9]+")
    assert settings.dtlogging
    assert settings.startupalerts_on_reset
    assert not settings.inprocess
    assert settings.exclude_period is not None
    assert settings.monremote == "/bin/ssh x"


def test_global_inside_a_hostgroup_counts_and_the_hostgroup_goes_on() -> None:
    site = site_of("hostgroup g a\n maxprocs = 3\n b\n\nwatch g\n service s\n")
    assert site.settings.maxprocs == 3
    assert site.hosts("g") == (Host("a"), Host("b"))


def test_hostgroups_views_and_aliases() -> None:
    site = site_of(
        "hostgroup g a *b\n  c\n\nhostgroup e\n\nview v g e\n  g:s\n\nalias t\n  설명  text\n  watch g service s\n\n"
        "watch g\n service s\n\nwatch alone\n service s\n\nwatch nothing\n\n"
    )
    assert site.hosts("g") == (Host("a"), Host("b", disabled=True), Host("c"))
    assert site.hosts("e") == ()
    assert site.hosts("alone") == (Host("alone"),)
    assert site.hosts("nothing") == (Host("nothing"),)
    assert site.views["v"].entries == ("g", "e", "g:s")
    assert site.aliases["t"].lines == ("설명  text", "watch g service s")
    assert list(site.watches) == ["g", "alone"]


@pytest.mark.parametrize(
    "text",
    [
        "watch g\n service s\nhostgroup h a\n\nwatch h\n service t\n",
        "watch g junk\n service s\n\nwatch h\n service t\n",
        "alias x\nhostgroup g a\n\nwatch g\n service s\nwatch h\n service t\n",
        "view v g\nview w g\n\nwatch g\n service s\nview x g\n y\n\nwatch h\n service t\n",
        "watch g\n service s\n\nwatch g\r\n\r\nwatch h\r\n service t\r\n".replace("watch g\r\n\r\n", ""),
    ],
)
def test_records_begin_and_end_as_in_mon(text: str) -> None:
    assert [str(key) for key in site_of(text).services] == ["g:s", "h:t"]


def test_lines_are_kept() -> None:
    service = site_of("\nhostgroup g h\n\nwatch g\n service \\\n   s\n  period a:\n   alert x \\\n y\n").services
    only = service[ServiceKey("g", "s")]
    assert (only.line, only.periods[0].line, only.periods[0].alerts[0].line) == (6, 7, 9)


def test_words_of_pymons_own() -> None:
    """C-OWN: timeout and inprocess."""
    site = site_of("inprocess = no\n" + G + "  timeout 20s\n  inprocess yes\n")
    (service,) = site.services.values()
    assert (site.settings.inprocess, service.inprocess, service.timeout) == (False, True, 20)


def test_redistribute_is_found_by_its_first_word() -> None:
    """C-REDISTRIBUTE."""
    assert service_of("  redistribute x.alert arg\n").redistribute == Command("x.alert", "arg", ("arg",))


def test_keyword_tables_grammar_and_converters_agree() -> None:
    terminals = {symbol.name.lower() for rule in grammar().rules for symbol in rule.expansion if symbol.is_term}
    assert terminals >= SERVICE_KEYWORDS | PERIOD_KEYWORDS
    assert {name.lower() for name in SETTINGS.keys() | DEPENDENCIES} == SERVICE_KEYWORDS
    assert {name.lower() for name in RULES} | {kind.value for kind in AlertKind} == PERIOD_KEYWORDS
    assert set(GLOBALS) == set(Settings.__dataclass_fields__)


def test_all_problems_in_one_go(folder: Path) -> None:
    """C-ALL."""
    text = (
        "maxproc = 1\nhostgroup g h\n\nwatch g\n service s\n  intervall 5m\n  interval 5\n  monitor m.monitor\n"
        "  period wd {Mon,Tue}\n    alertevry 5m\n    alert nosuch.alert\n service s\n service t!\n  interval 1w\n"
    )
    found = [(problem.place.line, problem.code) for problem in problems_of(folder, text)]
    assert found == [
        (1, "unknown-variable"),
        (6, "unknown-keyword"),
        (7, "time"),
        (9, "malformed-period"),
        (10, "unknown-keyword"),
        (12, "duplicate-service"),
        (13, "service-name"),
        (14, "time"),
    ]


CHUNKS = st.sampled_from([
    "hostgroup g a b", "watch g", " service s", "  interval 5m", "  monitor m.monitor -x 'y'", "  period wd {Mon}", "",
    "    alert a.alert x", "    alertafter 3 30m", "view v g", "alias a", "maxprocs = 3", "  depend SELF:s || g:t", "#",
    "  period", " service t", "  FOO=1", "x \\", "₩", "   alertevery 1h strict", "  exclude_period none", "'\"",
    "  unack_summary",
])  # fmt: skip


@given(st.lists(CHUNKS | st.text(max_size=15), max_size=25).map("\n".join) | st.text(max_size=300))
def test_any_text_gives_a_site_or_problems(text: str) -> None:
    source = Source("f", text, KEYWORDS)
    report = Report(source)
    draft = build(parse(report), report)
    check(draft, report, 2026)
    for problem in report.problems():
        assert 0 <= problem.place.line <= source.count + 1
        assert str(problem)
    assert draft.site.services.keys() == draft.built.keys()
