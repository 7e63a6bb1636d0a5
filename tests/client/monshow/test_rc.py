"""monshow's configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.client.monshow import rc as monshow_rc
from pymon.client.monshow.rc import Preferences, RcError, find, parse, read, view_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Preferences()),
        ("# comment\n\n   # another\n", Preferences()),
        ("set show-disabled\n", Preferences(show_disabled=True)),
        ("set full\n", Preferences(full=True)),
        ("set full no\nset  show-disabled 0\n", Preferences(full=True, show_disabled=True)),
        ("set host h.example\nset port 1234\n", Preferences(host="h.example", port=1234)),
        ("set prot 1.2.3\n", Preferences()),
        ("set bg 112233\nset bg-ok abc\n", Preferences(bg="112233", bg_ok="abc")),
        (
            "set bg-fail\tff0000\nset bg-untested 00\n",
            Preferences(bg_fail="ff0000")._replace(complaints=("set bg-untested: cannot use '00', line 2",)),
        ),
        ("set table-color FFFFFF\n", Preferences(table_color="FFFFFF")),
        ("set refresh 30\nset summary-len 5\n", Preferences(refresh=30, summary_len=5)),
        ("watch g1\n\twatch  g2  \n", Preferences(selected=(("g1", None), ("g2", None)))),
        ("service g s\nwatch g x\n", Preferences(selected=(("g", "s"), ("g", None)))),
        ("watch g1 # c\n", Preferences(selected=(("g1", None),))),
        ("set html-header\n<h1>\n  x\nEND\nwatch g\n", Preferences(html_header="<h1>\n  x", selected=(("g", None),))),
        ("set html-header\n END\nEND of it\nwatch g", Preferences(html_header=" END\nEND of it\nwatch g")),
        ("link g s http://x/y?a=b c\n", Preferences(links={("g", "s"): "http://x/y?a=b c"})),
        ("link-text g s\n<i>\nEND\n", Preferences(link_texts={("g", "s"): "<i>"})),
    ],
)
def test_every_word_is_read(text: str, expected: Preferences) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "line",
    ["bogus x", "watch", "service g", "set", "link g s", "link-text g", "summary-len 3", "WATCH g", "setfull"],
)
def test_an_unknown_line_is_an_error_with_its_number(line: str) -> None:
    """W-line: mon's monshow says line 0, wherever the error is."""
    with pytest.raises(RcError, match=r"^error in config file, line 3$"):
        parse(f"set full\n\n{line}\nwatch g\n")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("set bogus x", "unknown set, line 2"),
        ("set bg-foo 1", "unknown set, line 2"),
        ("set host", "set host: value missing, line 2"),
        ("set port x", "set port: cannot use 'x', line 2"),
        ("set port 99999", "set port: cannot use '99999', line 2"),
        ("set summary-len 0", "set summary-len: cannot use '0', line 2"),
        ("set summary-len", "set summary-len: value missing, line 2"),
        ("set refresh -1", "set refresh: cannot use '-1', line 2"),
        ('set bg "red', "set bg: cannot use '\"red', line 2"),
        ("set bg-ok 1;}body{", "set bg-ok: cannot use '1;}body{', line 2"),
        ("set prot", "set prot: must match 1.2.3 format, line 2"),
    ],
)
def test_an_unusable_value_is_passed_over_with_a_word(line: str, complaint: str) -> None:
    """W-value: mon's monshow takes it as it is, and cuts every summary to nothing, say."""
    preferences = parse(f"# first\n{line}\nset full")
    assert preferences == Preferences(full=True, complaints=(complaint,))


def test_a_selection_named_twice_counts_once() -> None:
    """W-twice: mon's monshow shows a row for each time that it is named."""
    assert parse("watch g\nwatch g\n").selected == (("g", None),)


@given(st.text(alphabet="set watch link-text END\n#g <>\x00é\t", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        said = str(parse(text).summary_len)
    except RcError as error:
        said = str(error)
    assert said == "80" or said.startswith("error in config file, line ")


def test_the_first_file_of_the_search_order_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, views, system = tmp_path / "home", tmp_path / "views", tmp_path / "system"
    for folder in (home, views):
        folder.mkdir()
    monkeypatch.setattr(monshow_rc, "VIEWS", views)
    monkeypatch.setattr(monshow_rc, "SYSTEM_RC", system)
    assert find(None, None, home) is None
    assert read(None) == Preferences()
    system.write_text("set full\n")
    assert find(None, None, home) == system
    assert find(None, None, None) == system
    (home / ".monshowrc").write_text("set host h\n")
    assert find(None, None, home) == home / ".monshowrc"
    (views / "team").write_text("set port 1\n")
    assert find(None, "team", home) == views / "team"
    assert find(str(tmp_path / "own"), "team", home) is None
    (tmp_path / "own").write_text("set refresh 7\n")
    assert find(str(tmp_path / "own"), "team", home) == tmp_path / "own"
    assert read(tmp_path / "own").refresh == 7


def test_a_folder_that_cannot_be_looked_into_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOME is root's after sudo; a name that no folder can have is refused in the same way."""
    monkeypatch.setattr(monshow_rc, "SYSTEM_RC", tmp_path / "system")
    assert find(None, None, tmp_path / ("x" * 300)) is None
    assert find("x" * 300, None, None) is None
    with pytest.raises(RcError, match=r"^no view found$"):
        find(None, "x" * 300, None)


def test_a_missing_view_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monshow_rc, "VIEWS", tmp_path)
    with pytest.raises(RcError, match=r"^no view found$"):
        find(None, "nope", None)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "./..//../etc/passwd", ".hidden", "....//x"])
def test_a_view_s_name_leads_nowhere_else(name: str) -> None:
    path = view_path(name)
    assert ".." not in path.parts
    assert path.is_relative_to(monshow_rc.VIEWS)
    assert not path.name.startswith(".")


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RcError, match=f"^could not open config file {tmp_path}: Is a directory$"):
        read(tmp_path)


def test_the_manual_s_example_is_in_order() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "monshow.md").read_text(encoding="utf-8")
    example = manual.rpartition("## Configuration")[2].split("```")[1]
    preferences = parse(example)
    assert preferences.complaints == ()
    assert preferences.selected == (("web", None), ("db", "sql"))
    assert preferences.links
    assert preferences.link_texts
