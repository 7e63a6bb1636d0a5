"""webhook.alert against web servers that take, refuse and misbehave."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.adversity import check_adversity
from tests.alerts.conftest import RunAlert
from tests.ports import free_port
from tests.servers.adversity import Adversity, Speech, rows
from tests.servers.certificates import Authority
from tests.servers.tinyproxy import tinyproxy
from tests.servers.website import Asked, Page, Website, website

MON = ("-s", "http", "-g", "web", "-h", "www1 www2", "-t", "1793700000")
STDIN = 'www1 죽음\n자세히 "<\udcff>\n'
ENVIRON = {"MON_ALERTTYPE": "failure", "MON_OPSTATUS": "0", "MON_RETVAL": "1", "MON_FIRST_FAILURE": "1793699990"}
HOOK = {"/hook": Page(b"ok")}


def posted(site: Website) -> Any:
    """The JSON of the one request that came."""
    (request,) = site.requests
    return json.loads(request.body.decode("utf-8"))


async def test_all_of_an_event_both_ways(both_ways: RunAlert) -> None:
    """A-webhook: what is posted without any option."""
    async with website(HOOK) as site:
        assert await both_ways("webhook.alert", *MON, f"{site.url}/hook", stdin=STDIN, **ENVIRON) == (0, "")
    body = posted(site)
    assert len(body.pop("id")) == 32
    assert body == {
        "kind": "failure",
        "word": "ALERT",
        "text": "ALERT web/http: www1 죽음",
        "group": "web",
        "service": "http",
        "hosts": ["www1", "www2"],
        "failed": ["www1"],
        "summary": "www1 죽음",
        "detail": '자세히 "<\\xff>\n',
        "description": "",
        "time": 1793700000,
        "iso_time": "2026-11-03T10:00:00+00:00",
        "status": "fail",
        "check": "",
        "retval": "1",
        "first_failure": 1793699990,
        "last_failure": 0,
        "last_success": 0,
        "duration": 10,
        "ack": "",
    }
    (request,) = site.requests
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "webhook.alert (pymon)"
    assert request.headers["x-pymon-event"] == "failure"
    assert "x-pymon-signature" not in request.headers
    assert "authorization" not in request.headers


async def test_method_headers_summary_and_ipv6(run_alert: RunAlert) -> None:
    async with website({"/a%20b?c=%C3%A9": Page()}) as site:
        options = ("-X", "PUT", "-H", "X-Site: 서울", "-H", "user-agent: mine", "-S", "my own")
        result = await run_alert("webhook.alert", *MON, "-u", *options, f"{site.url6}/a b?c=é", stdin=STDIN)
    assert result == (0, "")
    (request,) = site.requests
    assert (request.method, request.headers["host"]) == ("PUT", f"[::1]:{site.port}")
    assert request.headers["x-site"].encode("latin-1").decode() == "서울"
    assert request.headers["user-agent"] == "mine"
    assert (posted(site)["summary"], posted(site)["text"]) == ("my own", "UPALERT web/http: my own")


async def test_the_same_key_at_each_attempt_and_another_for_another_event(run_alert: RunAlert) -> None:
    """A-webhook-key: a receiver can tell a repetition."""
    async with website(HOOK) as site:
        for arguments in (MON, MON, (*MON, "-u"), (*MON, "--format", "slack")):
            await run_alert("webhook.alert", *arguments, f"{site.url}/hook", stdin=STDIN)
    keys = [request.headers["idempotency-key"] for request in site.requests]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


async def test_signature(run_alert: RunAlert, tmp_path: Path) -> None:
    """A-webhook-hmac: as docs/alerts.md tells receivers to verify it."""
    (tmp_path / "hook").write_bytes("비밀 \xff\r\nsecond line\n".encode())
    secret = "비밀 \xff".encode()
    async with website(HOOK) as site:
        for source in (str(tmp_path / "hook"), "credential:hook", "hook"):
            options = ("--secret-file", source, f"{site.url}/hook")
            result = await run_alert("webhook.alert", *MON, *options, stdin=STDIN, CREDENTIALS_DIRECTORY=str(tmp_path))
            assert result == (0, "")
    assert len(site.requests) == 3
    for request in site.requests:
        moment = request.headers["x-pymon-timestamp"]
        assert abs(int(moment) - time.time()) < 60
        signed = hmac.new(secret, f"{moment}.".encode() + request.body, hashlib.sha256).hexdigest()
        assert request.headers["x-pymon-signature"] == f"sha256={signed}"
        github = hmac.new(secret, request.body, hashlib.sha256).hexdigest()
        assert request.headers["x-hub-signature-256"] == f"sha256={github}"


async def test_secrets_come_from_files(run_alert: RunAlert, tmp_path: Path) -> None:
    """A-webhook-secret: neither arguments nor output hold one."""
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "password").write_text("pa:ss\n")
    (tmp_path / "headers").write_text("# ours\nX-Api-Key: k3y\n\n")
    async with website({"/T0/s3cret": Page(), "/": Page(b"no", 403)}) as site:
        (tmp_path / "url").write_text(f"{site.url}/T0/s3cret\n")
        (tmp_path / "login").write_text(f"http://kim:p%40ss@{site.host}:{site.port}/T0/s3cret\n")
        (tmp_path / "wrong").write_text(f"{site.url}/?key=s3cret\n")
        for options in (
            ("--token-file", str(tmp_path / "token"), "--url-file", str(tmp_path / "url")),
            ("--user", "kim", "--password-file", str(tmp_path / "password"), "--url-file", str(tmp_path / "url")),
            ("--header-file", str(tmp_path / "headers"), "--url-file", str(tmp_path / "login")),
        ):
            assert await run_alert("webhook.alert", *MON, *options, stdin=STDIN) == (0, "")
        code, output = await run_alert("webhook.alert", *MON, "--url-file", str(tmp_path / "wrong"), stdin=STDIN)
    assert [request.headers["authorization"] for request in site.requests[:3]] == [
        "Bearer t0ken",
        "Basic a2ltOnBhOnNz",
        "Basic a2ltOnBAc3M=",
    ]
    assert site.requests[2].headers["x-api-key"] == "k3y"
    assert (code, output) == (69, f"{site.url}: 404 Not Found\n")


@pytest.mark.parametrize("status", [200, 301, 404, 503])
async def test_a_server_that_repeats_what_it_was_sent_gives_no_secret_away(
    run_alert: RunAlert, tmp_path: Path, status: int
) -> None:
    """A-webhook-secret: its words are in the log, and often in a mail."""

    def answer(asked: Asked) -> Page:
        headers = asked.headers
        login = headers.get("authorization", "")
        known = "p@ss" if login.startswith("Basic") else "t0ken"
        told = f"{asked.target} {login} {headers.get('x-api-key')} {known}"
        return Page(f"got {told}".encode(), status, {"Location": f"/x?{told}", "Retry-After": told})

    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "headers").write_text("X-Api-Key: k3y+\n")
    async with website(answer) as site:
        (tmp_path / "url").write_text(f"{site.url}/T0/s3cret?key=s3cret-too\n")
        (tmp_path / "login").write_text(f"http://kim:p%40ss@{site.host}:{site.port}/T0/s3cret\n")
        for options in (
            ("--token-file", str(tmp_path / "token"), "--url-file", str(tmp_path / "url")),
            ("--header-file", str(tmp_path / "headers"), "--url-file", str(tmp_path / "login")),
            ("--token-file", str(tmp_path / "token"), "--header-file", str(tmp_path / "headers"), f"{site.url}/open"),
        ):
            code, output = await run_alert("webhook.alert", *MON, *options, stdin=STDIN)
            assert (code == 0) == (status == 200)
            for secret in ("s3cret", "t0ken", "k3y", "p@ss", "p%40ss", "a2ltOnBAc3M"):
                assert secret not in output, output
    if status in (404, 503):
        assert "got /open Bearer *** ***" in output


@pytest.mark.parametrize("secret", ["token", "password", "header", "login"])
async def test_no_secret_goes_out_in_clear(run_alert: RunAlert, tmp_path: Path, secret: str) -> None:
    """A-webhook-cleartext: within TLS, or on this machine, unless the user says otherwise."""
    (tmp_path / "file").write_text("X-Key: hush\n")
    (tmp_path / "url").write_text("http://kim:hush@h.invalid/\n")
    file = str(tmp_path / "file")
    options = {
        "token": ("--token-file", file, "http://h.invalid/"),
        "password": ("--user", "kim", "--password-file", file, "http://h.invalid/"),
        "header": ("--header-file", file, "http://h.invalid/"),
        "login": ("--url-file", str(tmp_path / "url")),
    }[secret]
    code, output = await run_alert("webhook.alert", *MON, *options, stdin=STDIN)
    assert (code, output.splitlines()[0]) == (
        64,
        "webhook.alert: http://h.invalid:80: a token, password or secret header needs https://"
        " (or --cleartext: it can be read then)",
    )
    code, output = await run_alert("webhook.alert", *MON, "--cleartext", *options, stdin=STDIN)
    assert (code, "name not found" in output) == (75, True), output
    if secret == "token":
        here = ("--token-file", file, "--proxy", "127.0.0.1:9", "http://127.0.0.1/")
        assert (await run_alert("webhook.alert", *MON, *here, stdin=STDIN))[0] == 64, "it leaves the machine"


@pytest.mark.parametrize(
    ("location", "shown"), [("https://new.example/s3cret", "https://new.example,"), ("/s3cret/", "another path,")]
)
async def test_a_redirect_does_not_show_a_secret_url(
    run_alert: RunAlert, tmp_path: Path, location: str, shown: str
) -> None:
    async with website({"/s3cret": Page(b"", 308, {"Location": location})}) as site:
        (tmp_path / "url").write_text(f"{site.url}/s3cret\n")
        code, output = await run_alert("webhook.alert", *MON, "--url-file", str(tmp_path / "url"), stdin=STDIN)
    assert (code, "s3cret" in output, f"it redirects to {shown}" in output) == (69, False, True), output


@pytest.mark.parametrize("form", ["slack", "discord"])
async def test_formats_for_chats(run_alert: RunAlert, form: str) -> None:
    """A-webhook-format: nothing that a monitor says calls a channel together, or ends the code block."""
    async with website(HOOK) as site:
        stdin = f"<!channel> & @here\n```<@U1> {'x' * 3000}\n"
        arguments = (*MON, "--format", form, f"{site.url}/hook")
        assert await run_alert("webhook.alert", *arguments, stdin=stdin) == (0, "")
        assert await run_alert("webhook.alert", *arguments, stdin="www1\n") == (0, "")
    full, brief = (json.loads(request.body) for request in site.requests)
    if form == "slack":
        assert full["text"].startswith("ALERT web/http: &lt;!channel&gt; &amp; @\u2060here\n```\n'''&lt;@U1&gt; xxx")
        assert (len(full["text"]) < 2000, full["text"].count("```"), full["text"].endswith("x …\n```")) == (
            True,
            2,
            True,
        )
        assert brief == {"text": "ALERT web/http: www1"}
    else:
        assert full["content"].startswith("ALERT web/http: <!channel> & @here\n```\n'''<@U1> xxx")
        assert (len(full["content"]) < 2000, full["allowed_mentions"]) == (True, {"parse": []})
        assert brief["content"] == "ALERT web/http: www1"


@pytest.mark.parametrize(("form", "limit"), [("slack", 4000), ("discord", 2000)])
@pytest.mark.parametrize("detail", ["", "<x>\n" * 2000, "\N{BELL}" * 1500])
async def test_a_large_outage_fits_into_a_chat(run_alert: RunAlert, form: str, limit: int, detail: str) -> None:
    """A-webhook-limit: Discord refuses a text of more than 2000 characters, and so the news of the largest outages."""
    async with website(HOOK) as site:
        for count in (1, 20, 80, 120, 200, 2000):
            hosts = " ".join(f"web{number:03}.<&>.example.org" for number in range(count))
            arguments = (*MON, "--format", form, f"{site.url}/hook")
            assert await run_alert("webhook.alert", *arguments, stdin=f"{hosts}\n{detail}") == (0, "")
    texts = [json.loads(request.body)["text" if form == "slack" else "content"] for request in site.requests]
    sizes = [len(text.encode("utf-16-le")) // 2 for text in texts]
    assert max(sizes) in range(limit - 10, limit + 1)
    assert all(text.startswith("ALERT web/http: web000.") and text.count("```") in (0, 2) for text in texts)
    assert (texts[0].count("```"), "web000" in texts[-1], texts[-1].endswith(" …")) == (2 if detail else 0, True, True)
    assert form == "discord" or all(re.fullmatch("(?:[^&<>]|&(?:lt|gt|amp);)*", text) for text in texts), "none is cut"


async def test_template(run_alert: RunAlert, tmp_path: Path) -> None:
    template = tmp_path / "template"
    template.write_text('{"title": "{{ word }} {{ summary }}", "hosts": {{ hosts }}, "text": {{ detail | tojson }}}\n')
    async with website(HOOK) as site:
        options = ("--template", str(template), f"{site.url}/hook")
        assert await run_alert("webhook.alert", *MON, *options, stdin=STDIN) == (0, "")
    assert posted(site) == {"title": "ALERT www1 죽음", "hosts": ["www1", "www2"], "text": '자세히 "<\\xff>\n'}


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (b'{"a": {{ nothing }}}', "'nothing' is undefined (line 1)"),
        (b'{"a": {{ group }}}', "what it makes is no JSON"),
        (b"\xff", "can't decode"),
        (None, "No such file"),
    ],
)
async def test_a_template_with_a_mistake_costs_no_alert(
    run_alert: RunAlert, tmp_path: Path, template: bytes | None, problem: str
) -> None:
    """A-webhook-template: the usual JSON goes out, and the log says what is wrong."""
    path = tmp_path / "template"
    if template is not None:
        path.write_bytes(template)
    async with website(HOOK) as site:
        options = ("--format", "slack", "--template", str(path), f"{site.url}/hook")
        code, output = await run_alert("webhook.alert", *MON, *options, stdin="www1\n")
    assert (code, posted(site)) == (0, {"text": "ALERT web/http: www1"})
    assert output.startswith(f"template {path} cannot be used, the slack JSON was: ")
    assert problem in output


# answers


@pytest.mark.parametrize(
    ("page", "code", "text"),
    [
        (Page(b"x", 200), 0, ""),
        (Page(b"", 204), 0, ""),
        (Page(b"", 202), 0, ""),
        *(
            (Page(b"why\x1b[1m\nmore", status), 75, ": why [1m more\n")
            for status in (408, 425, 429, 500, 502, 503, 504)
        ),
        (Page(b"", 503, {"Retry-After": "120"}), 75, " (Retry-After: 120)\n"),
        *((Page(b"why", status), 69, ": why\n") for status in (400, 404, 410, 422)),
        *((Page(b"", status), 77, "") for status in (401, 403)),
        *(
            (Page(b"", status, {"Location": "https://new.example/x"}), 69, "it redirects to https://new.example/x, and")
            for status in (301, 302, 307, 308)
        ),
        (Page(b"", 304), 69, "it redirects to nowhere"),
    ],
)
async def test_answers(run_alert: RunAlert, page: Page, code: int, text: str) -> None:
    """A-webhook-outcome: which answers are tried again."""
    async with website({"/hook": page}) as site:
        given, output = await run_alert("webhook.alert", *MON, f"{site.url}/hook", stdin=STDIN)
    assert (given, len(site.requests)) == (code, 1), output
    assert text in output
    assert (not output) if code == 0 else output.startswith(f"http://{site.host}:{site.port}: {page.status}")
    assert "hook" not in output


@pytest.mark.slow
async def test_retries_within_a_run(run_alert: RunAlert) -> None:
    answers = iter((Page(b"", 503), Page(b"", 200)))
    async with website(lambda _asked: next(answers)) as site:
        assert await run_alert("webhook.alert", *MON, "--retries", "1", f"{site.url}/", stdin=STDIN) == (0, "")
    assert len({request.headers["idempotency-key"] for request in site.requests}) == 1


async def test_several_urls(run_alert: RunAlert, tmp_path: Path) -> None:
    """A-webhook-several: what one took is not repeated for another's sake; where none did it is."""
    closed = f"http://127.0.0.1:{free_port()}"
    async with website({"/good": Page(), "/busy": Page(b"", 503), "/gone": Page(b"", 410)}) as site:
        (tmp_path / "urls").write_text(f"{site.url}/good\n{closed}/\n")
        code, output = await run_alert("webhook.alert", *MON, "--url-file", str(tmp_path / "urls"), stdin=STDIN)
        assert (code, output) == (69, f"{closed}: could not connect: Connection refused\n")
        code, output = await run_alert("webhook.alert", *MON, f"{site.url}/gone", f"{site.url}/busy", stdin=STDIN)
        assert (code, len(output.splitlines())) == (75, 2)
        code, output = await run_alert("webhook.alert", *MON, f"{site.url}/gone", f"{site.url}/gone", stdin=STDIN)
        assert code == 69


