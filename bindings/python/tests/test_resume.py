"""10,000 ids, a service at its worst, and a process that is killed again and again."""

from __future__ import annotations

import asyncio
import collections
import json
import math
import os
import random
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

DELETED = ("OK", "PRESUMED_DELETED")
IDS = 10_000
KILLS = 8


class Service:
    """Deletes and confirms, but delays or drops replies or refuses according to a seeded plan.

    Ids that begin with ``never-`` do not exist. Runs an event loop on a separate thread.
    """

    def __init__(self, seed: int) -> None:
        self.deleted: set[str] = set()
        self.asked: collections.Counter[str] = collections.Counter()
        self._seed = seed
        self._total = 0
        self._at_most = math.inf
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000))
        self._never = self._loop.create_future()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            connections = asyncio.all_tasks() - {asyncio.current_task()}
            for connection in connections:
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def kill(self, process: subprocess.Popen[Any], after: int) -> bool:
        """Kills the process when this many more requests have arrived; returns False if it ended before.

        If that takes long, no more than 200 others are answered: the process must not do all its work by then.
        """
        with self._arrived:
            until = self._total + after
            self._at_most = until + 200
            while self._total < until:
                if not self._arrived.wait(0.2) and process.poll() is not None:
                    return False
            process.kill()
            process.wait()
            self._at_most = math.inf
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = re.match(rb"DELETE /JSON/signatureRequest/(\S+) HTTP/1\.1\r\n", head)
                assert found, head
                reply = await self._reply(found[1].decode())
                if reply is None:
                    return
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _reply(self, one: str) -> bytes | None:
        self.asked[one] += 1
        with self._arrived:
            self._total += 1
            self._arrived.notify_all()
        if self._total > self._at_most:
            await self._never
        plan = random.Random(f"{self._seed} {one} {self.asked[one]}")
        fate = plan.random()
        if fate < 0.04:
            return None
        if fate < 0.06:
            return _answer("503 Service Unavailable", {})
        if fate < 0.08:
            return _answer("403 Forbidden", {})
        if fate < 0.09:
            return _answer("429 Too Many Requests", {})
        if fate < 0.10:
            return _answer("400 Bad Request", {"message": "err.invalid", "value": one})
        existed = one not in self.deleted and not one.startswith("never-")
        if existed:
            self.deleted.add(one)
        if fate < 0.16:
            return None
        if fate < 0.18:
            return _answer("502 Bad Gateway", {})
        if fate < 0.30:
            await asyncio.sleep(plan.uniform(0.02, 0.3))
        if existed:
            return _answer("200 OK", {"message": "msg.deleted", "result": one})
        return _answer("400 Bad Request", {"message": "err.signature.request.not.exist", "value": one})


def _answer(status: str, body: dict[str, str]) -> bytes:
    content = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n".encode()
        + content
    )


def final_rows(report: Path) -> dict[str, list[str]]:
    """The final statuses in the report, by id. Follows the documented rule and does not use the package's code."""
    final: dict[str, list[str]] = collections.defaultdict(list)
    content = report.read_bytes() if report.exists() else b""
    for line in content[: content.rfind(b"\n") + 1].splitlines():
        row = json.loads(line)
        known = not row["outcome_unknown"]
        if row["status"] in (*DELETED, "INVALID_ARGUMENT") or (row["status"] in ("NOT_FOUND", "BAD_REQUEST") and known):
            final[row["id"]].append(row["status"])
    return final


@pytest.mark.slow
def test_killed_and_resumed(tmp_path: Path) -> None:
    seed = 5
    chance = random.Random(seed)
    service = Service(seed)
    ids = [f"never-{n}" if n % 50 == 0 else f"id-{n}" for n in range(IDS)]
    report = tmp_path / "report"
    command = [sys.executable, "-m", "okdok", "delete", "--base-url", service.url, "--jobs", "64",
               "--report", str(report), "--resume", "-"]  # fmt: skip
    environment = {**os.environ, "OKDOK_API_KEY": "key"}
    (tmp_path / "ids").write_text("\n".join(ids))
    kills = 0
    try:
        for _ in range(KILLS + 15):
            final_before = final_rows(report)
            asked_before = service.asked.copy()
            with (tmp_path / "ids").open() as stdin, (tmp_path / "output").open("w") as output:
                process = subprocess.Popen(command, stdin=stdin, stdout=output, stderr=output, env=environment)
                if kills < KILLS and service.kill(process, chance.randrange(50, 1500)):
                    kills += 1
                code = process.wait(300)
            # -9 for a process that was killed; 1 when some ids have failed.
            assert code in (-9, 0, 1), (tmp_path / "output").read_text()[-2000:]
            again = [one for one in final_before if service.asked[one] != asked_before[one]]
            assert not again, f"tried again although final: {again[:5]}"
            if code >= 0 and len(final_rows(report)) == IDS:
                break
    finally:
        service.close()
    assert kills == KILLS
    final = final_rows(report)
    assert set(final) == set(ids)
    assert {one: statuses for one, statuses in final.items() if len(statuses) != 1} == {}
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    lies = {row["id"] for row in rows if row["status"] == "NOT_FOUND"} & service.deleted
    assert not lies
    assert not {row["id"] for row in rows if row["status"] == "OK"} - service.deleted
    # The plan really had these effects; otherwise the test would prove little.
    statuses = collections.Counter(statuses[0] for statuses in final.values())
    assert all(statuses[status] > 50 for status in (*DELETED, "NOT_FOUND")), statuses
