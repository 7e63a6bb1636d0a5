"""Every keyword of a service and of a period ends up in its field."""

from __future__ import annotations

import pytest

from pymon.model.depend import DependBehavior, ServiceKey
from pymon.model.service import (
    Alert,
    AlerteveryMode,
    AlertKind,
    Command,
    ExitRange,
    MonitorCommand,
    Period,
    Service,
)
from tests.config.samples import site_of

G = "hostgroup g h1 *h2\n  h3\n\nwatch g\n service s\n"


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
    assert [alert.command.shown_arguments for alert in period.alerts[2:]] == ["", "s", "k", "d"]
    assert [alert.kind for alert in period.alerts[2:]] == [
        AlertKind.UPALERT, AlertKind.STARTUPALERT, AlertKind.ACKALERT, AlertKind.DISABLEALERT,
    ]  # fmt: skip


def test_unbalanced_alert_has_no_arguments() -> None:
    assert period_of('  alert a.alert "x y\n').alerts[0].command == Command("a.alert", '"x y', ())


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


def test_redistribute_is_found_by_its_first_word() -> None:
    """C-REDISTRIBUTE."""
    assert service_of("  redistribute x.alert arg\n").redistribute == Command("x.alert", "arg", ("arg",))


def test_words_of_pymons_own() -> None:
    """C-OWN: timeout and inprocess."""
    site = site_of("inprocess = no\n" + G + "  timeout 20s\n  inprocess yes\n")
    (service,) = site.services.values()
    assert (site.settings.inprocess, service.inprocess, service.timeout) == (False, True, 20)