@pytest.mark.parametrize(
    "again", ["HTTP://{host}:{port}/g%6fod", "http://{host}:0{port}/good#part", "http://[::FFFF:{host}]:{port}/good"]
)
async def test_one_url_in_two_spellings_is_posted_to_once(run_alert: RunAlert, tmp_path: Path, again: str) -> None:
    """A-order-identity: whether it is in the arguments or in a file."""
    async with website({"/good": Page(), "/g%6fod": Page()}) as site:
        again = again.format(host=site.host, port=site.port)
        (tmp_path / "urls").write_text(f"{again}\n")
        url = f"{site.url}/good"
        assert await run_alert("webhook.alert", *MON, url, again, stdin=STDIN) == (0, "")
        assert len(site.requests) == 1
        assert await run_alert("webhook.alert", *MON, url, "--url-file", str(tmp_path / "urls"), stdin=STDIN) == (0, "")
        assert len(site.requests) == 2


@pytest.mark.slow
async def test_a_slow_url_keeps_no_other_from_its_alert(run_alert: RunAlert) -> None:
    async with website({"/good": Page(), "/slow": Page(delay=30)}) as site:
        arguments = (*MON, "--timeout", "0.3", f"{site.url}/slow", f"{site.url}/good")
        code, output = await run_alert("webhook.alert", *arguments, stdin=STDIN)
    assert (code, output) == (69, f"{site.url}: timeout after 0.3 seconds\n")
    assert {request.target for request in site.requests} == {"/slow", "/good"}


