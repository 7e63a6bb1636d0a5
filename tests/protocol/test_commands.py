"""The table of commands: each is declared once, and has its handler, its method, and a conversation that shows it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from pymon.client.command_syntax import listing
from pymon.client.method import Method
from pymon.client.methods import Methods
from pymon.protocol.commands import COMMANDS, CommandSpec, specs_of
from pymon.server.commands import as_json, lists, table

TESTS = Path(__file__).parent.parent
TRANSCRIPTS = "".join(path.read_text() for path in (TESTS / "differential/talk/transcripts").glob("*.txt"))
OWN = {"json", "why", "list banished", "list measurements"}
"""commands that mon does not have, whose conversations stand in the tests of the server"""

WITHOUT_METHOD = {
    *("dump", "quit", "list banished", "list measurements GROUP SERVICE", "list debts", "list debts GROUP SERVICE"),
}
"""nobody asks for these by a method of its own: one is refused, one is what ``close`` does, others are had as JSON"""


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.usage)
def test_usage_is_words_to_send_and_then_words_to_fill_in(spec: CommandSpec) -> None:
    assert spec.words[: len(spec.fixed)] == spec.fixed, "what is to be filled in comes last"
    assert spec.fixed[0] == spec.name
    for word in spec.words[len(spec.fixed) :]:
        assert re.fullmatch(r"[A-Z]+|[A-Z]+\.\.\.|\[([A-Z]+|[a-z]+)\]", word)
    assert not any(word.endswith("...") for word in spec.words[:-1])
    assert (f"    {spec.usage}" in listing().splitlines()) is spec.is_listed


def test_usages_are_different_and_those_of_one_name_need_the_same_right() -> None:
    assert len({spec.usage for spec in COMMANDS}) == len(COMMANDS)
    for spec in COMMANDS:
        assert {each.is_restricted for each in specs_of(spec.name)} == {spec.is_restricted}


def test_every_command_has_its_handler() -> None:
    assert {spec.name for spec in COMMANDS} == set(table.COMMANDS)
    assert {spec.words[1] for spec in specs_of("list")} == set(lists.KINDS)
    assert {spec.words[1] for spec in specs_of("json")} == set(as_json.KINDS)


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.usage)
def test_every_command_is_shown_in_a_conversation(spec: CommandSpec) -> None:
    beginning = " ".join(spec.fixed)
    own = spec.name in OWN or beginning in OWN
    text = "".join(path.read_text() for path in (TESTS / "server").rglob("*.py")) if own else TRANSCRIPTS
    assert re.search(rf"\b{beginning}\b", text)


def test_every_method_sends_a_command_and_every_command_has_a_method() -> None:
    sent = {_line(name, method) for name, method in vars(Methods).items() if isinstance(method, Method)}
    sent |= {Methods.test(kind, "w", "w", 1, "w").line for kind in ("monitor", "alert", "upalert", "startupalert")}
    sent |= {Methods.test(kind, "w", "w", 1, "w").line for kind in ("ackalert", "disablealert")}
    sent.add(Methods.json("why w w").line)
    for line in sent:
        assert any(_is_of(spec, line) for spec in COMMANDS), line
    assert {spec.usage for spec in COMMANDS if not any(_is_of(spec, line) for line in sent)} == WITHOUT_METHOD


def test_method_of_no_command_is_refused() -> None:
    with pytest.raises(KeyError):
        specs_of("list nonsense")


def _line(name: str, method: Method[..., object]) -> str:
    """What a method sends when each of its arguments is a word, or a number."""
    if name == "test":
        return method("monitor", "w", "w").line
    if name in ("json", "reload"):
        return method({"json": "list state", "reload": "auth"}[name]).line
    parameters = inspect.signature(method).parameters.values()
    words: list[object] = []
    for parameter in parameters:
        if parameter.name == "self" or parameter.kind is parameter.KEYWORD_ONLY:
            continue
        words.append(1 if "int" in parameter.annotation else ["w"] if "Iterable" in parameter.annotation else "w")
    return method(*words).line


def _is_of(spec: CommandSpec, line: str) -> bool:
    """Whether a line is one of a command."""
    words = line.split()
    if words[: len(spec.fixed)] != list(spec.fixed):
        return False
    fill, filled = spec.words[len(spec.fixed) :], words[len(spec.fixed) :]
    if fill and fill[-1].endswith("..."):
        return len(filled) >= len(fill) or not filled
    optional = [word for word in fill if word.startswith("[")]
    return len(fill) - len(optional) <= len(filled) <= len(fill)
