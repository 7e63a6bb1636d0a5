"""Options of plugins: declared as fields, read as getopt(3) reads them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.errors import PluginError, PluginUsageError
from pymon.plugin.options import OptionParser, choice, flag, many, option, words


@dataclass(frozen=True)
class Options:
    """One of each sort."""

    port: int = option("-p", "--port", default=80, metavar="PORT", about="TCP port")
    limit: float = option("-t", default=30.0, metavar="SECONDS", about="time limit")
    path: str = option("-u", default="/", metavar="PATH", about="what to get")
    mode: str = option("--mode", default="a", metavar="MODE", convert=choice("a", "b"), about="which way")
    maybe: str | None = option("-m", default=None, about="none if absent")
    zones: tuple[str, ...] = many("-z", "--zone", convert=str, metavar="ZONE", about="zones")
    quiet: bool = flag("-q", "--quiet", about="say nothing")
    verbose: bool = flag("-v", about="say much")
    hosts: tuple[str, ...] = words("host", about="what to check")


@dataclass(frozen=True)
class More:
    """A second record, as the SDK has one for mon's own options."""

    group: str = option("-g", default="", about="group")


PARSER = OptionParser(Options, More)


def parse(*arguments: str) -> Options:
    return PARSER.parse(arguments).of(Options)


def test_defaults() -> None:
    assert parse() == Options()
    assert Options().port == 80


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-p", "81"), Options(port=81)),
        (("-p81",), Options(port=81)),
        (("--port", "81"), Options(port=81)),
        (("--port=81",), Options(port=81)),
        (("-p", "81", "-p", "82"), Options(port=82)),
        (("-t", "1.5"), Options(limit=1.5)),
        (("-u", "-x"), Options(path="-x")),
        (("-u", "--"), Options(path="--")),
        (("-u", ""), Options(path="")),
        (("-m", ""), Options(maybe="")),
        (("-qv",), Options(quiet=True, verbose=True)),
        (("-qp81", "h"), Options(quiet=True, port=81, hosts=("h",))),
        (("-qp", "81"), Options(quiet=True, port=81)),
        (("-z", "a", "--zone=b"), Options(zones=("a", "b"))),
        (("h1", "-q", "h2"), Options(quiet=True, hosts=("h1", "h2"))),
        (("--", "-q", "--", "h"), Options(hosts=("-q", "--", "h"))),
        (("-", "h"), Options(hosts=("-", "h"))),
        (("--mode", "b"), Options(mode="b")),
        (("한글", "-u", "/길"), Options(path="/길", hosts=("한글",))),
    ],
)
def test_what_is_read(arguments: tuple[str, ...], expected: Options) -> None:
    """A-options: mon's alerts stop at the first word that is no option."""
    assert parse(*arguments) == expected


def test_records_are_read_together() -> None:
    parsed = PARSER.parse(["-g", "web", "-q"])
    assert (parsed.of(More), parsed.of(Options)) == (More("web"), Options(quiet=True))


def test_letters_nobody_declared_are_passed_over() -> None:
    parsed = PARSER.parse(["-X", "-qZv", "h"])
    assert parsed.unknown == ("-X", "-Z")
    assert parsed.of(Options) == Options(quiet=True, verbose=True, hosts=("h",))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-p", "http"), "option -p 'http': must be a whole number"),
        (("--port=1.5",), "option --port '1.5': must be a whole number"),
        (("-t", "x"), "option -t 'x': must be a number"),
        (("-p",), "option -p needs a value"),
        (("--port",), "option --port needs a value"),
        (("--prot", "1"), "unknown option --prot; did you mean --port?"),
        (("--nothing-like-it",), "unknown option --nothing-like-it"),
        (("--quiet=1",), "option --quiet takes no value"),
        (("--mode", "c"), "option --mode 'c': must be one of a, b"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(PluginUsageError) as raised:
        parse(*arguments)
    assert str(raised.value) == message


def test_a_flag_declared_twice_is_refused() -> None:
    with pytest.raises(PluginError, match="option -g is declared twice"):
        OptionParser(More, More)


def test_usage_names_every_option_and_default() -> None:
    text = OptionParser(Options, More).usage("x.monitor", "Checks something.")
    assert text.startswith("usage: x.monitor [options] [host ...]\n\nChecks something.\n\n")
    assert "  -p, --port PORT  TCP port (default: 80)\n" in text
    assert "  -q, --quiet      say nothing\n" in text
    assert "-m VALUE         none if absent\n" in text
    assert "  -g VALUE " in text


def codes(text: str) -> frozenset[int]:
    return frozenset(map(int, text.split(",")))


def test_usage_shows_a_set_as_it_would_be_written() -> None:
    @dataclass(frozen=True)
    class Codes:
        good: frozenset[int] = option("-c", default=frozenset({302, 200, 401}), convert=codes, about="good ones")

    assert "good ones (default: 200,302,401)\n" in OptionParser(Codes).usage("x.monitor", "")


argument = st.sampled_from(["-p", "-q", "-u", "--port", "--zone", "--", "-", "-qv", "80", "x", "-pq"]) | st.text(
    max_size=6
)


@given(st.lists(argument, max_size=8))
def test_any_arguments_are_read_or_refused(arguments: list[str]) -> None:
    """No arguments make anything but a record or a usage error, and no plain word is lost or made up."""
    try:
        parsed = PARSER.parse(arguments)
    except PluginUsageError:
        return
    hosts = parsed.of(Options).hosts
    rest = iter(arguments)
    assert all(host in rest for host in hosts), "the words that are no options, in their order"
    assert all(len(letter) == 2 for letter in parsed.unknown)


@given(port=st.integers(), path=st.text(), zones=st.lists(st.text()), hosts=st.lists(st.text()))
def test_what_is_written_is_read(port: int, path: str, zones: list[str], hosts: list[str]) -> None:
    arguments = ["-p", str(port), "-u", path]
    for zone in zones:
        arguments += ["-z", zone]
    assert parse(*arguments, "--", *hosts) == Options(port=port, path=path, zones=tuple(zones), hosts=tuple(hosts))
