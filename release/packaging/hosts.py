"""What AI hosts install by themselves: links that add the server, and the extension of Gemini CLI.

The plugin of Claude Code needs no build: it is `release/claude-code`, and `.claude-plugin/marketplace.json` leads to it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote, urlencode

from .pack import Entry, tar_gz, zipped
from .project import SUMMARY
from .targets import Binary

# npx fetches the program for the machine at the first start; nothing need be installed but Node.
START = {"command": "npx", "args": ["-y", "taskhold", "mcp"]}


def links() -> dict[str, str]:
    """Returns the link of each host that has one. They open the host, which asks before it adds the server."""
    packed = base64.b64encode(json.dumps(START, separators=(",", ":")).encode()).decode()
    words = json.dumps(START, separators=(",", ":"))
    goose = [("cmd", START["command"]), *(("arg", word) for word in START["args"])]
    goose += [("id", "taskhold"), ("name", "Taskhold"), ("description", SUMMARY)]
    return {
        "Cursor": f"https://cursor.com/en/install-mcp?name=taskhold&config={quote(packed, safe='')}",
        "VS Code": f"https://insiders.vscode.dev/redirect/mcp/install?name=taskhold&config={quote(words, safe='')}",
        "LM Studio": f"https://lmstudio.ai/install-mcp?name=taskhold&config={quote(packed, safe='')}",
        "Goose": f"https://block.github.io/goose/extension?{urlencode(goose, quote_via=quote)}",
    }


def gemini(binary: Binary, version: str, licences: list[Entry], out: Path) -> Path:
    """Writes the extension for one system, under the name that Gemini CLI looks for among a release's files."""
    system = binary.target
    described = {
        "name": "taskhold",
        "version": version,
        "description": SUMMARY,
        "mcpServers": {"taskhold": {"command": f"${{extensionPath}}${{/}}{system.program}", "args": ["mcp"]}},
    }
    entries = [
        Entry("gemini-extension.json", (json.dumps(described, indent=2) + "\n").encode()),
        Entry(system.program, binary.path.read_bytes(), is_program=True),
        *licences,
    ]
    end = "zip" if system.is_windows else "tar.gz"
    path = out / f"{system.node_os}.{system.node_cpu}.taskhold.{end}"
    (zipped if system.is_windows else tar_gz)(path, entries)
    return path
