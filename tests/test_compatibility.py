"""docs/compatibility/ is complete: every keyword, variable, option and id has its row, and each row its proof."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pymon.cli import mon
from pymon.config.keywords import PERIOD_KEYWORDS, RECORDS, SERVICE_KEYWORDS, VARIABLES
from pymon.config.problems import PROBLEM_KINDS
from tests.differential.scenarios import SCENARIOS

TESTS = Path(__file__).resolve().parent
TRANSCRIPTS = TESTS / "differential" / "talk" / "transcripts"
DOCS = TESTS.parent / "docs"
INDEX = DOCS / "compatibility.md"
PAGES = sorted((DOCS / "compatibility").glob("*.md"))
WORDS = {
    "Global variables": set(VARIABLES),
    "Records": {record.name for record in RECORDS} | {"service", "period"},
    "Service keywords": set(SERVICE_KEYWORDS),
    "Period keywords": set(PERIOD_KEYWORDS),
}
"""section of the pages → the words of mon.cf that it describes"""
STATES = {"same", "fixed", "different", "new"}
ID = re.compile(
    r"(?<![A-Za-z0-9-])(Q\d{1,2}|D\d|(?:[ACEKMNPRSTUW]-[A-Za-z]|X-[a-z])[A-Za-z]{2,}\d?(?:-[A-Za-z0-9]+)*)(?![A-Za-z0-9-])"
)
TEST_NAME = re.compile(r"def test_(\w+)\(")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the section it stands in, its cells by the names of their columns."""

    section: str
    cells: dict[str, str]

    @property
    def subject(self) -> str:
        """The first cell."""
        return next(iter(self.cells.values()))

    @property
    def state(self) -> str:
        """One of STATES."""
        return self.cells["state"]

    @property
    def names(self) -> list[str]:
        """What the first cell names, without the marks of code."""
        return re.findall(r"`([^`]+)`", self.subject)


def rows() -> Iterator[Row]:
    """Every row of the tables that have a column ``state``."""
    section = ""
    columns: list[str] = []
    for line in "\n".join(page.read_text(encoding="utf-8") for page in PAGES).splitlines():
        if line.startswith("## "):
            section, columns = line[3:], []
        elif not line.startswith("|"):
            columns = []
        else:
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not columns:
                columns = cells
            elif not set(cells[0]) <= {"-", ":"} and "state" in columns[1:]:
                assert len(cells) == len(columns), line
                yield Row(section, dict(zip(columns, cells, strict=True)))


ROWS = list(rows())
IDS = {row.subject: row for row in ROWS if ID.fullmatch(row.subject)}


def is_said(name: str, function: str) -> bool:
    """Whether a test function's name (without ``test_``) begins or ends with an id: ``q2_…``, ``…_m_opt_1``."""
    slug = name.lower().replace("-", "_")
    return f"{function}_".startswith(f"{slug}_") or f"_{function}".endswith(f"_{slug}")


def ids_of_tests() -> dict[str, set[Path]]:
    """Every id that a test file names, with the files; samples of malformed.py and transcripts are tests, too."""
    samples = TESTS / "config" / "test_problems.py"
    found = {kind.differs: {samples} for kind in PROBLEM_KINDS.values() if kind.differs}
    for file in (*TESTS.rglob("*.py"), *TRANSCRIPTS.glob("*.txt")):
        if file == Path(__file__):
            continue
        text = file.read_text(encoding="utf-8")
        in_names = [name for name in IDS for said in TEST_NAME.findall(text) if is_said(name, said)]
        for name in (*ID.findall(text), *in_names):
            found.setdefault(name, set()).add(file)
    return found


def test_each_row_has_a_state() -> None:
    assert [(row.subject, row.state) for row in ROWS if row.state not in STATES] == []


def test_ids_stand_once() -> None:
    subjects = [row.subject for row in ROWS if ID.fullmatch(row.subject)]
    assert sorted(subjects) == sorted(set(subjects))


