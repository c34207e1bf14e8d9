"""Compares builds of taskhold with each other: starts, adds, lists, searches and memory, side by side in one run.

Every program has databases of its own with the same tasks. They take turns, so that whatever else the machine does falls on all.
A ratio is how much longer a program takes than the first, or how much more it holds. The time of the processor is told too: on a
busy machine it differs less from run to run. `benches/programs/run` says how it is started.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "compare")]

from cli import Taskhold, titles  # noqa: E402
from server import Failed, Server, add_task, encode, initialize  # noqa: E402

# Adds that are sent one after another, and those that are sent without waiting for an answer.
SINGLY, TOGETHER = 50, 1000
LISTS = 50


def run(command, environment):
    """Returns how many milliseconds a command takes from exec to exit, and how many of the processor."""
    nothing = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, stream) for stream in range(3)]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, environment, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    took = time.perf_counter() - started
    os.close(nothing)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return took * 1000, (used.ru_utime + used.ru_stime) * 1000


def processor_ms(server):
    """Returns how much time of the processor a server has used; in steps of 10 ms."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


class Program:
    """A build, its databases, and what was read of it."""

    def __init__(self, name, path, folder, tasks):
        self.name, self.path = name, path
        self.folder = folder / name
        self.folder.mkdir()
        self.readings = {}
        self.shell = Taskhold(str(path), self.folder, titles(tasks))

    def record(self, row, value):
        self.readings.setdefault(row, []).append(value)

    def add(self, row, value):
        """Adds to the one reading of a row."""
        self.readings[row] = [self.readings.get(row, [0])[0] + value]

    def server(self, database="server.db"):
        command = [str(self.path), "mcp", "--db", str(self.folder / database)]
        return Server(self.name, command, self.folder)

    def measure_shell(self, tasks):
        commands = {"`--version`": [str(self.path), "--version"]}
        for what in ("add", "list", "search", "next"):
            commands[f"`{what}`, {tasks:,} tasks"] = self.shell.command(what)
        for what, command in commands.items():
            took, used = run(command, self.shell.environment)
            self.record((what, "ms"), took)
            self.record((f"{what}, processor", "ms"), used)

    def measure_start(self):
        with self.server() as server:
            server.result(server.call(initialize()))
            self.record(("exec to `initialize` answer", "ms"), (time.perf_counter() - server.started) * 1000)

    def measure_memory(self, tasks):
        with self.server("memory.db") as server:
            server.begin()
            self.record(("resident after `initialize`", "MB"), server.resident_mb())
            server.fill(tasks)
            self.record((f"resident after adding {tasks:,} tasks", "MB"), server.resident_mb())


def list_tasks(number):
    params = {"name": "list_tasks", "arguments": {"view": "all", "limit": 100}}
    return encode({"id": number, "method": "tools/call", "params": params})


def measure_servers(programs, blocks):
    """Adds and lists by servers that run beside each other, by small blocks in turn."""
    servers = []
    try:
        for program in programs:
            servers.append(program.server().__enter__())
            servers[-1].begin()
            servers[-1].fill(200)
        steps = [
            ("add, one after another", SINGLY, lambda server: [server.call(add_task(n)) for n in range(SINGLY)]),
            ("add, many at once", TOGETHER, lambda server: server.pipeline([add_task(n) for n in range(TOGETHER)])[1]),
            ("`list_tasks` of 100", LISTS, lambda server: [server.call(list_tasks(n)) for n in range(LISTS)]),
        ]
        for _ in range(blocks):
            for what, count, step in steps:
                for program, server in zip(programs, servers):
                    used, started = processor_ms(server), time.perf_counter()
                    lines = step(server)
                    program.record((f"{what}, each", "ms"), (time.perf_counter() - started) / count * 1000)
                    program.add((f"{what}, each, processor", "ms"), (processor_ms(server) - used) / count / blocks)
                    for line in lines:
                        server.result(line)
    finally:
        for server in servers:
            server.__exit__()


def table(programs):
    yield "| | " + " | ".join(program.name for program in programs) + " | ratio |"
    yield "|---|" + "---:|" * (len(programs) + 1)
    for row in programs[0].readings:
        name, unit = row
        medians = [statistics.median(program.readings[row]) for program in programs]
        ratios = ", ".join(f"{median / medians[0]:.2f}" for median in medians[1:])
        yield f"| {name} | " + " | ".join(f"{median:,.{2 if median >= 1 else 3}f} {unit}" for median in medians) + f" | {ratios} |"


def parse():
    parser = argparse.ArgumentParser(prog="benches/programs/run", description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="folder on a real disk for the databases")
    parser.add_argument("--rounds", type=int, default=40, help="rounds of the command line; the servers have a quarter")
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks in the database of the command line")
    parser.add_argument("program", nargs="+", metavar="NAME=PATH", help="the first is what the others are compared with")
    arguments = parser.parse_args()
    if len(arguments.program) < 2 or not all("=" in given for given in arguments.program):
        parser.error("name at least two programs: before=PATH after=PATH")
    return arguments


def main():
    arguments = parse()
    arguments.data.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=arguments.data.resolve(), prefix="programs-") as folder:
        programs = []
        for given in arguments.program:
            name, _, path = given.partition("=")
            path = Path(path).resolve()
            program = Program(name, path, Path(folder), arguments.tasks)
            content = path.read_bytes()
            program.record(("size", "MB"), len(content) / 1e6)
            program.record(("deflated", "MB"), len(zlib.compress(content, 9)) / 1e6)
            programs.append(program)
        for number in range(arguments.rounds):
            # Whoever comes first finds colder caches.
            for program in programs[:: 1 if number % 2 else -1]:
                program.measure_start()
                program.measure_shell(arguments.tasks)
        try:
            measure_servers(programs, max(2, arguments.rounds // 4))
            for program in programs:
                program.measure_memory(arguments.tasks)
        except Failed as error:
            sys.exit(f"benches/programs/run: {error}")
        print(*table(programs), sep="\n")
    print(
        f"\nMedians of {arguments.rounds} rounds; {platform.system()} {platform.machine()}, {os.cpu_count()} cores,"
        f" load {load:.1f} before and {os.getloadavg()[0]:.1f} after."
    )


if __name__ == "__main__":
    main()
