"""monshow's page: well-formed, complete, and nothing of it the server's to write."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.client.monshow.html import LinkTarget, render, render_error
from pymon.client.monshow.rc import Preferences
from pymon.client.monshow.report import Row, ServiceDetail, StatusReport
from pymon.client.records import DisabledItems, GroupHost, SchedulerState
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus

NOW = 1_800_000_000.0
RUNNING = SchedulerState(True, 0.0)
VOID = {"meta", "hr", "br"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\x00\x1b\udcff"


class Page(HTMLParser):
    """A page read strictly: every element that is opened is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"] and data.strip():
            self.text.append(data.strip())

    def links(self) -> list[str | None]:
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]

    def classes(self, tag: str) -> list[str | None]:
        return [attributes.get("class") for name, attributes in self.elements if name == tag]


def service(name: str, status: OpStatus = OpStatus.FAIL, **more: object) -> Row:
    return Row(ServiceStatus("web", name, status, **more), "what it is")  # type: ignore[arg-type]  # any field


def table(rows: list[Row], *, preferences: Preferences | None = None, place: LinkTarget | None = None) -> Page:
    report = StatusReport("mon.example", NOW, RUNNING, rows=tuple(rows), view=place.view if place else "")
    return Page(render(report, preferences or Preferences(), place or LinkTarget()))


def test_the_table() -> None:
    page = table(
        [
            service("http", last_check=NOW - 7, timer=5.0, last_summary="refused", alerts_sent=2),
            service("acked", ack=5.0),
            service("slow", OpStatus.TIMEOUT),
            service("new", OpStatus.UNTESTED),
            service("fine", OpStatus.OK, depend="a:b"),
        ]
    )
    head = page.text[page.text.index("Server:") : page.text.index("Dep")]
    assert head[:2] == ["Server:", "mon.example"]
    legend = ["all is OK", "failure", "check is broken", "untested"]
    assert head[4:] == ["State:", "scheduler running", "Color legend", *legend]
    start = page.text.index("Dep")
    assert page.text[start : start + 9] == [
        *("Dep", "Group", "Service", "Desc.", "Last check", "Next check", "Alerts", "Status", "Summary"),
    ]
    assert page.text[start + 9 : start + 18] == ["R", "web", "http", "what it is", "7s", "5s", "2", "FAIL", "refused"]
    assert page.classes("tr")[-5:] == ["fail", "fail", None, "untested", "ok"]
    assert page.links()[:2] == ["?watch=web", "?detail=web,http"]
    assert "ACK FAIL" in page.text
    assert "untested" in page.text[start:]


def test_a_view_is_kept_in_every_link() -> None:
    """W-back: mon's pages link back to ``?watch=group``, whatever the group, and lose the view."""
    report = StatusReport("h", NOW, RUNNING, view="team a", detail=ServiceDetail(service("s"), ()))
    page = Page(render(report, Preferences(), LinkTarget(view="team a")))
    assert page.links() == ["?view=team%20a&watch=web", "?view=team%20a"]
    assert "team a" in page.text
    assert table([], place=LinkTarget(watch="web")).links() == ["?"]


def test_nothing_to_show() -> None:
    report = StatusReport("h", NOW, SchedulerState(False, NOW - 60), rows=(), disabled=DisabledItems({}, (), ()))
    text = Page(render(report, Preferences(), LinkTarget())).text
    assert text[-2:] == ["All systems OK", "Nothing is disabled."]
    assert any(line.startswith("scheduler stopped since ") for line in text)


def test_what_is_disabled() -> None:
    disabled = DisabledItems({"web": ("h1", "h2")}, ("db",), (ServiceKey("web", "http"),))
    text = Page(render(StatusReport("h", NOW, RUNNING, disabled=disabled), Preferences(), LinkTarget())).text
    assert text[-6:] == ["Disabled Watches", "db", "Disabled Services", "web http", "Disabled Hosts", "web: h1 h2"]
    assert "All systems OK" not in text


