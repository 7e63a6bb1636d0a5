"""What a decision asks for is done, in the order in which it asks for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.engine.downtime import DowntimeLog
from pymon.engine.effects import Effects, is_inprocess_wanted
from pymon.engine.history import History
from pymon.engine.limits import EngineLimits
from pymon.engine.line_writer import LineWriter
from pymon.engine.plugin_lookup import Programs
from pymon.engine.state import SiteState
from pymon.model.depend import ServiceKey
from pymon.model.effect import (
    AlertCall,
    DowntimeRecorded,
    Effect,
    FailureRecorded,
    Noticed,
    Rule,
    SendReason,
    SendRule,
    Suppressed,
    Suppression,
)
from pymon.model.log_level import ALERT, SUPPRESSED
from pymon.model.service import AlertKind, Command, DeclaredHost, Hostgroup, Service, Watch
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.model.state import ServiceState
from pymon.model.status import EventKind
from pymon.runner.registry import PluginFile
from pymon.store.disk_worker import DiskWorker

KEY = ServiceKey("web", "http")
SERVICE = Service(*KEY)
CALL = AlertCall(
    KEY,
    EventKind.FAILURE,
    Command("mail.alert", "-s bob", ("-s", "bob")),
    ServiceState(),
    "web1\nno answer\n",
    1000.0,
    1,
    AlertKind.ALERT,
    "p",
    "alert",
    reason=SendReason(SendRule.FIRST),
)
SETTINGS = Settings(dtlogging=True)


class Launcher:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.launched: list[tuple[AlertCall, Invocation, PluginFile, bool]] = []

    def launch(self, call: AlertCall, invocation: Invocation, file: PluginFile, *, inprocess: bool) -> None:
        self.launched.append((call, invocation, file, inprocess))


class Bench:
    """Effects on a site whose only alert is mail.alert."""

    def __init__(self, directory: Path) -> None:
        self.launcher = Launcher()
        self.settings = replace(SETTINGS, dtlogfile=str(directory / "downtime"))
        self.writer = LineWriter(DiskWorker("lines"), EngineLimits())
        self.history = History(self.settings, self.writer, 0.0)
        downtime = DowntimeLog(self.writer)
        downtime.configure(self.settings, 0.0)
        self.effects = Effects(self.launcher, self.history, downtime, {"HOME": "/"})  # type: ignore[arg-type]  # stands for one

    def perform(self, *effects: Effect, alerts: Mapping[str, PluginFile] | None = None) -> None:
        known = {"mail.alert": PluginFile("mail.alert", "/alert.d/mail.alert")} if alerts is None else alerts
        hosts = Hostgroup("web", (DeclaredHost("web1"), DeclaredHost("web2", disabled=True)))
        site = Site(self.settings, {"web": hosts}, {"web": Watch("web", (SERVICE,))}, {KEY: SERVICE})
        self.effects.perform(effects, SERVICE, SiteState(site, Programs({}, known, frozenset()), 0.0))

    def downtime_lines(self) -> list[str]:
        return Path(self.settings.dtlogfile).read_text().splitlines()


@pytest.fixture
def bench(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Bench:
    caplog.set_level(SUPPRESSED)
    return Bench(tmp_path)


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [(record.levelno, record.getMessage()) for record in caplog.records]


def test_an_alert_is_launched_with_the_hosts_that_are_not_disabled(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.perform(CALL)
    ((call, invocation, file, inprocess),) = bench.launcher.launched
    assert (call, file.path, inprocess) == (CALL, "/alert.d/mail.alert", True)
    assert invocation.arguments[invocation.arguments.index("-h") + 1] == "web1"
    assert (invocation.environ["HOME"], invocation.stdin) == ("/", "web1\nno answer\n")
    assert list(bench.history.alerts) == ["alert web http 1000 /alert.d/mail.alert (-s bob) web1"]
    assert told(caplog) == [
        (ALERT, "calling alert mail.alert for web/http (/alert.d/mail.alert,-s bob) web1"),
    ]


def test_an_alert_that_the_history_does_not_count_is_in_none(bench: Bench) -> None:
    bench.perform(replace(CALL, event=EventKind.TEST, history_word=None))
    assert len(bench.launcher.launched) == 1
    assert not bench.history.alerts


def test_an_alert_that_is_nowhere_is_told_of(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.perform(CALL, alerts={})
    assert not bench.launcher.launched
    assert not bench.history.alerts
    assert told(caplog) == [(logging.ERROR, "no alert 'mail.alert' in alertdir for web/http")]


@pytest.mark.parametrize(
    ("is_broken", "line"),
    [(False, "failure for web http 1000 no answer"), (True, "broken check of web http 1000 no answer")],
)
def test_a_failure_goes_to_its_history(
    bench: Bench, caplog: pytest.LogCaptureFixture, is_broken: bool, line: str
) -> None:
    bench.perform(FailureRecorded(KEY, 1000.9, "no answer", is_broken))
    assert list(bench.history.failures) == ["web http 1000 no answer"]
    assert told(caplog) == [(logging.CRITICAL, line)]


async def test_an_outage_that_has_ended_goes_to_the_downtime_log(bench: Bench) -> None:
    bench.perform(DowntimeRecorded(KEY, 1090.0, 1000.0, 60.0, "no answer"))
    await bench.writer.written()
    assert bench.downtime_lines()[-1] == "1090 web http 1000 90 60 no answer"


def test_what_was_held_back_and_what_was_noticed_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    held = (Suppression(Rule.ACK, "acknowledged by bob"), Suppression(Rule.ALERTEVERY, "alertevery 10m", "p"))
    bench.perform(Suppressed(KEY, EventKind.FAILURE, held, 1000.0), Noticed(KEY, "no such service"))
    assert told(caplog) == [
        (SUPPRESSED, "web/http failure: not alerted: acknowledged by bob"),
        (SUPPRESSED, "web/http failure: not alerted: period p: alertevery 10m"),
        (logging.WARNING, "web/http: no such service"),
    ]


def test_everything_is_done_in_the_order_in_which_it_is_asked_for(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.perform(Noticed(KEY, "first"), CALL, FailureRecorded(KEY, 1000.0, "last"))
    assert [message.split()[0] for _, message in told(caplog)] == ["web/http:", "calling", "failure"]


@pytest.mark.parametrize(
    ("of_service", "of_site", "wanted"),
    [(None, True, True), (None, False, False), (False, True, False), (True, False, True)],
)
def test_a_services_own_word_on_inprocess_counts_before_the_sites(
    of_service: bool | None, of_site: bool, wanted: bool
) -> None:
    service, settings = replace(SERVICE, inprocess=of_service), Settings(inprocess=of_site)
    assert is_inprocess_wanted(service, settings) is wanted
