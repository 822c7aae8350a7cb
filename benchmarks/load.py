"""The service under load. `python -m benchmarks.load --index index` prints the table.

Everything in one run on one machine, the clients included: look at the ratios.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.questions import questions

_TOLD, _AWAY = 2, 0.1
"""Seconds until a client that was sent away asks again: as it is told to, and in the crowd."""

_LOOK = 0.02
"""Seconds between two looks at `/healthz`."""

Bodies = Iterator[bytes]
Heard = Callable[[int, float, bytes], None]
"""Told of each answer: its status, the seconds it took, its body."""


class Load(NamedTuple):
    """What clients saw: a count of each status, and seconds of each request by status."""

    statuses: Counter[int]
    latencies: dict[int, list[float]]
    health: list[float]
    """Seconds of each look at `/healthz` meanwhile."""
    seconds: float
    cores: float
    """How much of a core the clients themselves took."""

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return self.statuses[200] / self.seconds


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[int]:
    """A server in a process of its own, once it is ready; gives its pid."""
    with tempfile.TemporaryDirectory() as folder:
        where = {"PYTHONPATH": os.getcwd(), "SHELFTALK_SERVING__KEYS": f"{folder}/keys.json"}
        where |= {"SHELFTALK_SERVING__DATABASE": f"sqlite:///{folder}/said.sqlite"}
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env={**os.environ, **where, **environment}, stderr=log, stdout=log
            )
            try:
                until_ready(port, process)
                yield process.pid
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(40)


def free_port() -> int:
    """One that no other server answers on: it would be measured instead."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait for `/readyz`."""
    while process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if b" 200 " in connection.recv(64):
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit("The server did not start.")


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, heard: Heard
) -> int:
    """Send a request and read the answer; gives its status."""
    began = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
    answer = await reader.readexactly(length)
    status = int(head[9:12])
    heard(status, time.perf_counter() - began, answer)
    return status


async def client(
    port: int, path: str, bodies: Bodies, end: float, heard: Heard, away: float = _TOLD
) -> None:
    """Ask one question after the other until the time is over; wait a while when sent away."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    while time.perf_counter() < end:
        body = next(bodies)
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        if await exchange(reader, writer, request, heard) == 503:
            await asyncio.sleep(away)
    writer.close()


async def looks(port: int, end: float, heard: Heard) -> None:
    """Look at `/healthz` again and again until the time is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        await exchange(reader, writer, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", heard)
        await asyncio.sleep(_LOOK)
    writer.close()


def load(
    port: int, path: str, bodies: Bodies, clients: int, seconds: float, crowd: bool = False
) -> Load:
    """Let so many clients ask for so long; a crowd does not wait, and `/healthz` is watched."""
    statuses: Counter[int] = Counter()
    latencies: dict[int, list[float]] = {}
    health: list[float] = []

    def heard(status: int, taken: float, _: bytes) -> None:
        statuses[status] += 1
        latencies.setdefault(status, []).append(taken)

    def healthy(_: int, taken: float, __: bytes) -> None:
        health.append(taken)

    async def all_of_them() -> None:
        end = time.perf_counter() + seconds
        watching = [looks(port, end, healthy)] if crowd else []
        away = _AWAY if crowd else _TOLD
        asking = (client(port, path, bodies, end, heard, away) for _ in range(clients))
        await asyncio.gather(*asking, *watching)

    began, busy = time.perf_counter(), time.process_time()
    asyncio.run(all_of_them())
    took = time.perf_counter() - began
    return Load(statuses, latencies, health, took, (time.process_time() - busy) / took)


def overhead(port: int, bodies: Bodies, seconds: float) -> float:
    """Median milliseconds a request takes beyond what the engine says it took."""
    beyond: list[float] = []

    def heard(status: int, taken: float, answer: bytes) -> None:
        beyond.append(1000 * taken - json.loads(answer)["timings_ms"]["total"])

    asyncio.run(client(port, "/v1/ask", bodies, time.perf_counter() + seconds, heard))
    return statistics.median(beyond)


def resident(pid: int) -> float:
    """Megabytes of memory a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def p99(latencies: list[float]) -> float:
    """Milliseconds."""
    return 1000 * sorted(latencies)[int(0.99 * (len(latencies) - 1))] if latencies else 0.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", default="index")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=8, help="Of each part but the last.")
    parser.add_argument("--long", type=float, default=20, help="Seconds of the last part.")
    options = parser.parse_args()
    asked = [
        {"question": row["question"], "product_id": row.get("product_id")}
        for row in questions("dev")
    ]
    numbers = itertools.count()

    def fresh(**more: int) -> Bodies:
        """Questions that nobody asked before: the number keeps them out of every memory."""
        for each in itertools.cycle(asked):
            said = f"{each['question']} {next(numbers)}"
            yield json.dumps({**each, "question": said, **more}).encode()

    same = itertools.repeat(json.dumps(asked[0]).encode())
    port, bin_ = free_port(), Path(sys.executable).parent
    ours = [str(bin_ / "shelftalk"), "serve", "--port", str(port), "--index", options.index]
    plain = [sys.executable, "-m", "uvicorn", "benchmarks.plain_app:app", "--port", str(port)]
    quiet = ["--log-level", "warning"]
    with running([*plain, *quiet], port, SHELFTALK_INDEX=options.index):
        load(port, "/v1/search", fresh(k=5), options.clients, 2)
        theirs = load(port, "/v1/search", fresh(k=5), options.clients, options.seconds)
    with running([*ours, "--generator", "extractive"], port) as pid:
        # 32 clients at a time fit into the queue with those that run; more would be sent away.
        load(port, "/v1/search", fresh(k=5), 32, 2)
        found = load(port, "/v1/search", fresh(k=5), options.clients, options.seconds)
        print(f"search, plain app    {theirs.rate:8.1f}/s  {dict(theirs.statuses)}")
        print(f"search, shelftalk    {found.rate:8.1f}/s  {dict(found.statuses)}")
        print(f"ratio                {found.rate / theirs.rate:8.2f}")
        print(f"p99 of 503           {p99(found.latencies.get(503, [])):8.1f} ms")
        print(f"overhead, p50        {overhead(port, fresh(), options.seconds):8.2f} ms")
        load(port, "/v1/ask", same, 1, 0.5)
        cached = load(port, "/v1/ask", same, options.clients, options.seconds)
        print(f"cached answers       {cached.rate:8.1f}/s  {dict(cached.statuses)}")
        load(port, "/v1/ask", fresh(), options.clients, options.long / 4)
        before = resident(pid)
        crowd = load(port, "/v1/ask", fresh(), options.clients, options.long, crowd=True)
        print(f"crowd                {crowd.rate:8.1f}/s  {dict(crowd.statuses)}")
        print(f"p99 of 200, of 503   {p99(crowd.latencies.get(200, [])):8.1f} ms, "
              f"{p99(crowd.latencies.get(503, [])):.1f} ms")  # fmt: skip
        print(f"p99 of /healthz      {p99(crowd.health):8.1f} ms, of {len(crowd.health)} looks")
        shares = ", ".join(f"{one.cores:.2f}" for one in (theirs, found, cached, crowd))
        print(f"cores of the clients {shares}: plain app, search, cached, crowd")
        print(f"memory               {before:8.0f} MB before, {resident(pid):.0f} MB after")


if __name__ == "__main__":
    main()