# TLS and proxies


async def test_tls(run_alert: RunAlert, tmp_path: Path) -> None:
    authority = Authority()
    trusted = str(authority.write(tmp_path / "ca.pem"))
    client = authority.issue("mon", client=True).write(tmp_path, "client")
    async with website(HOOK, certificate=authority.issue("hook.test"), clients=authority) as site:
        url = f"{site.url}/hook"
        identity = ("--cert", str(client.certificate), "--key", str(client.key))
        for options, code, text in (
            (("-N", "hook.test", "-C", trusted, *identity), 0, ""),
            (("-k", *identity), 0, ""),
            (("-C", trusted, *identity), 75, "certificate verify failed: IP address mismatch"),
            (
                ("-N", "hook.test", *identity),
                75,
                "certificate verify failed: self-signed certificate in certificate chain",
            ),
            (("-N", "hook.test", "-C", trusted), 75, f"{site.url}: "),
        ):
            given, output = await run_alert("webhook.alert", *MON, *options, url, stdin=STDIN)
            assert (given, text in output) == (code, True), output
    assert len(site.requests) == 2


async def test_proxies(run_alert: RunAlert, tmp_path: Path) -> None:
    authority = Authority()
    trusted = str(authority.write(tmp_path / "ca.pem"))
    with tinyproxy(user="kim", password="hush") as proxy:
        (tmp_path / "proxy").write_text(f"http://kim:hush@{proxy.host}:{proxy.port}\n")
        by_proxy = ("--proxy-file", str(tmp_path / "proxy"), "-N", "hook.test", "-C", trusted)
        async with (
            website(HOOK) as plain,
            website(HOOK, certificate=authority.issue("hook.test"), host=plain.host) as secure,
        ):
            for site in (plain, secure):
                assert await run_alert("webhook.alert", *MON, *by_proxy, f"{site.url}/hook", stdin=STDIN) == (0, "")
                assert posted(site)["group"] == "web"
            without = ("--proxy", f"{proxy.host}:{proxy.port}", f"{plain.url}/hook")
            code, output = await run_alert("webhook.alert", *MON, *without, stdin=STDIN)
            assert code in {75, 77}, output  # it may reset the connection before its 407 has come
            without = ("--proxy", f"{proxy.host}:{proxy.port}", f"{secure.url}/hook")
            code, output = await run_alert("webhook.alert", *MON, *without, stdin=STDIN)
            assert (code, "the proxy: 407" in output) == (75, True), output
            assert (len(plain.requests), len(secure.requests)) == (1, 1)
        assert proxy.was_asked(f"POST http://{plain.host}:{plain.port}/hook")
        assert proxy.was_asked(f"CONNECT {secure.host}:{secure.port}")