@pytest.mark.slow
def test_every_id_of_a_test_has_a_row() -> None:
    assert {name: sorted(map(str, files)) for name, files in ids_of_tests().items() if name not in IDS} == {}


@pytest.mark.slow
def test_every_id_has_a_test() -> None:
    tested = ids_of_tests()
    assert [name for name, row in IDS.items() if name not in tested] == []


def test_every_id_that_is_mentioned_has_a_row() -> None:
    mentioned = {name for page in (INDEX, *PAGES) for name in ID.findall(page.read_text(encoding="utf-8"))}
    assert mentioned - IDS.keys() == set()


def test_the_index_names_every_page() -> None:
    listed = re.findall(r"\]\(compatibility/([\w.-]+)\)", INDEX.read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(page.name for page in PAGES)


def test_all_quirks_are_there() -> None:
    assert {f"Q{number}" for number in range(1, 22)} | {f"D{number}" for number in range(1, 10)} <= IDS.keys()


@pytest.mark.parametrize("section", WORDS)
def test_every_word_of_the_language_has_a_row(section: str) -> None:
    described = [name for row in ROWS if row.section == section for name in row.names]
    assert sorted(set(described)) == sorted(described), "a word has two rows"
    assert {name for name in described if re.fullmatch(r"[a-z_]+", name)} == WORDS[section]


def test_every_option_of_mon_has_a_row() -> None:
    options = {
        spelling
        for action in mon._parser()._actions
        if action.help is not argparse.SUPPRESS
        for spelling in action.option_strings
    }
    described = {name for row in ROWS if row.section == "Command line of `mon`" for name in row.names}
    assert described == options


@pytest.mark.parametrize("room", ["monitors", "alerts"])
def test_every_plugin_has_a_row(room: str) -> None:
    files = {file.name for file in (TESTS.parent / room).iterdir() if file.is_file()}
    described = {name for row in ROWS if row.section == room.capitalize() for name in row.names}
    assert files <= described


def test_each_proof_exists() -> None:
    """A row's test is a file below ``tests/`` or a scenario; an id's file names that id."""
    scenarios = {scenario.name for scenario in SCENARIOS}
    missing = []
    for row in ROWS:
        proofs = re.findall(r"`([^`]+)`", row.cells.get("test", ""))
        if not proofs and "test" in row.cells:
            missing.append(f"{row.subject}: no test")
        missing += [
            f"{row.subject}: {proof}" for proof in proofs if proof not in scenarios and not (TESTS / proof).is_file()
        ]
    assert not missing, "\n".join(missing)


def test_the_proof_of_a_word_names_it() -> None:
    """Where a row's proofs are files, each of its words stands in one of them."""
    unnamed = []
    for row in ROWS:
        proofs = re.findall(r"`([^`]+)`", row.cells.get("test", ""))
        if row.section in WORDS and all(proof.endswith(".py") for proof in proofs):
            text = "".join((TESTS / proof).read_text(encoding="utf-8") for proof in proofs)
            unnamed += [f"{name}: {', '.join(proofs)}" for name in row.names if name not in text]
    assert not unnamed, "\n".join(unnamed)


@pytest.mark.slow
def test_the_proof_of_an_id_names_it() -> None:
    tested = ids_of_tests()
    unnamed = []
    for name, row in IDS.items():
        proofs = re.findall(r"`([^`]+)`", row.cells.get("test", ""))
        scenarios = {scenario.name for scenario in SCENARIOS if name in ID.findall(scenario.differs)}
        files = {str(file.relative_to(TESTS)) for file in tested.get(name, set())}
        if not (files | scenarios) & set(proofs):
            unnamed.append(f"{name}: {', '.join(proofs)}; it is named in {', '.join(sorted(files)) or 'no test'}")
    assert not unnamed, "\n".join(unnamed)
