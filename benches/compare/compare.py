"""Compares taskhold with the Python tutorial server: the same JSON-RPC lines over stdio to both.

No client library stands between the script and the servers. Requests are encoded before the clock starts and
answers are parsed after it stops, so the script costs both sides the same few microseconds a call.
`benches/compare/run` prepares everything this needs and starts it.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from server import Failed, Server, add_task, discover, initialize, read_pending

HERE = Path(__file__).resolve().parent


class Side:
    """A server that can be started any number of times, on a database of its own where it has one."""

    def __init__(self, name, command, folder, keeps):
        self.name, self.command, self.folder, self.keeps = name, command, folder, keeps
        self.readings = {}

    def start(self, database=None):
        command = [*self.command]
        if self.keeps:
            command += ["--db", str(database or Path(tempfile.mkdtemp(dir=self.folder)) / "tasks.db")]
        return Server(self.name, command, self.folder)

    def record(self, row, value):
        if value is not None:
            self.readings.setdefault(row, []).append(value)

    def median(self, row):
        readings = self.readings.get(row)
        return statistics.median(readings) if readings else None

    def spread(self, row):
        readings = self.readings[row]
        return f"{min(readings):,.2f} to {max(readings):,.2f}"


class BareDatabase:
    """The rows of an add (a task, its entry in the change log), one durable commit each, and nothing else.

    It has no index, and the SQLite of Python, which may sync in another way than the one in taskhold: it shows what
    a sync costs here, not what taskhold could at best reach. benches/store.rs has that.
    """

    def __init__(self, folder):
        path = Path(tempfile.mkdtemp(dir=folder)) / "bare.db"
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.execute(
            "CREATE TABLE task (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, description TEXT NOT NULL,"
            " status TEXT NOT NULL, created_at INTEGER NOT NULL)"
        )
        self.database.execute(
            "CREATE TABLE change (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL,"
            " task_id INTEGER NOT NULL, kind TEXT NOT NULL, new TEXT NOT NULL)"
        )

    def close(self):
        self.database.close()

    def seconds_for(self, numbers):
        execute = self.database.execute
        description = "Collect the numbers and send them round"
        started = time.perf_counter()
        for n in numbers:
            title = f"Task {n}: write the report"
            execute("BEGIN IMMEDIATE")
            task = execute(
                "INSERT INTO task (title, description, status, created_at) VALUES (?, ?, 'pending', ?)",
                (title, description, n),
            )
            execute(
                "INSERT INTO change (at, actor, task_id, kind, new) VALUES (?, 'compare', ?, 'created', ?)",
                (n, task.lastrowid, title + description),
            )
            execute("COMMIT")
        return time.perf_counter() - started


def measure_start(side, row, request, database):
    """From before the process is created to its first answer; the request waits in the pipe."""
    with side.start(database) as server:
        line = server.call(request)
        elapsed = time.perf_counter() - server.started
        server.result(line)
    side.record(row, elapsed * 1000)


def measure_adds(sides, folder, blocks, block):
    """Adds one after another, by small blocks in turn with each other and with bare commits.

    What a sync costs can change tenfold from one second to the next, so no side may have a second to itself.
    """
    with contextlib.ExitStack() as stack:
        servers = {side: stack.enter_context(side.start()) for side in sides}
        bare = stack.enter_context(contextlib.closing(BareDatabase(folder)))
        for server in servers.values():
            server.begin()
            server.fill(20)
        for number in range(blocks):
            numbers = range(number * block, (number + 1) * block)
            for side, server in servers.items():
                requests, lines = [add_task(n) for n in numbers], []
                started = time.perf_counter()
                for request in requests:
                    lines.append(server.call(request))
                elapsed = time.perf_counter() - started
                server.check_added(lines)
                side.record("add", elapsed / block * 1000)
                if side.keeps:
                    side.record("bare", bare.seconds_for(numbers) / block * 1000)


def measure_pipelined(sides, bursts, count):
    with contextlib.ExitStack() as stack:
        servers = {side: stack.enter_context(side.start()) for side in sides}
        for server in servers.values():
            server.begin()
            server.fill(20)
        for _ in range(bursts):
            for side, server in servers.items():
                elapsed, lines = server.pipeline([add_task(n) for n in range(1, count + 1)])
                server.check_added(lines)
                side.record("pipelined", count / elapsed)


def measure_read(side, tasks, reads):
    with side.start() as server:
        server.begin()
        server.fill(tasks)
        took = []
        for n in range(reads):
            request = read_pending(n)
            started = time.perf_counter()
            line = server.call(request)
            took.append(time.perf_counter() - started)
        text = server.result(line)["contents"][0]["text"]
        side.record("read", statistics.median(took) * 1000)
        side.record("listed", sum(row.startswith("⏳ [") for row in text.splitlines()))


def measure_memory(side, tasks):
    database = Path(tempfile.mkdtemp(dir=side.folder)) / "tasks.db"
    with side.start(database) as server:
        server.begin()
        server.fill(tasks)
        side.record("memory", server.resident_mb())
    if side.keeps:
        with side.start(database) as server:
            server.begin()
            server.result(server.call(read_pending(1)))
            side.record("memory_fresh", server.resident_mb())


def measure_echo(side, folder):
    """What creating any process and one line there and back cost here, without a server."""
    if (cat := shutil.which("cat")) is None:
        return
    with Server("cat", [cat], folder) as server:
        server.call(b"{}\n")
        side.record("echo", (time.perf_counter() - server.started) * 1000)


def understands_discover(side, database):
    with side.start(database) as server:
        return "result" in json.loads(server.call(discover()))


def file_system(folder):
    """The type of the file system that holds `folder`, where the kernel tells; a durable commit to a RAM disk is no test."""
    best, kind = "", "unknown"
    with contextlib.suppress(OSError):
        for line in Path("/proc/mounts").read_text().splitlines():
            _, mount, found, *_ = line.split()
            inside = mount == "/" or str(folder) == mount or str(folder).startswith(mount + "/")
            if inside and len(mount) >= len(best):
                best, kind = mount, found
    return kind


def load():
    """The load average of the last minute: above one a core, the numbers are those of a busy machine."""
    with contextlib.suppress(OSError, AttributeError):
        return f"{os.getloadavg()[0]:.1f}"
    return "unknown"


def cell(value, unit):
    if value is None:
        return "n/a"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def table(python, taskhold, labels, counts):
    rows = [
        ("exec to `initialize` answer", "initialize", "initialize", "ms", False),
        (labels["discover"], "discover", "discover", "ms", False),
        ("add, one after another, each", "add", "add", "ms", False),
        ("a bare durable commit of such rows (Python's sqlite3), for orientation", None, "bare", "ms", False),
        (f"add, {counts['pipelined']:,} pipelined", "pipelined", "pipelined", "adds/s", True),
        (f"read `tasks://pending`, {counts['pending']:,} pending", "read", "read", "ms", False),
        (f"resident after adding {counts['memory']:,} tasks", "memory", "memory", "MB", False),
        (f"resident, started on a file with {counts['memory']:,} tasks", None, "memory_fresh", "MB", False),
        ("any process (`cat`): exec to one line back, for orientation", None, "echo", "ms", False),
    ]
    yield f"| | Python, FastMCP {labels['fastmcp']} (median) | taskhold (median) | ratio |"
    yield "|---|---:|---:|---:|"
    for label, left, right, unit, higher_is_better in rows:
        ours = taskhold.median(right)
        theirs = python.median(left) if left else None
        ratio = ""
        if ours and theirs:
            times = ours / theirs if higher_is_better else theirs / ours
            ratio = f"{times:,.0f}x" if times >= 10 else f"{times:.1f}x"
        yield f"| {label} | {cell(theirs, unit) if left else ''} | {cell(ours, unit)} | {ratio} |"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--taskhold", required=True, type=Path, help="the binary to measure")
    parser.add_argument("--data", required=True, type=Path, help="folder on a real disk for the databases")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that alternate the servers (default 5)")
    parser.add_argument("--quick", action="store_true", help="one round with small numbers, to see that it runs")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def run(arguments, folder):
    quick = arguments.quick
    rounds = 1 if quick else arguments.rounds
    starts = 2 if quick else 4
    counts = {
        "blocks": 1 if quick else 6,
        "bursts": 1 if quick else 3,
        "pipelined": 200 if quick else 1000,
        "pending": 200 if quick else 1000,
        "memory": 500 if quick else 10_000,
        "reads": 5 if quick else 20,
    }
    python = Side("python", [sys.executable, str(HERE / "tutorial_server.py")], folder, keeps=False)
    taskhold = Side("taskhold", [str(arguments.taskhold.resolve()), "mcp"], folder, keeps=True)

    load_before = load()
    database = folder / "tasks.db"
    with taskhold.start(database) as server:
        server.begin()
        server.fill(5)
    discovers = {side: understands_discover(side, database) for side in (python, taskhold)}
    if not discovers[taskhold]:
        raise Failed("taskhold: it does not answer server/discover")

    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        # Whoever comes second finds a warmer or a busier machine; taking turns hands that to both.
        order = (python, taskhold) if number % 2 == 0 else (taskhold, python)
        for _ in range(starts):
            for side in order:
                measure_start(side, "initialize", initialize(), database)
                measure_start(side, "discover", discover() if discovers[side] else initialize(), database)
            measure_echo(taskhold, folder)
        measure_adds(order, folder, counts["blocks"], 50)
        measure_pipelined(order, counts["bursts"], counts["pipelined"])
        for side in order:
            measure_read(side, counts["pending"], counts["reads"])
    for side in (python, taskhold):
        measure_memory(side, counts["memory"])

    fastmcp = subprocess.run(
        [sys.executable, "-c", "from importlib.metadata import version; print(version('fastmcp'))"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    discover_label = "exec to `server/discover` answer"
    if not discovers[python]:
        discover_label += " (Python: `initialize`)"
    print(*table(python, taskhold, {"fastmcp": fastmcp, "discover": discover_label}, counts), sep="\n")
    print()
    listed = [side.median("listed") for side in (python, taskhold)]
    print(
        f"Medians over {rounds} round{'s' * (rounds > 1)}, {rounds * starts} starts; {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} cores, Python {platform.python_version()}, {file_system(folder)},"
        f" load {load_before} before and {load()} after."
        " taskhold commits every add durably; the Python server keeps its tasks in memory."
        f" The read lists {listed[0]:,.0f} tasks in Python's answer, {listed[1]:,.0f} in taskhold's."
        f" The blocks of 50 adds took, in ms an add: Python {python.spread('add')}, taskhold {taskhold.spread('add')},"
        f" bare commits {taskhold.spread('bare')}."
    )
    if quick:
        print("A quick run shows that everything works; its numbers are too few to quote.")
    if file_system(folder) == "tmpfs":
        print("The databases were in memory, so taskhold's adds cost no disk: choose another folder.")


def main():
    arguments = parse()
    arguments.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.data.resolve()) as folder:
        try:
            run(arguments, Path(folder))
        except Failed as error:
            sys.exit(f"compare: {error}")


if __name__ == "__main__":
    main()
