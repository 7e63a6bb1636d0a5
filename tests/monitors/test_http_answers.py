"""http.monitor: what it asks, and what it says of the answer, beyond mon's."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import sys
from pathlib import Path

import pytest

from pymon.model.result import CheckResult
from tests.monitors.servers import Check, saying, serving
from tests.servers.website import Asked, Page, website

API = Page(
    b'{"status": "ok", "queue": 3, "nodes": [{"up": true}, {"up": true}]}', headers={"Content-Type": "text/json"}
)


def measured(result: CheckResult) -> dict[str, tuple[float, str]]:
    """Name → value and unit."""
    return {each.name: (each.value, each.unit) for each in result.measurements}


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--json", "status=ok", "--json", "queue<10", "--json", "$.nodes[*].up=true"], ""),
        (["--json", "status"], ""),
        (["--json", "status=down"], 'JSON $.status is "ok"'),
        (["--json", "queue>=4", "--json", "x"], "JSON $.queue is 3; JSON has no $.x"),
        (["--absent", "error", "--absent", "(?i)fatal"], ""),
        (["--absent", "qu.ue"], "the body matches 'qu.ue'"),
        (["--absent", "text/json"], ""),
        (["--expect-header", "Content-Type: ^text/json$", "--expect-header", "connection"], ""),
        (["--expect-header", "Content-Type: html"], "header Content-Type is text/json"),
        (["--expect-header", "ETag"], "no header ETag"),
        (["--absent-header", "Set-Cookie"], ""),
        (["--absent-header", "connection"], "header connection is there"),
        (["--min-size", "67", "--max-size", "67"], ""),
        (["--min-size", "1K"], "67 bytes, less than 1024"),
        (["--max-size", "66"], "more than 66 bytes"),
        (["-c", "404", "--json", "queue=4"], "HTTP response code failure; JSON $.queue is 3"),
        (["-m", "nothing", "--absent", "ok"], "Regex match failed; the body matches 'ok'"),
    ],
    ids=" ".join,
)
async def test_rules(check_inside: Check, arguments: list[str], wrong: str) -> None:
    """M-http-rules."""
    async with website({"/": API}) as site:
        result = await check_inside("http.monitor", "-p", str(site.port), *arguments, site.host)
    assert (result.exitval, result.output.split("\n")[:2]) == (
        int(bool(wrong)),
        [site.host if wrong else "", f"HOST {site.host}: {wrong or 'ok'}"],
    )


async def test_rules_as_a_program(check: Check) -> None:
    async with website({"/": API}) as site:
        result = await check("http.monitor", "-p", str(site.port), "--json", "queue<3", "--absent", "ok", site.host)
    assert result.exitval == 1
    assert f"\nHOST {site.host}: the body matches 'ok'; JSON $.queue is 3\nHTTP/1.1 200 OK\r\n" in result.output


async def test_what_is_no_json(check_inside: Check) -> None:
    async with website({"/": Page(b"<html>")}) as site:
        result = await check_inside("http.monitor", "-p", str(site.port), "--json", "a", site.host)
    assert "the body is no JSON: Expecting value" in result.output


@pytest.mark.slow
async def test_measurements(check: Check) -> None:
    """M-http-measured."""
    async with website({"/": Page(b"hello", delay=0.1)}) as site:
        result = await check("http.monitor", "-p", str(site.port), site.host)
    found = measured(result)
    assert {name: unit for name, (_, unit) in found.items()} == {
        "time": "s",
        "connect": "s",
        "first_byte": "s",
        "size": "B",
    }
    assert found["size"][0] == 5
    assert found["time"][0] >= found["first_byte"][0] + found["connect"][0] >= 0.1 > found["connect"][0] > 0


@pytest.mark.slow
async def test_slow_is_a_failure_and_measured(check_inside: Check) -> None:
    async with website({"/": Page(delay=0.2)}) as site:
        slow = await check_inside("http.monitor", "-p", str(site.port), "--slowest", "0.1", site.host)
        quick = await check_inside("http.monitor", "-p", str(site.port), "--slowest", "10", site.host)
    assert f"HOST {site.host}: took 0.2" in slow.output
    assert "seconds, more than 0.1\n" in slow.output
    assert measured(slow)["time"][0] >= 0.2
    assert (slow.exitval, quick.exitval) == (1, 0)


async def test_both_families_must_be_well(check_inside: Check) -> None:
    """M-http-families: -4 and -6 hold, alone and together."""
    async with serving(saying(b"HTTP/1.0 200 OK\r\n\r\n"), "127.0.0.1") as port:
        four = await check_inside("http.monitor", "-4", "-p", str(port), "127.0.0.1")
        six = await check_inside("http.monitor", "-6", "-p", str(port), "127.0.0.1")
        both = await check_inside("http.monitor", "-4", "-6", "-p", str(port), "localhost")
    assert (four.exitval, six.exitval, both.exitval) == (0, 1, 1)
    assert "name not found: no IPv6 address" in six.output
    assert both.output.startswith("localhost\nHOST localhost: IPv6: HTTP response code failure\n")


@pytest.mark.parametrize("packed", [gzip.compress(b"hello", mtime=0), b"hello"])
async def test_gzip(check_inside: Check, packed: bytes) -> None:
    """M-http-gzip: what was compressed is what -m looks at."""
    page = Page(packed, headers={"Content-Encoding": "gzip"})
    async with website({"/": page}) as site:
        plain = await check_inside("http.monitor", "-p", str(site.port), site.host)
        result = await check_inside(
            *("http.monitor", "-p", str(site.port), "-m", "hello$", "--header", "Accept-Encoding: gzip", site.host)
        )
    assert plain.exitval == 0
    assert result.exitval == int(packed == b"hello")
    assert site.requests[1].headers["accept-encoding"] == "gzip"


@pytest.mark.slow
async def test_a_bomb_is_defused(check_inside: Check) -> None:
    async with website({"/": Page(gzip.compress(b"\0" * (64 << 20)), headers={"Content-Encoding": "gzip"})}) as site:
        result = await check_inside("http.monitor", "-p", str(site.port), "--absent", "x", site.host)
    assert f"HOST {site.host}: the body comes to more than 16777216 bytes\n" in result.output


async def test_sizes_beyond_what_is_kept(check_inside: Check) -> None:
    endless = saying(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * (5 << 20), b"x" * (5 << 20), pause=0.01)
    async with serving(endless) as port:
        least = await check_inside("http.monitor", "-p", str(port), "--min-size", "9M", "127.0.0.1")
        most = await check_inside("http.monitor", "-p", str(port), "--max-size", "9M", "127.0.0.1")
    assert (least.exitval, most.exitval) == (0, 1)
    assert measured(least)["size"][0] >= 9 << 20
    assert "more than 9437184 bytes" in most.output


@pytest.mark.slow
async def test_a_request_with_body_and_headers(check: Check, tmp_path: Path) -> None:
    """M-http-request."""
    (tmp_path / "body").write_bytes(b"\xff\n")
    async with website({"/": Page()}) as site:
        arguments = ["http.monitor", "-p", str(site.port), "--header", "Accept: text/html", "--header", "X-Y:z"]
        await check(*arguments, "--data", "a=b", site.host)
        await check(
            *arguments, "--data-file", str(tmp_path / "body"), "--header", "content-type: x/y", "-X", "PUT", site.host
        )
    form, put = site.requests
    assert (form.method, form.body, put.method, put.body) == ("POST", b"a=b", "PUT", b"\xff\n")
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert put.headers["content-type"] == "x/y"
    assert {form.headers["accept"], form.headers["x-y"], form.headers["user-agent"]} == {
        "text/html",
        "z",
        "mon.d/http.monitor",
    }


@pytest.mark.slow
async def test_logging_in(check: Check, tmp_path: Path) -> None:
    """M-http-login: Secrets come from files or credentials, never from the arguments, and are never shown."""
    (tmp_path / "password").write_text("pass:wörd\n")
    (tmp_path / "token").write_text("t0ken\n")
    basic = "Basic " + base64.b64encode("me:pass:wörd".encode()).decode()

    def guarded(asked: Asked) -> Page:
        return Page(status=200 if asked.headers.get("authorization") in (basic, "Bearer t0ken") else 403)

    async with website(guarded) as site:
        arguments = ["http.monitor", "-p", str(site.port)]
        user = await check(*arguments, "--user", "me", "--password-file", str(tmp_path / "password"), site.host)
        token = await check(
            *arguments, "--token-file", "credential:token", site.host, CREDENTIALS_DIRECTORY=str(tmp_path)
        )
        nobody = await check(*arguments, site.host)
        lost = await check(*arguments, "--token-file", str(tmp_path / "none"), site.host)
    assert (user.exitval, token.exitval, nobody.exitval) == (0, 0, 1), user.output + token.output
    assert lost.exitval == 126
    assert lost.output.startswith(f"http.monitor: cannot read the secret in {tmp_path}/none: No such file")


async def test_a_secret_that_cannot_be_sent_is_not_shown(check_inside: Check, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"very\x01secret\n")
    result = await check_inside("http.monitor", "--token-file", str(tmp_path / "token"), "127.0.0.1")
    assert result.output.startswith(f"http.monitor: the secret in {tmp_path}/token must have no control characters\n")
    assert "very" not in result.output


async def test_a_body_of_get(check_inside: Check) -> None:
    async with website({"/": Page()}) as site:
        await check_inside("http.monitor", "-p", str(site.port), "-X", "GET", "--data", "x", site.host)
    assert (site.requests[0].method, site.requests[0].body) == ("GET", b"x")


@pytest.mark.slow
async def test_long_bodies_do_not_hold_up_the_loop(check_inside: Check) -> None:
    """A JSONPath that looks everywhere takes its time."""
    async with website({"/": Page(json.dumps([{"n": n} for n in range(30_000)]).encode())}) as site:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0.01)
                beats += 1

        heart = asyncio.create_task(beat())
        result = await check_inside("http.monitor", "-p", str(site.port), "--json", "$..n<29999", site.host)
        heart.cancel()
    assert "JSON $..n is 29999" in result.output
    assert beats > (result.duration) / 0.01 / 10


async def test_a_secret_that_changes_is_read_anew(check_inside: Check, tmp_path: Path) -> None:
    token = tmp_path / "token"
    async with website({"/": Page()}) as site:
        for secret in ("one", "two"):
            token.write_text(secret)
            await check_inside("http.monitor", "-p", str(site.port), "--token-file", str(token), site.host)
    assert [asked.headers["authorization"] for asked in site.requests] == ["Bearer one", "Bearer two"]


def moving(asked: Asked) -> Page:
    """/1 → /2 → /3, which is there."""
    steps = {"/1": "2", "/2": "/3?x", "/3?x": ""}
    to = steps[asked.target]
    return Page(status=302, headers={"Location": to}) if to else Page(b"arrived")


@pytest.mark.parametrize(
    ("arguments", "asked", "good"),
    [([], 1, True), (["-m", "arrived"], 1, False), (["-m", "arrived", "--follow", "2"], 3, True),
     (["-m", "arrived", "--follow", "1"], 2, False), (["-c", "200", "--follow", "9"], 3, True)],
)  # fmt: skip
async def test_redirects(check_inside: Check, arguments: list[str], asked: int, good: bool) -> None:
    """M-http-follow."""
    async with website(moving) as site:
        result = await check_inside("http.monitor", "-p", str(site.port), "-u", "/1", *arguments, site.host)
    assert (len(site.requests), result.exitval) == (asked, int(not good))


async def test_a_redirect_to_another_server_takes_no_secret_along(check_inside: Check, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken")
    async with website({"/": Page(b"there")}) as there:
        away = Page(status=307, headers={"Location": f"{there.url}/"})
        async with website({"/": away}) as here:
            result = await check_inside(
                *(
                    "http.monitor",
                    "-p",
                    str(here.port),
                    "--follow",
                    "1",
                    "-m",
                    "there",
                    "--data",
                    "x",
                    "-H",
                    "www.test",
                ),
                *("--token-file", str(tmp_path / "token"), "--header", "Cookie: c", "--header", "X-Y: z", here.host),
            )
    assert result.exitval == 0, result.output
    asked, redirected = here.requests[0].headers, there.requests[0].headers
    assert (asked["authorization"], asked["cookie"], asked["host"]) == ("Bearer t0ken", "c", "www.test")
    assert not {"authorization", "cookie"} & set(redirected)
    assert (redirected["x-y"], redirected["host"]) == ("z", f"{there.host}:{there.port}")
    assert (there.requests[0].method, there.requests[0].body) == ("POST", b"x")


async def test_a_loop_ends(check_inside: Check) -> None:
    async with website({"/": Page(status=302, headers={"Location": "/"})}) as site:
        result = await check_inside("http.monitor", "-p", str(site.port), "-c", "200", "--follow", "5", site.host)
    assert (result.exitval, len(site.requests)) == (1, 6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--json", "a["], "option --json 'a[': is no JSONPath: "),
        (["--json", "a<b"], "option --json 'a<b': < compares numbers"),
        (["--absent", "("], "option --absent '(': is no regular expression"),
        (["--min-size", "x"], "option --min-size 'x': must be a number of bytes"),
        (["--header", "x"], "option --header 'x': must be a header such as"),
        (["--expect-header", "a b"], "option --expect-header 'a b': is no name of a header"),
        (["--proxy", "socks5://x"], "option --proxy 'socks5://x': must be an HTTP proxy"),
        (["--user", "x"], "--user and --password-file need each other"),
        (["--proxy-password-file", "x"], "--proxy-user and --proxy-password-file need each other"),
        (["--proxy-user", "x", "--proxy-password-file", "x"], "--proxy-user needs --proxy"),
        (["--user", "x", "--password-file", "x", "--token-file", "x"], "--user and --token-file exclude each other"),
        (["--user", "a:b", "--password-file", "x"], "option --user 'a:b': a user's name must have no colon"),
        (["--header", "Host: x"], "option --header 'Host: x': is made by other options (-H, -a, --data)"),
        (["--data", "x", "--data-file", "x"], "--data and --data-file exclude each other"),
        (["--data-file", "/no/such"], "cannot read /no/such: No such file or directory"),
        (["--key", "/no/such", "-S"], "--key needs --cert"),
    ],
)
async def test_wrong_options(check_inside: Check, arguments: list[str], words: str) -> None:
    result = await check_inside("http.monitor", *arguments, "127.0.0.1")
    assert result.exitval == 126
    assert result.output.startswith(f"http.monitor: {words}")


async def test_what_is_not_asked_for_is_not_imported() -> None:
    """A plain check pays neither for JSONPath nor for HTTP/2 nor for certificates."""
    program = (
        "import sys; from pymon.runner.registry import load; load('http.monitor', 'monitors/http.monitor');"
        " print({'jsonpath', 'h2', 'cryptography', 'hpack'} & set(sys.modules))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert (await process.communicate())[0] == b"set()\n"
