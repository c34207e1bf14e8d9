"""Compares taskhold's command line with Taskwarrior's: exec to exit, the same tasks, side by side in one run.

Both are given the same titles, projects, tags and dates. Commands alternate, so that whatever else the machine does
falls on both. Output goes to /dev/null; both print at most 50 tasks. `benches/cli/run` prepares everything and starts it.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

VERBS = ["Write", "Read", "Call", "Fix", "Plan", "Order", "Clean", "Check", "Send", "Paint"]
PROJECTS = ["flat", "work", "garden", "club"]
DUE = {0: None, 1: "2031-06-02", 2: None, 3: "2020-01-06"}
ROUNDS = {100: 40, 10_000: 25, 100_000: 7}


def titles(count):
    """Returns the title of each task; `noun7` is a word of one in a hundred."""
    return [f"{VERBS[number % 10]} noun{number // 10 % 100} of item {number}" for number in range(count)]


def kind(number):
    """Returns what the task `number` has beside a title: its project and its date."""
    return number // 4 % 4, number % 4


class Taskhold:
    name = "taskhold"

    def __init__(self, program, folder, names):
        self.program = program
        self.environment = {"HOME": str(folder), "TASKHOLD_DB": str(folder / "tasks.db"), "TZ": "UTC"}
        self.ids = []
        for group in sorted({kind(number) for number in range(len(names))}):
            project, date = group
            words = [f"project:{PROJECTS[project]}", "+bench"]
            words += [f"due:{DUE[date]}"] if DUE[date] else []
            chosen = [name for number, name in enumerate(names) if kind(number) == group]
            subprocess.run(
                [program, "add", "-", *words], input="\n".join(chosen), env=self.environment, check=True, text=True,
                stdout=subprocess.DEVNULL,
            )
        self.next_done = 0

    def command(self, what):
        if what == "done":
            self.next_done += 1
            return [self.program, "done", str(self.next_done)]
        words = {"list": ["list"], "search": ["search", "noun7"], "next": ["next"], "add": ["add", "One more", "+bench"]}
        return [self.program, *words[what]]


class Taskwarrior:
    name = "Taskwarrior"

    def __init__(self, program, folder, names):
        self.program = program
        data = folder / "data"
        data.mkdir()
        (folder / "taskrc").write_text(f"data.location={data}\nconfirmation=no\nnews.version=9.9.9\n")
        self.environment = {"HOME": str(folder), "TASKRC": str(folder / "taskrc"), "TZ": "UTC"}
        self.uuids = []
        lines = []
        for number, name in enumerate(names):
            project, date = kind(number)
            self.uuids.append(str(uuid.UUID(int=number + (1 << 100))))
            due = ""
            if DUE[date]:
                due = f'due:"{int(time.mktime(time.strptime(DUE[date], "%Y-%m-%d")))}" '
            lines.append(
                f'[description:"{name}" {due}entry:"1700000000" modified:"1700000000" project:"{PROJECTS[project]}" '
                f'status:"pending" tags:"bench" uuid:"{self.uuids[-1]}"]\n'
            )
        (data / "pending.data").write_text("".join(lines))
        counted = subprocess.run([program, "count"], env=self.environment, check=True, capture_output=True, text=True)
        if counted.stdout.strip() != str(len(names)):
            sys.exit(f"Taskwarrior counts {counted.stdout.strip()} tasks, not {len(names)}")

    def command(self, what):
        if what == "done":
            return [self.program, self.uuids.pop(0), "done"]
        words = {
            "list": ["limit:50", "list"],
            "search": ["/noun7/", "limit:50", "list"],
            "next": ["limit:1", "next"],
            "add": ["add", "One more", "+bench"],
        }
        return [self.program, *words[what]]


def seconds(command, environment):
    """Returns how long `command` takes from exec to exit."""
    nothing = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, stream) for stream in range(3)]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, environment, file_actions=actions)
    _, status = os.waitpid(child, 0)
    took = time.perf_counter() - started
    os.close(nothing)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return took


def measure(arguments, size, folder):
    names = titles(size)
    sides = []
    for side, program in [(Taskhold, arguments.taskhold), (Taskwarrior, arguments.task)]:
        place = folder / side.name
        place.mkdir()
        sides.append(side(program, place, names))
    rounds = 3 if arguments.quick else ROUNDS.get(size, 7)
    rows = []
    for what in ["list", "search", "next", "add", "done"]:
        times = {side.name: [] for side in sides}
        for _ in range(rounds):
            for side in sides:
                times[side.name].append(seconds(side.command(what), side.environment))
        # The first of each has cold caches.
        rows.append((what, *(statistics.median(times[side.name][1:]) * 1000 for side in sides)))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--taskhold", required=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--sizes", default="100,10000,100000")
    parser.add_argument("--quick", action="store_true", help="three rounds a command, to see that it runs")
    arguments = parser.parse_args()
    version = subprocess.run([arguments.task, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    load = os.getloadavg()[0]
    print(f"| | tasks | Taskwarrior {version} | taskhold | ratio |\n|---|---:|---:|---:|---:|")
    for size in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory(dir=arguments.data, prefix="cli-bench-") as folder:
            for what, ours, theirs in measure(arguments, size, Path(folder)):
                print(
                    f"| `{what}` | {size:,} | {theirs:,.1f} ms | {ours:,.2f} ms | {theirs / ours:,.0f}x |",
                    flush=True,
                )
    with tempfile.TemporaryDirectory() as folder:
        nothing = [seconds(["/bin/true"], {"HOME": folder}) for _ in range(40)]
    print(f"| any process (`true`), for orientation |  |  | {statistics.median(nothing) * 1000:,.2f} ms |  |")
    print(
        f"\nMedians, exec to exit; {platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} before"
        f" and {os.getloadavg()[0]:.1f} after."
    )


if __name__ == "__main__":
    main()
