"""The bundle that Claude Desktop installs with one click: programs for macOS, Windows and Linux, a manifest, an icon and a picture.

The manifest names no database, so that the bundle's server opens the one that every other host and shell opens.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

from .failure import Failure
from .pack import ZIP_EPOCH, Entry
from .project import LONG, ROOT, SUMMARY, Surface
from .publisher import AUTHOR, Publisher
from .targets import Binary

ICON = ROOT / "release" / "icon" / "icon.png"
# The board with a list of tasks: `tests/interop/board/pictures.mjs` takes it.
SCREENSHOT = ROOT / "docs" / "images" / "board.png"
# The folder in which `npm ci` puts the tools that package.json pins.
TOOLS = ROOT / "release" / "tools"
# Claude Desktop has unpacked programs without their run bit (anthropics/mcpb issues 42, 282 and 294), so a shell puts it back.
# $0 is the path of the program.
SHELL = ["-c", 'chmod +x "$0" 2>/dev/null; exec "$0" mcp']


def tool(name: str) -> list[str]:
    """Returns the command that runs a pinned tool. Raises Failure if the tools are not installed."""
    path = TOOLS / "node_modules" / ".bin" / (f"{name}.cmd" if os.name == "nt" else name)
    if not path.exists():
        raise Failure(f"{name} is not installed; install the pinned tools: npm ci --prefix {TOOLS.relative_to(ROOT)}")
    return [str(path)]


def _fat(slices: list[tuple[int, int, bytes]]) -> bytes:
    """Returns one universal Mach-O file of programs for several processors, as `lipo -create` makes it.

    A slice is the processor's type and subtype, as its own header says them, and the program. Each starts at a page of 16 KiB,
    so that it is loaded and its signature holds as it is.
    """
    align = 14
    head = struct.pack(">II", 0xCAFEBABE, len(slices))
    body = b""
    start = 1 << align
    for cpu, subtype, program in slices:
        head += struct.pack(">iiIII", cpu, subtype, start, len(program), align)
        padded = program + b"\0" * (-len(program) % (1 << align))
        body += padded
        start += len(padded)
    return head.ljust(1 << align, b"\0") + body


def universal(binaries: list[Binary]) -> bytes | None:
    """Returns one program for both kinds of Mac, or None if neither is among the binaries.

    Raises Failure if one of the two is missing or is no program for macOS.
    """
    programs = [binary for binary in binaries if binary.target.node_os == "darwin"]
    if not programs:
        return None
    if len(programs) == 1:
        raise Failure(f"of the programs for macOS there is only {programs[0].target.triple}; the bundle needs both")
    slices = []
    for binary in programs:
        content = binary.path.read_bytes()
        magic, cpu, subtype = struct.unpack("<Iii", content[:12].ljust(12, b"\0"))
        if magic != 0xFEEDFACF:
            raise Failure(f"{binary.path} is no program for macOS")
        slices.append((cpu, subtype, content))
    return _fat(slices)


def manifest(version: str, publisher: Publisher | None, surface: Surface, systems: list[str]) -> dict:
    """Returns the manifest for a bundle that has programs for `systems`, as Node names them."""
    paths = {
        "darwin": "${__dirname}/server/darwin/taskhold",
        "linux": "${__dirname}/server/linux/taskhold",
        "win32": "${__dirname}/server/win32/taskhold.exe",
    }
    starts = {}
    for system in systems:
        if system == "win32":
            starts[system] = {"command": paths[system], "args": ["mcp"]}
        else:
            starts[system] = {"command": "/bin/sh", "args": [*SHELL, paths[system]]}
    first = systems[0]
    described = {
        "manifest_version": "0.3",
        "name": "taskhold",
        "display_name": "Taskhold",
        "version": version,
        "description": SUMMARY,
        "long_description": LONG,
        "author": {"name": AUTHOR},
        "license": "MIT OR Apache-2.0",
        "keywords": ["tasks", "todo", "reminders", "planning"],
        "icon": "icon.png",
        "screenshots": ["screenshots/board.png"],
        "server": {
            "type": "binary",
            "entry_point": paths[first].removeprefix("${__dirname}/"),
            "mcp_config": {**starts[first], "platform_overrides": starts},
        },
        "tools": [{"name": tool["name"], "description": tool["description"]} for tool in surface.tools],
        "prompts": [_prompt(prompt) for prompt in surface.prompts],
        # Each prompt is filled in with the tasks of the moment.
        "prompts_generated": True,
        "compatibility": {"platforms": systems},
    }
    if publisher:
        described["repository"] = {"type": "git", "url": publisher.repository}
        described["homepage"] = publisher.repository
        described["support"] = f"{publisher.repository}/issues"
    return described


def _prompt(prompt: dict) -> dict:
    names = [argument["name"] for argument in prompt.get("arguments", [])]
    described = {"name": prompt["name"], "description": prompt["description"]}
    if names:
        described["arguments"] = names
    values = "".join(f" ({name}: ${{arguments.{name}}})" for name in names)
    return {**described, "text": f"{prompt['description']}{values}."}


def write(
    binaries: list[Binary],
    version: str,
    publisher: Publisher | None,
    surface: Surface,
    licences: list[Entry],
    work: Path,
    out: Path,
) -> Path:
    """Lays out the bundle in `work` and packs it into `out` with the pinned tool, which validates it.

    Of Windows and Linux the bundle has the program for x64: it is one file for all, and those for arm64 run it too or are few.
    """
    folder = work / "mcpb"
    programs = {"darwin": universal(binaries)}
    for binary in binaries:
        if binary.target.node in ("win32-x64", "linux-x64"):
            programs[binary.target.node_os] = binary.path.read_bytes()
    systems = [system for system in ("darwin", "win32", "linux") if programs.get(system)]
    for system in systems:
        target = folder / "server" / system / ("taskhold.exe" if system == "win32" else "taskhold")
        target.parent.mkdir(parents=True)
        target.write_bytes(programs[system])
        target.chmod(0o755)
    shutil.copyfile(ICON, folder / "icon.png")
    (folder / "screenshots").mkdir()
    shutil.copyfile(SCREENSHOT, folder / "screenshots" / "board.png")
    for licence in licences:
        (folder / licence.name).write_bytes(licence.content)
    described = manifest(version, publisher, surface, systems)
    (folder / "manifest.json").write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    path = out / f"taskhold-{version}.mcpb"
    for words in (["validate", str(folder / "manifest.json")], ["pack", str(folder), str(path)]):
        ended = subprocess.run([*tool("mcpb"), *words], capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
        if ended.returncode != 0:
            raise Failure(f"mcpb {words[0]} refuses the bundle:\n{ended.stdout}{ended.stderr}")
    denser(folder, path)
    return path


def denser(folder: Path, path: Path) -> None:
    """Packs the files of a folder into a zip with 7-Zip, whose deflate is 3 % smaller than others' and takes a minute.

    The bytes depend on what is in the folder alone. Raises Failure if 7-Zip is not installed.
    """
    program = shutil.which("7zz") or shutil.which("7z")
    if not program:
        raise Failure("7-Zip is not installed, which packs the bundle; it is in the package 7zip or p7zip-full")
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    for name in names:
        os.utime(folder / name, (ZIP_EPOCH, ZIP_EPOCH))
    path.unlink(missing_ok=True)
    # mtc=off: no times but the one that every zip has, to two seconds and without a zone.
    words = [program, "a", "-tzip", "-mx=9", "-mtc=off", str(path.resolve()), *names]
    ended = subprocess.run(
        words, cwd=folder, env={**os.environ, "TZ": "UTC"}, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL
    )
    if ended.returncode != 0:
        raise Failure(f"7-Zip cannot pack the bundle:\n{ended.stdout}{ended.stderr}")