# wrong options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "no URL to send it to"),
        (("ftp://x/",), "a URL must be one such as https://host.example/path"),
        (("http:///x",), "a URL must be one"),
        (("http://x:99999/",), "a URL has a wrong port"),
        (("http://[::1/",), "a URL must be one"),
        (("http://x/\n",), "a URL must be one"),
        (("http://kim:pw@x/",), "a password in the arguments can be read by all: use --url-file or --user"),
        (("--proxy", "http://kim:pw@x/", "http://x/"), "use --proxy-file"),
        (("--proxy", "socks5://x/", "http://x/"), "the proxy's URL must be one"),
        (("--proxy", "https://x/", "http://x/"), "only http:// proxies are spoken to"),
        (("--proxy", "x", "--proxy-file", "y", "http://x/"), "exclude each other"),
        (("--user", "kim", "http://x/"), "--user and --password-file need each other"),
        (("--token-file", "credential:t", "http://x/"), "no credential t: systemd passes none on"),
        (("-H", "nonsense", "http://x/"), "must be a header such as"),
        (("-H", "A: b\nC: d", "http://x/"), "must be a header such as"),
        (("-H", "Host: y", "http://x/"), "Host is not for you to set"),
        (("-X", "GET", "http://x/"), "must be one of POST, PUT"),
        (("--format", "teams", "http://x/"), "must be one of generic, slack, discord"),
        (("--timeout", "-1", "http://x/"), "must be a number of seconds"),
    ],
)
async def test_wrong_options(run_alert: RunAlert, options: tuple[str, ...], problem: str) -> None:
    code, output = await run_alert("webhook.alert", *MON, *options, stdin=STDIN)
    assert (code, problem in output) == (64, True), output
    assert "pw" not in output


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--token-file", "/nowhere/t", "http://x/"), "cannot read the secret in /nowhere/t: No such file"),
        (("--secret-file", "/nowhere/s", "http://x/"), "cannot read the secret in /nowhere/s"),
        (("--url-file", "/dev/null"), "there is nothing in /dev/null"),
        (("-C", "/nowhere/ca", "https://x/"), "no CA certificates in /nowhere/ca"),
        (("--cert", "/nowhere/c", "https://x/"), "no client certificate with key in /nowhere/c"),
    ],
)
async def test_a_file_that_cannot_be_used_may_be_mended(
    run_alert: RunAlert, options: tuple[str, ...], problem: str
) -> None:
    """A-unusable."""
    code, output = await run_alert("webhook.alert", *MON, *options, stdin=STDIN)
    assert (code, problem in output) == (75, True), output


