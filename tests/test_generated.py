"""The generated parts of the documents are up to date; docs/mon.cf.md has every word of mon.cf, with tried examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from docs import generate
from pymon.config.keyword import Keyword, Scope
from pymon.config.keywords import KEYWORDS, RECORDS
from pymon.config.loader import load
from pymon.errors import ConfigError

PAGE = generate.DOCS / "mon.cf.md"
ROOT = generate.DOCS.parent
TITLES = {Scope.SITE: "Variables", Scope.SERVICE: "Keywords of a service", Scope.PERIOD: "Keywords of a period"}
GROUPS = ("db", "maintenance", "router", "router2", "switch", "web")
"""groups that examples name; each has the services ``ping``, ``mysql``, …"""
SERVICES = ("ping", "mysql", "pgsql", "on", "a", "b", "c")


@dataclass(frozen=True)
class Entry:
    """One ``###`` of the page: its section and title, the prose, and the examples."""

    section: str
    title: str
    prose: str
    examples: tuple[str, ...]


def entries() -> Iterator[Entry]:
    for section in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, rest = section.partition("\n")
        for part in re.split(r"^### ", rest, flags=re.MULTILINE)[1:]:
            title, _, body = part.partition("\n")
            examples = re.findall(r"^```\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)
            prose = re.sub(r"^```\n.*?^```$", "", body, flags=re.MULTILINE | re.DOTALL).strip()
            yield Entry(name, title, prose, tuple(examples))


ENTRIES = list(entries())


@pytest.mark.slow
@pytest.mark.parametrize("page", generate.pages(), ids=lambda page: page.name)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert generate.render(text) == text, "python -m docs.generate"


def test_a_page_has_the_table_of_keywords() -> None:
    assert PAGE in generate.pages()


@pytest.mark.parametrize("keyword", KEYWORDS, ids=lambda keyword: f"{keyword.scope.value} {keyword.name}")
def test_every_keyword_has_a_paragraph_and_an_example(keyword: Keyword) -> None:
    (entry,) = (each for each in ENTRIES if (each.section, each.title) == (TITLES[keyword.scope], keyword.name))
    assert len(entry.prose) > 30
    assert any(re.search(rf"^{keyword.name}\b", example, re.MULTILINE) for example in entry.examples)


@pytest.mark.slow
def test_every_limit_says_what_it_bounds() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", generate.PARTS["limits"](), re.MULTILINE)
    assert len(rows) > 50
    assert [name for name, _, text in rows if not text.strip()] == []


def test_no_keyword_is_described_that_there_is_not() -> None:
    known = {(TITLES[keyword.scope], keyword.name) for keyword in KEYWORDS}
    assert {(each.section, each.title) for each in ENTRIES if each.section in TITLES.values()} == known


def test_every_record_and_every_form_has_a_paragraph() -> None:
    titles = {each.title for each in ENTRIES if each.section == "Records"}
    assert titles >= {record.name for record in RECORDS} | {"service", "period", "Variables of the environment"}
    assert len([each for each in ENTRIES if each.section.startswith("When")]) >= 6
    assert len([each for each in ENTRIES if each.section.startswith("Dependencies")]) >= 8


PLUGINS = f"mondir = {ROOT}/monitors\nalertdir = {ROOT}/alerts\n"


def site_around(example: str) -> str:
    """Groups and services that examples name, but for those that the example declares itself."""
    text = ""
    for group in GROUPS:
        has_watch = f"watch {group}\n" in example
        if f"hostgroup {group} " not in example:
            text += f"\nhostgroup {group} h1 h2 web3\n\n"
        if not has_watch:
            text += f"\nwatch {group}\n" + "".join(f" service {name}\n  traptimeout 1h\n" for name in SERVICES)
    return text


AROUND = site_around("")
BEFORE = {
    "Variables": "",
    "Keywords of a service": f"{PLUGINS}{AROUND} service tried\n",
    "Keywords of a period": f"{PLUGINS}{AROUND} service tried\n  interval 1m\n  monitor http.monitor\n  period\n",
    "When: forms of a period": f"{PLUGINS}{AROUND} service tried\n  interval 1m\n  monitor http.monitor\n",
    "Dependencies: forms of an expression": f"{PLUGINS}{AROUND} service tried\n  interval 1m\n  monitor http.monitor\n",
}
"""section → what must stand before its examples"""


@pytest.mark.parametrize(
    ("section", "title", "example"),
    [(each.section, each.title, example) for each in ENTRIES for example in each.examples],
)
def test_every_example_is_read(section: str, title: str, example: str, tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem", "clients-ca.pem", "monusers.cf", "auth.cf"):
        (tmp_path / name).touch()
    behind = site_around(example) if section not in BEFORE or section == "Variables" else ""
    text = BEFORE.get(section, PLUGINS) + example.replace("/etc/mon/", f"{tmp_path}/") + behind
    base = "" if title == "cfbasedir" else f"cfbasedir = {tmp_path}\n"
    (tmp_path / "mon.cf").write_text(base + text, encoding="utf-8")
    try:
        problems = load(tmp_path / "mon.cf").problems
    except ConfigError as error:
        problems = error.problems
    assert [str(problem) for problem in problems if problem.code not in WITHOUT_ITS_FILES] == [], title


WITHOUT_ITS_FILES = {"missing-monitor", "missing-alert", "missing-directory", "hides-own", "no-hostgroup"}
"""what an example cannot have here: files and directories of its site"""


def test_the_whole_site_at_the_top_is_read(tmp_path: Path) -> None:
    (site,) = re.findall(
        r"A whole site:\n\n```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "mon.cf").write_text(site, encoding="utf-8")
    loaded = load(tmp_path / "mon.cf")
    assert [problem.code for problem in loaded.problems if problem.code not in WITHOUT_ITS_FILES] == []
    assert [len(watch.services) for watch in loaded.site.watches.values()] == [1, 1]
