"""Options of plugins: declared as fields, read as getopt(3) reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.invocation import Invocation
from pymon.errors import PluginError, PluginUsageError
from pymon.options import OptionParser, choice, flag, many, option, words
from pymon.plugin import Alert, AlertOutcome, Done, Event, Host, Monitor, Outcome, Up


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


class Colour(StrEnum):
    """A default that is text, and more than text."""

    RED = "red"


@pytest.mark.parametrize(
    ("default", "advice"),
    [
        (True, r"option -v is True or False: declare it by flag\(\)"),
        (False, r"declare it by flag\(\)"),
        (Colour.RED, "option -v has a default of type Colour and no convert="),
        ((), "a default of type tuple and no convert="),
    ],
)
def test_a_default_that_text_cannot_become_is_refused(default: object, advice: str) -> None:
    with pytest.raises(PluginError, match=advice):
        option("-v", default=default, about="")


@pytest.mark.parametrize("annotation", [int, "int | None", "Path | None", "float", Optional[int]])  # noqa: UP045  # as authors write
def test_none_without_a_conversion_is_for_texts_only(annotation: Any) -> None:
    record = make_dataclass("Record", [("most", annotation, option("-m", default=None, about=""))])
    with pytest.raises(PluginError, match=r"option -m \(most: .*\) has the default None and no convert=.*convert=int"):
        OptionParser(record)


@pytest.mark.parametrize("annotation", ["str | None", "None | str", "Optional[str]", str | None, Optional[str]])  # noqa: UP045  # as authors write
def test_none_without_a_conversion_is_fine_for_a_text(annotation: Any) -> None:
    record = make_dataclass("Record", [("name", annotation, option("-m", default=None, about=""))])
    assert OptionParser(record).parse(["-m3"]).of(record) == record("3")


def test_a_path_stays_a_path() -> None:
    @dataclass(frozen=True)
    class Folder:
        folder: Path = option("-d", default=Path("/tmp"), about="where")

    assert OptionParser(Folder).parse(["-d", "/var"]).of(Folder).folder == Path("/var")


@pytest.mark.parametrize("spelling", ["v", "-vv", "", "-", "--", "---v", "--a=b", "-p PORT", "port"])
@pytest.mark.parametrize(
    "declare",
    [
        lambda spelling: option("-a", spelling, default="", about=""),
        lambda spelling: many(spelling, convert=str, about=""),
        lambda spelling: flag(spelling, about=""),
    ],
)
def test_a_name_that_nobody_could_give_is_refused(spelling: str, declare: Callable[[str], Any]) -> None:
    record = make_dataclass("Record", [("value", "str", declare(spelling))])
    with pytest.raises(PluginError, match=f"option '{spelling}' can never be given"):
        OptionParser(record)


def test_long_names_behind_one_hyphen_are_for_those_who_ask_for_them() -> None:
    record = make_dataclass("Record", [("zone", "str", option("-zone", default="", about=""))])
    with pytest.raises(PluginError, match="behind one hyphen is one letter; call it '--zone'"):
        OptionParser(record)
    assert OptionParser(record, single_dash=True).parse(["-zone", "x"]).of(record) == record("x")


@pytest.mark.parametrize(
    ("arguments", "port", "rest"),
    [
        (["-p", "1", "check", "-p", "2", "--", "-p"], 1, ("check", "-p", "2", "--", "-p")),
        (["-p1", "--", "-p", "check", "--"], 1, ("-p", "check", "--")),
        (["-", "-p", "1"], 80, ("-", "-p", "1")),
        (["", "-p", "1"], 80, ("", "-p", "1")),
    ],
)
def test_options_may_end_at_the_first_word(arguments: list[str], port: int, rest: tuple[str, ...]) -> None:
    @dataclass(frozen=True)
    class Record:
        port: int = option("-p", default=80, about="port")

    parsed = OptionParser(Record, options_first=True).parse(arguments)
    assert (parsed.of(Record), parsed.words, parsed.unknown) == (Record(port), rest, ())


def test_an_option_without_a_name_is_refused() -> None:
    for declare in (lambda: option(default="", about=""), lambda: flag(about=""), lambda: many(convert=str, about="")):
        with pytest.raises(PluginError, match="an option needs a name"):
            declare()


@dataclass(frozen=True)
class Demanding:
    """A record that cannot be made without its option."""

    url: str = option("-U", "--url", default="", about="where to")
    level: int = option("-n", default=3, about="how much")

    def __post_init__(self) -> None:
        if not self.url:
            raise PluginUsageError("--url is needed")


@dataclass(frozen=True)
class Common:
    """As the SDK has it."""

    help: bool = flag("-h", "--help", about="show this help")
    each: str = option("-e", default="x", about="each")


DEMANDING = OptionParser(Demanding, common=(Common,))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["--nosuch", "--help"],
        ["--help", "-n", "x"],
        ["-n", "x", "-h"],
        ["-n", "--help"],
        ["-X", "-h"],
    ],
)
def test_help_wins_over_all_that_is_wrong(arguments: list[str]) -> None:
    parsed = DEMANDING.parse(arguments)
    assert parsed.of(Common).help
    assert parsed.unknown == ()
    assert parsed.of(Demanding).level == 3
    assert "--url VALUE" in DEMANDING.usage("x.monitor", "")
    assert "how much (default: 3)" in DEMANDING.usage("x.monitor", "")


@pytest.mark.parametrize("arguments", [[], ["--", "--help"], ["help"], ["-n", "x"]])
def test_who_does_not_ask_for_help_is_told_what_is_wrong(arguments: list[str]) -> None:
    with pytest.raises(PluginUsageError):
        DEMANDING.parse(arguments)


def test_a_word_that_is_a_value_is_no_cry_for_help() -> None:
    parsed = DEMANDING.parse(["-U", "--help"])
    assert (parsed.of(Demanding).url, parsed.of(Common).help) == ("--help", False)


def test_a_plugins_own_help_option_hides_no_error() -> None:
    record = make_dataclass(
        "Record",
        [("help", "str", option("--help", default="", about="")), ("n", "int", option("-n", default=1, about=""))],
    )
    with pytest.raises(PluginUsageError):
        OptionParser(record, common=(Common,)).parse(["-n", "x", "--help", "y"])


async def test_help_of_a_monitor_and_an_alert_that_need_an_option() -> None:
    async def probe(_host: Host, _options: Demanding) -> Outcome:
        return Up()

    async def deliver(_event: Event, _options: Demanding) -> AlertOutcome:
        return Done()

    for plugin in (Monitor(Demanding, probe, about="Posts."), Alert(Demanding, deliver, about="Posts.")):
        helped = await plugin.run(Invocation("/x/post", ("-X", "--help"), {}))
        assert (helped[0], helped[1].partition("\n")[0][:21]) == (0, "usage: post [options]")
        refused = await plugin.run(Invocation("/x/post", ("h",), {}))
        assert "post: --url is needed" in refused[1]
        assert refused[0] in (126, 64)


def test_help_behind_one_hyphen() -> None:
    parser = OptionParser(Demanding, common=(Common,), single_dash=True)
    assert parser.parse(["-nosuch", "-help"]).of(Common).help


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
