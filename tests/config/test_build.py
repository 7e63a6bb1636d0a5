"""Records begin and end as in mon, and whatever the text, there is a site or there are problems."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.build import build
from pymon.config.check import check
from pymon.config.keywords import FIRST_WORDS
from pymon.config.lines import Source
from pymon.config.parse import parse
from pymon.config.report import ProblemReport
from pymon.model.depend import ServiceKey
from pymon.model.service import (
    DeclaredHost,
)
from tests.config.samples import problems_of, site_of


def test_hostgroups_views_and_aliases() -> None:
    site = site_of(
        "hostgroup g a *b\n  c\n\nhostgroup e\n\nview v g e\n  g:s\n\nalias t\n  설명  text\n  watch g service s\n\n"
        "watch g\n service s\n\nwatch alone\n service s\n\nwatch nothing\n\n"
    )
    assert site.hosts("g") == (DeclaredHost("a"), DeclaredHost("b", disabled=True), DeclaredHost("c"))
    assert site.hosts("e") == ()
    assert site.hosts("alone") == (DeclaredHost("alone"),)
    assert site.hosts("nothing") == (DeclaredHost("nothing"),)
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
        (11, "missing-alert"),
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
    source = Source("f", text, FIRST_WORDS)
    report = ProblemReport(source)
    parsed = build(parse(report), report)
    check(parsed, report, 2026)
    for problem in report.problems():
        assert 0 <= problem.place.line <= source.count + 1
        assert str(problem)
    assert parsed.site.services.keys() == parsed.built.keys()
