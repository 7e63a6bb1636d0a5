"""What docs/alerts.md shows works as it stands there."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from pymon.contract.invocation import Invocation
from pymon.plugin import Event, EventKind, event_values, fill_json
from pymon.plugin.mail import write
from pymon.plugin.template import IN_JSON
from pymon.runner.registry import load
from tests.alerts.conftest import ALERTS, RunAlert
from tests.programs import write_program
from tests.servers.website import Page, website

DOCS = (Path(__file__).resolve().parents[2] / "docs/alerts.md").read_text(encoding="utf-8")


def block(start: str) -> str:
    """The indented block that begins with a line."""
    found = re.search(rf"^    {re.escape(start)}.*\n(?:(?:    .*)?\n)*", DOCS, re.MULTILINE)
    assert found, start
    return textwrap.dedent(found.group())


async def test_an_alert_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "ring.alert"
    write_program(path, block("#!/usr/bin/env python3").replace('f"/dev/', f'f"{tmp_path}/'))
    file = load("ring.alert", str(path))
    assert file.plugin is not None, file.problem
    call = Invocation(str(path), ("-g", "web", "-s", "http", "attic"), {}, "it is down\n")
    answer = await file.plugin.run(call)
    assert (answer.exitval, answer.output) == (0, "")
    assert (tmp_path / "attic").read_text() == "web/http: it is down\n"


def test_a_template_of_json() -> None:
    template = re.search(r"^      \{\n(?:        .*\n)+      \}\n", DOCS, re.MULTILINE)
    assert template
    known = event_values(Event("web", "http", ("h1", "h2"), 0.0, EventKind.FAILURE, "h2", 'a "b"\n', {}))
    assert json.loads(fill_json(textwrap.dedent(template.group()), known)) == {
        "title": "ALERT web/http",
        "severity": "critical",
        "hosts": ["h2"],
        "since": 0,
        "body": 'a "b"\n',
    }


async def test_a_receiver_knows_who_sent_it(run_alert: RunAlert, tmp_path: Path) -> None:
    """What docs/alerts.md tells receivers to do takes a request of webhook.alert, and no other."""
    receiver: dict[str, Any] = {}
    exec(block("import hashlib, hmac, time"), receiver)
    (tmp_path / "secret").write_text("hush\n")
    async with website({"/": Page()}) as site:
        await run_alert("webhook.alert", "--secret-file", str(tmp_path / "secret"), site.url, stdin="s\n")
    (request,) = site.requests
    headers = {name.title(): value for name, value in request.headers.items()}
    is_genuine = receiver["is_genuine"]
    assert is_genuine(headers, request.body, b"hush")
    assert not is_genuine(headers, request.body + b" ", b"hush")
    assert not is_genuine(headers, request.body, b"other")
    earlier = {**headers, "X-Pymon-Timestamp": str(int(headers["X-Pymon-Timestamp"]) - 1)}
    assert not is_genuine(earlier, request.body, b"hush")


def test_the_names_of_the_table_are_those_of_a_template() -> None:
    table = DOCS.partition("| name | value |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z_]+)`", table)) - {"fail", "ok", "untested"}
    event = Event("g", "s", (), 0.0, EventKind.UP, "s", "", {})
    assert named == set(event_values(event))


def test_all_of_an_event_is_told() -> None:
    told = DOCS.partition("it is all of the event: ")[2].partition(" as in the table")[0]
    assert re.findall(r"`([a-z_]+)`", told) == list(IN_JSON)


def test_every_alert_is_told() -> None:
    table = DOCS.partition("| alert | what it does |")[2].partition("\n\n")[0]
    assert set(re.findall(r"([a-z]+\.alert)\b", table)) == {path.name for path in ALERTS.glob("*.alert")}


def test_a_template_of_ones_own() -> None:
    environ = {"MON_DESCRIPTION": "the shop"}
    event = Event("web", "http", ("h1", "h2"), 0.0, EventKind.UP, "s", "detail", environ)
    text = write(event, "s", block("Subject:").rstrip() + "\n")
    assert (text.subject, text.body) == ("[UPALERT] web/http: s", "the shop\n- h1\n- h2\n\ndetail")
