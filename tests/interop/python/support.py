"""What both Python programs need: checks that print a line, deadlines, and servers whose end is observed."""

import faulthandler
import os
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import mcp.client.stdio as stdio

# Generous, so that a loaded machine passes; short enough that a hang is told, not waited out.
DEADLINE = 30.0
PROGRAM_DEADLINE = 240.0

servers = []  # Every server process that a client of this program started.
outlived = []  # Those that were still there after their client's grace period.


async def _created(**how):
    process = await _create(**how)
    servers.append(process)
    return process


async def _terminated(process):
    outlived.append(process)
    await _terminate(process)


# The transport hides the process, and ends one that lingers without a word.
_create, stdio._create_platform_compatible_process = stdio._create_platform_compatible_process, _created
_terminate, stdio._terminate_process_tree = stdio._terminate_process_tree, _terminated


class Failed(Exception):
    """A check that did not hold; the message is all that the reader needs."""


def expect(holds, otherwise):
    if not holds:
        raise Failed(otherwise)


def same(actual, expected, what):
    expect(actual == expected, f"{what}: expected {expected!r}, got {actual!r}")


def contains(text, part, what):
    expect(part in text, f"{what}: expected it to contain {part!r}, got {text!r}")


@contextmanager
def check(name):
    """Names what is being checked, bounds it, and prints one line when it held."""
    try:
        with anyio.fail_after(DEADLINE):
            yield
    except TimeoutError as timeout:
        raise Failed(f"{name}: not done within {DEADLINE:.0f} s") from timeout
    except Exception as error:
        raise Failed(f"{name}: {_message(error)}") from error
    print(f"ok {name}", flush=True)


@asynccontextmanager
async def session(name, client):
    """A client's session; one that cannot be opened says whose it was."""
    opened = False
    try:
        async with client:
            opened = True
            yield client
    except Exception as error:
        if opened:
            raise
        raise Failed(f"{name}: cannot connect: {_message(error)}") from error


@contextmanager
def task_file():
    """A folder for one test, with the path of a task file in it that does not exist yet."""
    # After a failed check a server can still write there; that must not hide the failure.
    with tempfile.TemporaryDirectory(prefix="taskhold-interop-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve() / "tasks.db"


def server_command(binary, db):
    """The arguments that every stdio client takes to start the server."""
    return {"command": binary, "args": ["mcp", "--db", str(db)], "env": {"HOME": str(db.parent)}}


async def command_line(binary, db, *args):
    """Runs one command in a process of its own and returns what it printed."""
    done = await anyio.run_process([binary, *args, "--db", str(db)], env={"HOME": str(db.parent)}, check=False)
    expect(done.returncode == 0, f"taskhold {' '.join(args)} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def servers_ended_well():
    """Every server so far has ended by itself, when its client closed its stdin."""
    statuses = [process.returncode for process in servers]
    expect(statuses, "no server was started")
    expect(not outlived, f"{len(outlived)} of {len(servers)} servers lingered until they were killed")
    expect(all(status == 0 for status in statuses), f"exit statuses of the servers: {statuses}")


def run(main):
    """Runs `main(binary)` to its end, or to the first check that fails."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TASKHOLD_BIN")
    if not given:
        sys.exit(f"usage: {Path(sys.argv[0]).name} TASKHOLD_BINARY (or set TASKHOLD_BIN)")
    faulthandler.dump_traceback_later(PROGRAM_DEADLINE, exit=True)
    try:
        anyio.run(main, str(Path(given).resolve()))
    except BaseException as error:
        print(f"FAILED {_message(error)}", flush=True)
        sys.exit(1)


def _message(error):
    # A client wraps what happens inside it in exception groups, one for each task group it keeps.
    while getattr(error, "exceptions", None):
        error = next((e for e in error.exceptions if isinstance(e, Failed)), error.exceptions[0])
    return str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
