"""Runs taskhold: as a command, and as an MCP server on standard input and output."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from pathlib import Path

from .failure import Failure

# Seconds after which a program that does not answer is taken to hang. Nothing waits that long for something to happen.
PATIENCE = 60

# As an app that shows pages of servers (MCP Apps): the others are offered fewer tools.
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}},
    "clientInfo": {"name": "release-check", "version": "1"},
}


def environment(home: Path) -> dict[str, str]:
    """Returns the variables of a person whose home is `home`, and who has set none of ours.

    A host passes few variables on; Windows' own are those without which no program starts there.
    """
    kept = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "LANG", "WINEPREFIX")
    values = {name: os.environ[name] for name in kept if name in os.environ}
    folder = str(home)
    values |= {"HOME": folder, "USERPROFILE": folder, "XDG_DATA_HOME": str(home / ".local" / "share")}
    values |= {"APPDATA": str(home / "AppData" / "Roaming"), "LOCALAPPDATA": str(home / "AppData" / "Local")}
    return values


def run(
    command: list[str | Path],
    home: Path,
    *,
    cwd: Path | None = None,
    extra: dict[str, str] | None = None,
    text: str | None = None,
) -> str:
    """Runs a command in the home `home`, with `extra` variables and `text` as its input, and returns what it prints.

    Raises Failure with all that it printed if it fails.
    """
    words = [str(word) for word in command]
    ended = subprocess.run(
        words,
        env=environment(home) | (extra or {}),
        cwd=cwd,
        input=text or "",
        capture_output=True,
        timeout=5 * PATIENCE,
        encoding="utf-8",
    )
    if ended.returncode != 0:
        raise Failure(f"`{' '.join(words)}` failed with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


class Server:
    """taskhold as an AI host starts it: one process, requests on its standard input, answers on its standard output."""

    def __init__(self, command: list[str | Path], home: Path, extra: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=environment(home) | (extra or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.notifications: list[dict] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.last_id = 0
        self.greeting = self.call("initialize", INITIALIZE)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def _send(self, message: dict) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def call(self, method: str, params: dict | None = None) -> dict:
        """Returns the result of a request. Raises Failure if the server refuses it, ends or does not answer.

        Notifications that come before it are kept for `hear`.
        """
        self.last_id += 1
        self._send({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params or {}})
        while (message := self._next(method)).get("id") != self.last_id:
            self.notifications.append(message)
        if "error" in message:
            raise Failure(f"the server refused {method}: {message['error']}")
        return message["result"]

    def _next(self, awaited: str) -> dict:
        """Returns what the server says next. Raises Failure if it ends or says nothing, while `awaited` has not come."""
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise Failure(f"the server did not say {awaited} in {PATIENCE} seconds") from None
        if not line:
            raise Failure(f"the server ended before it said {awaited}")
        return json.loads(line)

    def hear(self, method: str) -> dict:
        """Returns the parameters of a notification, one that came since the last or the next to come."""
        while True:
            message = self.notifications.pop(0) if self.notifications else self._next(method)
            if message.get("method") == method:
                return message.get("params", {})

    def tool(self, name: str, arguments: dict) -> str:
        """Returns the text of a tool's answer. Raises Failure if the tool failed."""
        result = self.call("tools/call", {"name": name, "arguments": arguments})
        text = "\n".join(part.get("text", "") for part in result["content"])
        if result.get("isError"):
            raise Failure(f"{name} failed: {text}")
        return text

    def kill(self) -> None:
        """Ends the process at once, and those that it started: a launcher, and the program behind it."""
        if os.name == "posix":
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            # `kill` would leave the program behind an npm launcher, which then holds its own file open.
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.process.pid)], capture_output=True, check=False)
        self.process.wait()

    def close(self) -> None:
        """Closes its input, as a host does that quits, and waits for its end. Raises Failure if it does not end well."""
        self.process.stdin.close()
        status = self.process.wait(timeout=PATIENCE)
        if status != 0:
            raise Failure(f"the server ended with {status} after its input was closed")


def live(command: list[str | Path], home: Path) -> None:
    """Has the program live in the home `home`: first tasks, a kill, a backup and a restore.

    `command` starts it without arguments of its own. Raises Failure at the first thing that is not as it must be.
    """
    expect("Added 1 First task", run([*command, "add", "First task"], home))
    server = Server([*command, "mcp"], home)
    greeting = server.greeting.get("serverInfo", {})
    expect("taskhold", greeting.get("name", ""))
    expect("Second task", server.tool("add_task", {"title": "Second task"}) + server.tool("list_tasks", {}))
    server.kill()
    server = Server([*command, "mcp"], home)
    expect("Second task", server.tool("list_tasks", {}))
    server.close()
    backup = home / "backup.db"
    run([*command, "backup", backup], home)
    run([*command, "add", "Added after the backup"], home)
    run([*command, "restore", backup], home)
    left = run([*command, "list"], home)
    expect("First task", left)
    expect("Second task", left)
    if "Added after" in left:
        raise Failure(f"the restore left a task that was added after the backup:\n{left}")


def expect(words: str, text: str) -> None:
    """Raises Failure if `text` does not have `words`."""
    if words not in text:
        raise Failure(f"expected `{words}` and got:\n{text}")
