"""Whether a program is for the target in whose folder it lies, by its head: ELF, Mach-O or PE."""

from __future__ import annotations

import struct
from pathlib import Path

from .failure import Failure
from .targets import Target

# The processor as each format numbers it.
ELF = {"x64": 62, "arm64": 183}
MACH_O = {"x64": 0x01000007, "arm64": 0x0100000C}
PE = {"x64": 0x8664, "arm64": 0xAA64}
# The program that loads the shared libraries of another (ELF, "Program Header"); a static one has none.
PT_INTERP = 3


def must_fit(target: Target, content: bytes, path: Path | str) -> None:
    """Raises Failure if `content` is no program for the target, or one for musl that is not static. `path` is for the message."""
    fault = {"linux": _elf, "darwin": _mach_o, "win32": _pe}[target.node_os](target, content)
    if fault:
        raise Failure(f"{path} is no program for {target.triple}: {fault}; put the right one there")


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
