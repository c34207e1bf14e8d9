"""A server process, the lines to it and from it. Standard library only; see compare.py."""

import contextlib
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
CLIENT = {"name": "compare", "version": "1"}
# Long enough for the slowest phase on a slow machine; a server that needs more has hung.
PATIENCE = 300


class Failed(Exception):
    """A server did not do what the row asks for, so there is nothing to compare."""


def encode(message):
    return json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode() + b"\n"


def initialize():
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT}
    return encode({"id": 0, "method": "initialize", "params": params})


def discover():
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": CLIENT,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return encode({"id": 0, "method": "server/discover", "params": {"_meta": meta}})


def add_task(number):
    arguments = {
        "title": f"Task {number}: write the report",
        "description": "Collect the numbers and send them round",
    }
    params = {"name": "add_task", "arguments": arguments}
    return encode({"id": number, "method": "tools/call", "params": params})


def read_pending(number):
    return encode({"id": number, "method": "resources/read", "params": {"uri": "tasks://pending"}})


class Server:
    """One server process and the lines to and from it."""

    def __init__(self, name, command, folder):
        self.name = name
        self.unread = bytearray()
        self.log = tempfile.TemporaryFile(dir=folder)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            # In the Python server's favour: neither its banner nor its look for a newer release is measured.
            "FASTMCP_SHOW_SERVER_BANNER": "false",
            "FASTMCP_CHECK_FOR_UPDATES": "off",
        }
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=folder,
            env=environment,
            bufsize=0,
        )

    def __enter__(self):
        # A timer costs the measured path nothing, unlike a poll before each read.
        self.watchdog = threading.Timer(PATIENCE, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.watchdog.cancel()
        self.process.stdout.close()
        self.log.close()

    def failed(self, what):
        self.log.seek(0)
        tail = self.log.read().decode(errors="replace")[-2000:]
        return Failed(f"{self.name}: {what}; the end of its stderr:\n{tail}")

    def send(self, data):
        view = memoryview(data)
        # A server that has ended is told of by `receive`, with what it said on stderr.
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[self.process.stdin.write(view) :]

    def receive(self, count):
        """Returns the next `count` lines, unparsed."""
        stream = self.process.stdout.fileno()
        seen = self.unread.count(b"\n")
        while seen < count:
            chunk = os.read(stream, 1 << 20)
            if not chunk:
                raise self.failed(f"its output ended with {seen} of {count} lines read")
            seen += chunk.count(b"\n")
            self.unread += chunk
        *lines, rest = bytes(self.unread).split(b"\n", count)
        self.unread = bytearray(rest)
        return lines

    def result(self, line):
        answer = json.loads(line)
        if "result" not in answer or answer["result"].get("isError"):
            raise self.failed(f"it answered {line[:300]!r}")
        return answer["result"]

    def call(self, request):
        self.send(request)
        return self.receive(1)[0]

    def begin(self):
        self.result(self.call(initialize()))
        self.send(encode({"method": "notifications/initialized"}))

    def pipeline(self, requests):
        """Sends all requests, returns the seconds until the last answer is read, and the answers."""
        data = b"".join(requests)
        # The server's output must be read while its input is still being written, or both pipes fill up.
        writer = threading.Thread(target=self.send, args=(data,), daemon=True)
        started = time.perf_counter()
        writer.start()
        lines = self.receive(len(requests))
        elapsed = time.perf_counter() - started
        writer.join()
        return elapsed, lines

    def check_added(self, lines):
        """Every line is an answer to `add_task`, and each task has an id of its own."""
        ids = {json.loads(self.result(line)["content"][0]["text"])["id"] for line in lines}
        if len(ids) != len(lines):
            raise self.failed(f"{len(lines)} calls of add_task made {len(ids)} tasks")

    def fill(self, count):
        # By hundreds: one burst of 10,000 would leave the memory of the burst in the reading.
        for first in range(1, count + 1, 100):
            numbers = range(first, min(first + 100, count + 1))
            self.check_added(self.pipeline([add_task(n) for n in numbers])[1])

    def resident_mb(self):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return None
