"""Whether programs are those of one release: for the target in whose folder each lies, by its head, and of one commit."""

from __future__ import annotations

import re
import struct
import tempfile
from pathlib import Path

from .failure import Failure
from .program import run
from .targets import Binary, Target, runs_here

# The processor as each format numbers it.
ELF = {"x64": 62, "arm64": 183}
MACH_O = {"x64": 0x01000007, "arm64": 0x0100000C}
PE = {"x64": 0x8664, "arm64": 0xAA64}
# The program that loads the shared libraries of another (ELF, "Program Header"); a static one has none.
PT_INTERP = 3
# What a program says of its commit to those who cannot run it (`src/cli.rs`); nothing between the two if it knows none.
COMMIT = rb"taskhold-commit:([0-9a-f]{7,64}(?:-dirty)?);"


def must_fit(target: Target, content: bytes, path: Path | str) -> None:
    """Raises Failure if `content` is no program for the target, or one for musl that is not static. `path` is for the message."""
    fault = {"linux": _elf, "darwin": _mach_o, "win32": _pe}[target.node_os](target, content)
    if fault:
        raise Failure(f"{path} is no program for {target.triple}: {fault}; put the right one there")


def must_be_of_one_commit(binaries: list[Binary]) -> list[Binary]:
    """Raises Failure if two of the programs are of different commits. Returns those of which nobody knows the commit."""
    commits = {binary.target.triple: commit(binary) for binary in binaries}
    if len({known for known in commits.values() if known}) > 1:
        lines = [f"  {triple}: {known or 'not known'}" for triple, known in commits.items()]
        raise Failure("the programs are of different commits; build them all from one:\n" + "\n".join(lines))
    return [binary for binary in binaries if not commits[binary.target.triple]]


def commit(binary: Binary) -> str | None:
    """Returns the commit a program was built from, by its own words or, where it cannot run here, by the mark in it."""
    if runs_here(binary.target):
        with tempfile.TemporaryDirectory() as home:
            said = re.search(r"^commit (\S+)$", run([binary.path.resolve(), "--version"], Path(home)), re.MULTILINE)
        return said[1] if said else None
    marked = re.search(COMMIT, binary.path.read_bytes())
    return marked[1].decode() if marked else None


def _elf(target: Target, content: bytes) -> str | None:
    if len(content) < 64 or content[:6] != b"\x7fELF\x02\x01":
        return "it is not ELF of 64 bits, little-endian"
    kind, processor = struct.unpack_from("<HH", content, 16)
    if kind not in (2, 3):
        return "it is an ELF file that cannot be started"
    if processor != ELF[target.node_cpu]:
        return f"it is for the processor {processor} of ELF, not {ELF[target.node_cpu]}"
    (start,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    if start + size * count > len(content):
        return "it is cut off"
    kinds = [struct.unpack_from("<I", content, start + size * index)[0] for index in range(count)]
    if target.triple.endswith("-musl") and PT_INTERP in kinds:
        return "it is not static, since it needs the shared libraries of a system"
    return None


def _mach_o(target: Target, content: bytes) -> str | None:
    magic, cpu = struct.unpack("<II", content[:8].ljust(8, b"\0"))
    if magic != 0xFEEDFACF:
        return "it is not Mach-O of 64 bits"
    return None if cpu == MACH_O[target.node_cpu] else f"it is for the processor {cpu:#x} of Mach-O"


def _pe(target: Target, content: bytes) -> str | None:
    if len(content) < 64 or content[:2] != b"MZ":
        return "it is not PE"
    (start,) = struct.unpack_from("<I", content, 60)
    if content[start : start + 4] != b"PE\0\0" or len(content) < start + 6:
        return "it is not PE"
    (machine,) = struct.unpack_from("<H", content, start + 4)
    return None if machine == PE[target.node_cpu] else f"it is for the machine {machine:#x} of PE"