def test_the_detail_has_the_variables() -> None:
    row = service(
        "http",
        last_summary="sum",
        last_detail="one\n  two",
        ack=5.0,
        ackcomment="joe: on it",
        depend="a:b",
        monitor="tcp.monitor",
        exitval=3,
        last_check=NOW - 7,
        timer=65.0,
        last_success=NOW - 100,
        last_failure=NOW - 7,
        first_failure=NOW - 50,
        failure_duration=50.0,
        interval=60.0,
        exclude_period="wd {Sun}",
        exclude_hosts=("x", "y"),
        randskew=5.0,
        alerts_sent=3,
        last_alert=NOW - 40,
        monitor_duration=2.0,
    )._replace(held="alertevery 10m: last alert 3m12s ago")
    preferences = Preferences(links={("web", "http"): "http://x/?a&b"}, link_texts={("web", "http"): "<i>more</i>"})
    report = StatusReport("h", NOW, RUNNING, detail=ServiceDetail(row, (GroupHost("h1", False), GroupHost("h2", True))))
    page = Page(render(report, preferences, LinkTarget()))
    joined = "|".join(page.text)
    for expected in (
        "Detail for web/http|Description:|what it is|Summary:|sum|Hosts:|h1 h2|Detail:|one\n  two|",
        "|Acknowledgment of failure|joe: on it|Alert held back|alertevery 10m: last alert 3m12s ago|",
        "|Operational Status:|fail (0)|Exit Value:|3|Dependency:|a:b|Monitor Program:|tcp.monitor|",
        "|Last Check:|7s ago|Next Check:|in 00:01:05|Last Success:|",
        "|Failure Duration:|00:00:50|Schedule Interval:|00:01:00|Exclude Period:|wd {Sun}|Exclude Hosts:|x y|",
        "|Random Skew:|00:00:05|Alerts Sent:|3|Last Alert:|",
        "|Monitor Execution Duration:|00:00:02|Monitor currently running:|false|More Information|more|",
    ):
        assert expected in joined
    assert page.links()[0] == "http://x/?a&b"


def test_preferences_shape_the_page() -> None:
    preferences = Preferences(refresh=30, bg="112233", bg_fail="ff0000", html_header="<h2 id=x>ours</h2>")
    text = render(StatusReport("h", NOW, RUNNING, rows=()), preferences, LinkTarget())
    page = Page(text)
    assert ("meta", {"http-equiv": "refresh", "content": "30"}) in page.elements
    assert ("h2", {"id": "x"}) in page.elements
    assert "background: #112233" in text
    assert "background: #ff0000" in text


def hostile(text: str) -> list[StatusReport]:
    """Reports all of whose text is this."""
    status = ServiceStatus(
        text,
        text,
        OpStatus.FAIL,
        last_summary=text,
        last_detail=text,
        ack=1.0,
        ackcomment=text,
        depend=text,
        monitor=text,
        exitval=text,
        exclude_period=text,
        exclude_hosts=(text,),
    )
    row = Row(status, text, text)
    disabled = DisabledItems({text: (text,)}, (text,), (ServiceKey(text, text),))
    return [
        StatusReport(text, NOW, RUNNING, rows=(row,), disabled=disabled, view=text),
        StatusReport(text, NOW, RUNNING, detail=ServiceDetail(row, (GroupHost(text, False),)), view=text),
    ]


def check_harmless(text: str) -> None:
    """A page about this text has the elements of a page about a harmless one, and no attribute more."""

    def shape(page: Page) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in page.elements]

    for evil, good in zip(hostile(text), hostile("x"), strict=True):
        place = LinkTarget(view=text)
        assert shape(Page(render(evil, Preferences(), place))) == shape(
            Page(render(good, Preferences(), LinkTarget("x")))
        )
    assert shape(Page(render_error(text))) == shape(Page(render_error("x")))


def test_hostile_text_is_only_text() -> None:
    """W-escape: what a monitor's output says can put no script into the page, as it can into mon's."""
    check_harmless(HOSTILE)
    page = Page(render(hostile(HOSTILE)[0], Preferences(), LinkTarget()))
    assert any("<script>alert(1)</script>" in text for text in page.text)
    assert not any(tag in ("script", "img") for tag, _ in page.elements)
    assert all(link is not None and link.startswith("?") and "<" not in link for link in page.links())


@pytest.mark.slow
@given(st.text(min_size=1, max_size=40).filter(lambda text: text.strip()))
def test_any_text_is_only_text(text: str) -> None:
    check_harmless(text)


@pytest.mark.parametrize("character", [chr(code) for code in (*range(9), 11, 12, *range(14, 32), 127, 0x9B, 0xDC80)])
def test_the_page_can_be_sent(character: str) -> None:
    page = render(hostile(f"a{character}b")[0], Preferences(), LinkTarget())
    assert character not in page
    page.encode()
