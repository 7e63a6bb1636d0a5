"""Templates: what a monitor says is a value in them, and never more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin import (
    Event,
    EventKind,
    TemplateProblem,
    event_json,
    event_values,
    expand,
    fill_json,
    fill_template,
    one_line,
    readable,
)
from pymon.plugin import template as module

ENVIRON = {
    "MON_DESCRIPTION": "the shop",
    "MON_OPSTATUS": "0",
    "MON_RETVAL": "1",
    "MON_FIRST_FAILURE": "1793699000",
    "MON_LAST_FAILURE": "1793700000",
    "MON_LAST_SUCCESS": "0",
    "MON_ACK": "kim: am at it",
    "MON_TRAP_PASS": "hush",
    "PATH": "/bin",
}
HOSTILE = 'www1 {{ 7 * 7 }} {% raise %} "},{"x":"<b>&\\u0041\n\t{group} \udcff \ud800'


def event(summary: str = "www1", detail: str = "why\n", **changes: Any) -> Event:
    whole = Event("web", "http", ("www1", "www2"), 1793700000.0, EventKind.FAILURE, summary, detail, ENVIRON)
    return whole._replace(**changes)


def known(summary: str = "www1", detail: str = "why\n") -> dict[str, Any]:
    return event_values(event(summary, detail))


def test_the_values_of_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        found = known()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert len(found.pop("id")) == 32
    assert found.pop("environ") == {
        name: value for name, value in ENVIRON.items() if name not in {"MON_TRAP_PASS", "PATH"}
    }
    assert found == {
        "word": "ALERT",
        "kind": "failure",
        "group": "web",
        "service": "http",
        "hosts": ["www1", "www2"],
        "failed": ["www1"],
        "members": "www1 www2",
        "summary": "www1",
        "detail": "why\n",
        "text": "ALERT web/http: www1",
        "description": "the shop",
        "time": 1793700000,
        "iso_time": "2026-11-03T10:00:00+00:00",
        "when": "Tue Nov 3 19:00:00",
        "noticed": "Tue Nov  3 19:00:00 2026",
        "opstatus": "0",
        "status": "fail",
        "check": "",
        "retval": "1",
        "first_failure": 1793699000,
        "last_failure": 1793700000,
        "last_success": 0,
        "duration": 1000,
        "ack": "kim: am at it",
        "next_alert": "",
    }


def test_every_value_is_documented() -> None:
    names = {word for line in str(module.__doc__).splitlines() for word in line[:15].split()}
    told = {word.strip("`,;") for word in str(module.__doc__).split()} | names
    assert set(known()) <= told


def test_values_outside_the_daemon() -> None:
    found = event_values(event(environ={}, summary="", kind=EventKind.UP), "mine")
    assert (found["summary"], found["text"], found["failed"]) == ("mine", "UPALERT web/http: mine", [])
    assert (found["status"], found["first_failure"], found["duration"], found["environ"]) == ("", 0, 0, {})


@pytest.mark.parametrize(
    ("summary", "failed"),
    [
        ("www2 www1", ["www1", "www2"]),
        ("www1, www2: down", ["www1", "www2"]),
        ("(www2)", ["www2"]),
        ("www10 www", []),
        ("2 hosts failed", []),
    ],
)
def test_failed_are_the_hosts_that_the_summary_names(summary: str, failed: list[str]) -> None:
    assert known(summary)["failed"] == failed


def test_an_acknowledgement_is_about_the_hosts_that_failed_before() -> None:
    environ = {"MON_LAST_SUMMARY": "www2"}
    assert event_values(event("kim: www1 is mine", kind=EventKind.ACK, environ=environ))["failed"] == ["www2"]


def test_an_event_keeps_its_id_and_no_other_has_it() -> None:
    ids = [
        event_values(each)["id"]
        for each in (
            event(),
            event(),
            event("www2"),
            event(group="x"),
            event(kind=EventKind.UP),
            event(time=1793700001.0),
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 5


def test_all_of_an_event_as_json() -> None:
    whole = event_json(known(HOSTILE))
    assert json.loads(json.dumps(whole)) == whole
    assert not {"environ", "members"} & set(whole)
    assert json.dumps(whole, ensure_ascii=False).encode()


# templates of text


def test_text_is_filled_in_and_never_a_template() -> None:
    """A-template."""
    text = fill_template("{{ group }}: {{ summary }}", known(HOSTILE))
    assert "{{ 7 * 7 }} {% raise %}" in text
    assert "49" not in text
    assert "&" in text
    assert "&amp;" not in text


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("a\n{{ sumary }}", r"UndefinedError: 'sumary' is undefined \(line 2\)"),
        ("a\n\n{% if %}", r"TemplateSyntaxError: .* \(line 3\)"),
        ("{{ 1 / 0 }}", r"ZeroDivisionError: division by zero \(line 1\)"),
        ("{{ summary.__class__.__mro__ }}", "SecurityError"),
        ("{{ hosts.append('x') }}", "SecurityError"),
        ("{{ range(10000000) | list }}", "OverflowError"),
        ("{% include '/etc/passwd' %}", "TypeError: no loader"),
    ],
)
def test_mistakes_in_a_template(template: str, problem: str) -> None:
    with pytest.raises(TemplateProblem, match=problem):
        fill_template(template, known())
    with pytest.raises(TemplateProblem, match=problem):
        fill_json(template, known())


# templates of JSON


@pytest.mark.parametrize(
    "template",
    [
        '{"s": "{{ summary }}", "h": {{ hosts }}, "t": {{ time }}}',
        '{"s": {{ summary | tojson }}, "h": {{ hosts | tojson }}, "t": {{ time | tojson }}}',
        '{% macro q(x) %}"{{ x }}"{% endmacro %}{"s": {{ q(summary) }}, "h": {{ hosts }}, "t": {{ time }}}',
        '{% set s %}{{ summary }}{% endset %}{"s": "{{ s }}", "h": {{ hosts }}, "t": {{ time }}}',
    ],
)
def test_no_value_breaks_out_of_json(template: str) -> None:
    values = known(HOSTILE)
    assert json.loads(fill_json(template, values)) == {
        "s": values["summary"],
        "h": ["www1", "www2"],
        "t": 1793700000,
    }


def test_lists_numbers_and_nothing_in_json() -> None:
    template = """{"a": {{ duration > 60 }}, "b": {{ none }}, "c": "{{ hosts | join("-") }} {{ time }}{{ '"<' }}",
        "d": {{ environ }}}"""
    made = fill_json(template, {**known(), "environ": {"MON_RETVAL": '"'}})
    assert json.loads(made) == {"a": True, "b": None, "c": 'www1-www2 1793700000"<', "d": {"MON_RETVAL": '"'}}


@pytest.mark.parametrize("template", ["", "{{ group }}", '{"a": {{ group }}}', '{"a": 1,}', '{"a": NaN}', "{}{}"])
def test_what_is_no_json_is_a_mistake(template: str) -> None:
    with pytest.raises(TemplateProblem, match="what it makes is no JSON: "):
        fill_json(template, known())


@given(st.text(), st.text())
def test_any_text_is_a_value_in_json(summary: str, detail: str) -> None:
    made = json.loads(fill_json('{"a": "{{ summary }}", "b": "{{ detail }}"}', known(summary, detail)))
    assert made == {"a": one_line(summary), "b": readable(detail)}


# placeholders


def test_placeholders() -> None:
    values = known(HOSTILE)
    assert expand("{group}/{service} {hosts} {time}", values) == "web/http www1 www2 1793700000"
    assert expand("{summary}", values) == values["summary"]
    assert expand("{{group}} {} { group } {$1} {print $1}", values) == "{group} {} { group } {$1} {print $1}"
    assert expand("?q={summary}", known("a b&c/d"), encode=lambda text: quote(text, safe="")) == "?q=a%20b%26c%2Fd"


@pytest.mark.parametrize("name", ["sumary", "environ"])
def test_a_placeholder_for_nothing(name: str) -> None:
    with pytest.raises(ValueError, match=f"there is no {{{name}}} to fill in .* there are: ack, "):
        expand(f"x{{{name}}}", known())


def test_jinja2_is_loaded_for_the_first_template_only() -> None:
    code = (
        "import sys\nfrom pymon.plugin import Alert, Event, EventKind, event_values, fill_template\n"
        "event = Event('g', 's', (), 0.0, EventKind.UP, 's', '', {})\n"
        "values = event_values(event)\nprint('jinja2' in sys.modules)\n"
        "fill_template('x', values)\nprint('jinja2' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.split() == ["False", "True"]
