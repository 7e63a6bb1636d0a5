"""What docs/alerts.md shows works as it stands there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from pymon.alert.message import write
from pymon.model.invocation import Invocation
from pymon.plugin import Event, EventKind
from pymon.runner.registry import load

DOCS = (Path(__file__).resolve().parents[2] / "docs/alerts.md").read_text(encoding="utf-8")


def block(start: str) -> str:
    """The indented block that begins with a line."""
    found = re.search(rf"^    {re.escape(start)}.*\n(?:(?:    .*)?\n)*", DOCS, re.MULTILINE)
    assert found, start
    return textwrap.dedent(found.group())


async def test_an_alert_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "ring.alert"
    path.write_text(block("#!/usr/bin/env python3").replace('f"/dev/', f'f"{tmp_path}/'))
    path.chmod(0o755)
    file = load("ring.alert", str(path))
    assert file.plugin is not None, file.problem
    call = Invocation(str(path), ("-g", "web", "-s", "http", "attic"), {}, "it is down\n")
    answer = await file.plugin.run(call)
    assert (answer.exitval, answer.output) == (0, "")
    assert (tmp_path / "attic").read_text() == "web/http: it is down\n"


def test_a_template_of_ones_own() -> None:
    environ = {"MON_DESCRIPTION": "the shop"}
    event = Event("web", "http", ("h1", "h2"), 0.0, EventKind.UP, "s", "detail", environ)
    text = write(event, "s", block("Subject:").rstrip() + "\n")
    assert (text.subject, text.body) == ("[UPALERT] web/http: s", "the shop\n- h1\n- h2\n\ndetail")
