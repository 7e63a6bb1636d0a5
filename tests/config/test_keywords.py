"""Every row of the table of keywords: a good and a bad value of it, wherever values are read, set or shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from pymon.cli.check import check
from pymon.config import value_types as types
from pymon.config.keyword import CURRENT, Inheritance, InvalidValue, Keyword, Scope, ValueType
from pymon.config.keywords import KEYWORDS, PERIOD_KEYWORDS, SERVICE_KEYWORDS, VARIABLES, WATCH_WORDS
from pymon.config.loader import load
from pymon.config.problems import PROBLEM_KINDS
from pymon.engine.requests.variables import set_variable
from pymon.errors import ConfigError, SettingError
from pymon.model.depend import ServiceKey
from pymon.model.problem import Severity
from pymon.model.service import Period, Service
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.model.snapshot import Snapshot
from pymon.model.state import ServiceState
from pymon.server.commands.variable_values import value
from tests.config.samples import problems_of, site_of

KEY = ServiceKey("g", "s")


@dataclass(frozen=True)
class Values:
    """Values of one type: a good one, how ``--explain`` and ``get`` show it, a bad one with the problem that it is.

    ``bad`` None: any text is a value. ``to_set`` and ``bad_to_set`` are what ``set`` is given, where that differs.
    """

    good: str
    explained: str
    got: str = ""
    bad: str | None = None
    code: str = ""
    to_set: str = ""
    bad_to_set: str = ""


def same(good: str, bad: str | None = None, code: str = "") -> Values:
    """Values that are shown as they are written."""
    return Values(good, good, good, bad, code)


VALUES: dict[ValueType, Values] = {
    types.TEXT: same("/dev/null"),
    types.HOSTS: same("h"),
    types.FILE: same("/dev/null"),
    types.DIRECTORY: same("/dev"),
    types.PATHS: same("/dev:/"),
    types.PATH: same("/dev/full"),
    types.NUMBER: same("7", "many", "odd-number"),
    types.COUNT: same("7", "many", "numalerts"),
    types.PROCESSES: same("7", "many", "not-a-number"),
    types.TIME: Values("1.5m", "1m30s", "90", "soon", "time", to_set="90"),
    types.GLOBAL_TIME: Values("1.5m", "1m30s", "90", "soon", "global-time"),
    types.EXCLUDED_PERIOD: same("wd {Sun}", "always", "malformed-period"),
    types.FLAG: Values("", "yes", "1", "no", "ignored-argument", to_set="1", bad_to_set="perhaps"),
    types.YES_OR_NO: Values("no", "no", "0", "perhaps", "inprocess"),
    types.UNACK_SUMMARY: Values("yes", "yes", "1", "off", "unack-summary"),
    types.GLOBAL_UNACK_SUMMARY: Values("yes", "yes", "1", "off", "unack-summary"),
    types.DTLOGGING: Values("yes", "yes", "1", "maybe", "odd-switch"),
    types.STARTUPALERTS: Values("yes", "yes", "1", "maybe", "odd-switch"),
    types.MONITOR: Values("m.monitor -x ;;", "m.monitor -x", "m.monitor -x ;;", "m.monitor 'x", "unbalanced-monitor"),
    types.COMMAND: same("a.alert -x", "a.alert 'x", "unbalanced-alert"),
    types.ALERT: Values("exit=1 a.alert -x", "exit=1 a.alert -x", bad="a.alert 'x", code="unbalanced-alert"),
    types.EXIT_RANGE: same("1-3", "1 - 3", "exit-range"),
    types.ALERTEVERY: Values("90s strict", "1m30s strict", bad="soon", code="alertevery"),
    types.ALERTAFTER: Values("3 90m", "3 1h30m", bad="soon", code="alertafter"),
    types.BEHAVIOR: same("m", "x", "unknown-behavior"),
    types.DEPENDENCY: Values("SELF:t", "g:t", "g:t", "SELF:t &&", "malformed-dependency"),
    types.PORT: same("7000", "mon", "not-a-number"),
    types.ADDRESSES: same("127.0.0.2"),
    types.CLIENT_PATTERNS: same("10.0.0.1", "(", "client-pattern"),
    types.AUTH_TYPES: same("userfile", "userfiles", "unknown-authtype"),
    types.FACILITY: same("local0", "deamon", "unknown-facility"),
    types.SOCKET_MODE: same("600", "rw", "socket-mode"),
    types.STATE_POLICY: same("fresh", "forget", "state-policy"),
    types.PLUGIN_ORDER: same("own", "mine", "plugin-order"),
}
OF_ONE_KEYWORD = {
    "hostdepend": Values("SELF:t", "g:t", "g:t"),  # a list of hosts' services: no expression, so nothing is malformed
}
NEEDS = {"servertls": "servertlscert = /dev/null\n"}
"""what else must stand in a file that has the variable"""


def values_of(keyword: Keyword) -> Values:
    return OF_ONE_KEYWORD.get(keyword.name) or VALUES[keyword.type]


def config(keyword: Keyword, text: str) -> str:
    """A site whose only service of the name ``s`` has a value for a keyword."""
    line = dict.fromkeys(Scope, "") | {keyword.scope: f"{keyword.name} {text}\n"}
    variable = f"{NEEDS.get(keyword.name, '')}{keyword.name} = {text}\n" if line[Scope.SITE] else ""
    return "".join((
        f"{variable}hostgroup g h i\n\nwatch g\n service t\n service s\n",
        line[Scope.SERVICE],
        "  period wd {Mon-Fri}\n",
        line[Scope.PERIOD],
    ))  # fmt: skip


def record_of(keyword: Keyword, site: Site) -> Settings | Service | Period:
    service = site.services[KEY]
    if keyword.scope is Scope.SITE:
        return site.settings
    return service if keyword.scope is Scope.SERVICE else service.periods[0]


def written(folder: Path, text: str) -> Path:
    path = folder / "mon.cf"
    path.write_text(text)
    return path


def shown(path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    """What ``--explain`` says of a name: part → value and origin."""
    check(path, as_json=True, explain=(KEY.group, KEY.service))
    document = json.loads(capsys.readouterr().out)
    return {
        each["part"].split()[0]: (each["value"], each["origin"]) for each in document["values"] if each["name"] == name
    }


def name_of(keyword: Keyword) -> str:
    return f"{keyword.scope.value} {keyword.name}"


EACH = pytest.mark.parametrize("keyword", KEYWORDS, ids=name_of)
OF_SERVICES = pytest.mark.parametrize("keyword", SERVICE_KEYWORDS.values(), ids=name_of)
WITH_BAD = pytest.mark.parametrize(
    "keyword", [each for each in KEYWORDS if values_of(each).bad is not None], ids=name_of
)


@EACH
def test_a_row_has_values_here(keyword: Keyword) -> None:
    assert keyword.type in VALUES


@pytest.mark.parametrize(
    ("scope", "record"), [(Scope.SITE, "Settings"), (Scope.SERVICE, "Service"), (Scope.PERIOD, "Period")]
)
def test_a_row_without_its_field_is_refused_at_once(scope: Scope, record: str) -> None:
    with pytest.raises(TypeError, match=f"the keyword nothing needs a field nothing of {record}, with a default"):
        Keyword("nothing", scope, types.TIME)


@pytest.mark.parametrize("row", [("cltimeout", Scope.SITE), ("timeout", Scope.SERVICE), ("upalertafter", Scope.PERIOD)])
def test_a_time_needs_no_wording_of_its_own(row: tuple[str, Scope]) -> None:
    keyword = Keyword(*row, types.TIME)
    with pytest.raises(InvalidValue) as error:
        keyword.read("soon", lambda *_args, **_facts: None)
    said = PROBLEM_KINDS[error.value.code].message.format(**error.value.facts)
    assert said.startswith(f"invalid {keyword.name} 'soon'")


def test_rows_stand_once_and_services_and_periods_share_none() -> None:
    assert len({(keyword.scope, keyword.name) for keyword in KEYWORDS}) == len(KEYWORDS)
    in_watches = [keyword.name for keyword in KEYWORDS if keyword.scope is not Scope.SITE]
    assert len(set(in_watches)) == len(in_watches)
    assert {*in_watches, "service", "period"} == WATCH_WORDS


def test_every_setting_has_a_row() -> None:
    assert set(VARIABLES) == set(Settings.__dataclass_fields__)


@EACH
def test_a_path_is_under_a_directory_that_leads_to_the_current_one(keyword: Keyword) -> None:
    seen = {keyword.name}
    while keyword.under not in ("", CURRENT):
        keyword = VARIABLES[keyword.under]
        assert keyword.type is types.DIRECTORY
        assert keyword.name not in seen
        seen.add(keyword.name)
    assert keyword.under == CURRENT or len(seen) == 1


@OF_SERVICES
def test_what_is_inherited_is_a_variable_of_the_same_default(keyword: Keyword) -> None:
    if keyword.inherits is None:
        return
    assert keyword.name in VARIABLES
    if keyword.inherits is Inheritance.EARLIER:
        assert VARIABLES[keyword.name].default == keyword.default


@EACH
def test_good_value_is_loaded(keyword: Keyword, folder: Path) -> None:
    text = config(keyword, values_of(keyword).good)
    assert keyword.values_of(record_of(keyword, site_of(text))) != keyword.default
    record = record_of(keyword, load(written(folder, text)).site)
    assert keyword.values_of(record) != keyword.default


@WITH_BAD
def test_bad_value_is_told_by_its_problem_at_its_line(keyword: Keyword, folder: Path) -> None:
    values = values_of(keyword)
    assert values.bad is not None
    text = config(keyword, values.bad)
    (found,) = [problem for problem in problems_of(folder, text) if problem.code == values.code]
    assert text.splitlines()[found.place.line - 1].split()[0] == keyword.name
    assert found.severity is PROBLEM_KINDS[values.code].severity
    if keyword.wording:
        assert found.message.startswith(f"{keyword.wording} '{values.bad}'")
    path = written(folder, text)
    if found.severity is Severity.ERROR:
        with pytest.raises(ConfigError):
            load(path)
    else:
        assert values.code in {problem.code for problem in load(path).problems}


@WITH_BAD
def test_check_prints_the_problem(keyword: Keyword, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = values_of(keyword)
    assert values.bad is not None
    status = check(written(folder, config(keyword, values.bad)), as_json=True, explain=None)
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert values.code in {problem["code"] for problem in problems}
    assert status == (2 if PROBLEM_KINDS[values.code].severity is Severity.ERROR else 1)


@EACH
def test_explain_shows_the_value_and_where_it_stands(
    keyword: Keyword, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = values_of(keyword)
    text = config(keyword, values.good)
    record = record_of(keyword, site_of(text))
    if keyword.type is not types.ALERT:
        assert keyword.explain(*keyword.values_of(record)) == values.explained
    path = written(folder, text)
    (line,) = [number for number, each in enumerate(text.splitlines(), 1) if each.split()[:1] == [keyword.name]]
    part = {Scope.SITE: "global", Scope.SERVICE: "service", Scope.PERIOD: "period"}[keyword.scope]
    found = shown(path, keyword.name, capsys)
    if keyword.scope is Scope.SITE and not keyword.explained:
        assert "global" not in found
        return
    given, origin = found[part]
    assert origin == f"{path}:{line}"
    assert given in (values.explained, f"{values.explained}:{given.rpartition(':')[2]}")


@EACH
def test_explain_says_that_a_keyword_is_not_given(keyword: Keyword) -> None:
    said = "nothing" if keyword.type is types.ALERT else keyword.explain(*keyword.default)
    assert said
    assert said == keyword.unset or not keyword.unset


@pytest.mark.parametrize(
    ("lines", "said"),
    [("alertafter 4", "4"), ("alertafter 5h", "5h"), ("alertafter 4\nalertafter 3 90s", "4 and 3 1m30s")],
)
def test_explain_shows_every_form_of_alertafter_that_is_given(lines: str, said: str) -> None:
    site = site_of(f"hostgroup g h\n\nwatch g\n service s\n  period wd {{Mon}}\n{lines}\n")
    (period,) = site.services[KEY].periods
    keyword = PERIOD_KEYWORDS["alertafter"]
    assert keyword.explain(*keyword.values_of(period)) == said


def test_a_dependency_is_not_read_without_its_group() -> None:
    with pytest.raises(TypeError, match="depend cannot be read"):
        SERVICE_KEYWORDS["depend"].read("SELF:t", lambda *_args, **_facts: None)


@OF_SERVICES
def test_get_shows_the_value(keyword: Keyword) -> None:
    values = values_of(keyword)
    service = site_of(config(keyword, values.good)).services[KEY]
    assert value(keyword.name, service, ServiceState(), Snapshot(Site(Settings()), 0.0)) == values.got


@OF_SERVICES
def test_set_takes_what_the_file_may_say_and_empty_text_takes_it_back(keyword: Keyword) -> None:
    values = values_of(keyword)
    service = site_of(config(keyword, values.good)).services[KEY]
    bare = Service(KEY.group, KEY.service)
    for text in {values.good, values.to_set} - {""}:
        change = set_variable(bare, ServiceState(), keyword.name, text, 0.0)
        assert keyword.values_of(change.service) == keyword.values_of(service)
        assert change.retimed is keyword.retimes
    back = set_variable(service, ServiceState(), keyword.name, "", 0.0).service
    assert keyword.values_of(back) == keyword.default


@OF_SERVICES
def test_set_refuses_a_bad_value(keyword: Keyword) -> None:
    values = values_of(keyword)
    bad = values.bad_to_set or values.bad
    if bad is None:
        return
    with pytest.raises(SettingError):
        set_variable(Service(KEY.group, KEY.service), ServiceState(), keyword.name, bad, 0.0)


@pytest.mark.parametrize("keyword", [each for each in KEYWORDS if each.name not in SERVICE_KEYWORDS], ids=name_of)
def test_only_keywords_of_services_can_be_set(keyword: Keyword) -> None:
    with pytest.raises(SettingError, match=f"{keyword.name} is no keyword of a service"):
        set_variable(Service("g", "s"), ServiceState(), keyword.name, values_of(keyword).good, 0.0)


@pytest.mark.parametrize("keyword", [each for each in KEYWORDS if each.scope is not Scope.SITE], ids=name_of)
def test_a_keyword_in_another_place_is_told_where_it_belongs(keyword: Keyword, folder: Path) -> None:
    line = f"{keyword.name} {values_of(keyword).good}\n"
    watch = "hostgroup g h\n\nwatch g\n"
    service = f"{watch} service s\n"
    assert "keyword-before-service" in codes(folder, watch + line)
    in_service, in_period = codes(folder, service + line), codes(folder, f"{service}  period wd {{Mon}}\n{line}")
    assert ("period-keyword-in-service" in in_service) is (keyword.scope is Scope.PERIOD)
    assert ("service-keyword-in-period" in in_period) is (keyword.scope is Scope.SERVICE)


def codes(folder: Path, text: str) -> set[str]:
    return {problem.code for problem in problems_of(folder, text)}
