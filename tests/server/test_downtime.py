"""``list dtlog`` of a file that has grown for years: all of it, in order, and never all of it in memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from tests.server.conftest import Live

RECORDS = [f"{1_795_458_000 + number} g s 1795450000 {number} 60 it was down: {'é' * 40}" for number in range(20_000)]
SETTINGS = "dtlogging = yes\ndtlogfile = dt.log"


async def begun(live: Live, records: list[str]) -> Path:
    """A server with this downtime log, whose comments stand between its records."""
    file = live.folder / "log" / "dt.log"
    file.write_text(
        "".join(f"#\n\n{record}\n" if not number % 9 else f"{record}\n" for number, record in enumerate(records))
    )
    await live.start(SETTINGS)
    return file


async def test_all_records_come_in_order(live: Live) -> None:
    await begun(live, RECORDS)
    client = await live.connect()
    assert await client.ask("list dtlog") == [*RECORDS, "220 list dtlog completed"]
    assert await client.ask("list pids") != [], "and the connection goes on"


async def test_the_same_as_json(live: Live) -> None:
    await begun(live, RECORDS)
    client = await live.connect()
    await client.send("json list dtlog\nquit\n")
    line, *ends = (await client.rest()).decode().splitlines()
    assert ends == ["220 list dtlog completed", "220 quitting"]
    assert [item["time"] for item in json.loads(line)] == [int(record.split()[0]) for record in RECORDS]


async def test_clients_that_do_not_read_take_no_memory(live: Live) -> None:
    file = await begun(live, RECORDS)
    clients = [await live.connect() for _ in range(8)]
    tracemalloc.start()
    try:
        for client, command in zip(clients, ["list dtlog\n", "json list dtlog\n"] * 4, strict=True):
            await client.send(command)
        for client in clients:
            assert await client.reader.read(1)
        assert tracemalloc.get_traced_memory()[1] < file.stat().st_size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("command", ["list dtlog", "json list dtlog"])
async def test_a_file_that_is_replaced_meanwhile_ends_the_answer_with_a_refusal(live: Live, command: str) -> None:
    file = await begun(live, RECORDS)
    client = await live.connect()
    await client.send(f"{command}\nquit\n")
    assert await client.reader.read(1)
    file.rename(file.with_suffix(".1"))
    file.write_text("".join(f"{record}\n" for record in RECORDS))
    *_, end, bye = (await client.rest()).decode().splitlines()
    assert (end, bye) == ("520 command could not be executed, internal error", "220 quitting")