async def test_a_secret_that_is_wrong_is_not_shown(run_alert: RunAlert, tmp_path: Path) -> None:
    for content in ("hush.example/T0/secret", "http://kim:hush@[/", "https://hush:99999/"):
        (tmp_path / "url").write_text(content + "\n")
        code, output = await run_alert("webhook.alert", *MON, "--url-file", str(tmp_path / "url"), stdin=STDIN)
        assert (code, "hush" in output) == (64, False), output


# servers that misbehave

SPEECH = Speech(b"HTTP/1.1 200 OK\r\nX-Long: x", client_first=True)


@pytest.mark.slow
@pytest.mark.parametrize("adversity", rows("tcp"))
async def test_adversities(adversity: Adversity) -> None:
    await check_adversity(
        "webhook.alert",
        lambda enemy: (*MON, "--timeout", str(enemy.limit), f"http://{enemy.host}:{enemy.port}/"),
        adversity,
        SPEECH,
    )


@pytest.mark.slow
@pytest.mark.parametrize("adversity", rows("tls"))
async def test_adversities_of_tls(adversity: Adversity) -> None:
    options = ("-N", "server.test", "--timeout")
    await check_adversity(
        "webhook.alert",
        lambda enemy: (
            *(*MON, *options, str(enemy.limit), "-C", str(enemy.trusted)),
            f"https://{enemy.host}:{enemy.port}/",
        ),
        adversity,
        SPEECH,
        ways=(True,),
    )
