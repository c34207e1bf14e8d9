"""The archives that people download and unpack: xz for Unix, a zip for Windows."""

from __future__ import annotations

from pathlib import Path

from .pack import Entry, tar_xz, zipped
from .targets import Binary


def name(binary: Binary, version: str) -> str:
    """Returns the file name of the archive, in the form that cargo-binstall looks for."""
    end = "zip" if binary.target.is_windows else "tar.xz"
    return f"taskhold-{version}-{binary.target.triple}.{end}"


def write(binary: Binary, version: str, beside: list[Entry], out: Path) -> Path:
    """Writes one archive: a folder with the program and `beside` it texts, manual pages and completions."""
    path = out / name(binary, version)
    folder = f"taskhold-{version}-{binary.target.triple}"
    entries = [Entry(binary.target.program, binary.path.read_bytes(), is_program=True), *beside]
    entries = [Entry(f"{folder}/{entry.name}", entry.content, entry.is_program) for entry in entries]
    if binary.target.is_windows:
        zipped(path, sorted(entries, key=lambda entry: entry.name))
    else:
        tar_xz(path, entries, is_x86=binary.target.node_cpu == "x64")
    return path
