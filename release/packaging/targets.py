"""The systems that taskhold is released for, and what each package manager calls them."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from .failure import Failure


@dataclass(frozen=True)
class Target:
    """One system and processor."""

    # As rustc names it.
    triple: str
    # As Node does: `process.platform` and `process.arch`.
    node_os: str
    node_cpu: str
    # The platform tags of the wheel; None where the binary itself says which C library it needs.
    wheel: str | None

    @property
    def program(self) -> str:
        """The name of the program's file."""
        return "taskhold.exe" if self.node_os == "win32" else "taskhold"

    @property
    def is_windows(self) -> bool:
        """Whether the target is Windows, whose archives are zips."""
        return self.node_os == "win32"

    @property
    def node(self) -> str:
        """Both of Node's names in one: the same for a static Linux binary and one for glibc."""
        return f"{self.node_os}-{self.node_cpu}"


# A static binary runs on each Linux, whichever C library it has, so that its wheel carries the tags of both.
STATIC_X64 = "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"
STATIC_ARM64 = "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"

# What a release consists of.
RELEASED = (
    Target("x86_64-unknown-linux-musl", "linux", "x64", STATIC_X64),
    Target("aarch64-unknown-linux-musl", "linux", "arm64", STATIC_ARM64),
    Target("x86_64-apple-darwin", "darwin", "x64", "macosx_11_0_x86_64"),
    Target("aarch64-apple-darwin", "darwin", "arm64", "macosx_11_0_arm64"),
    Target("x86_64-pc-windows-msvc", "win32", "x64", "win_amd64"),
    Target("aarch64-pc-windows-msvc", "win32", "arm64", "win_arm64"),
)
# What a trial may use in the place of the release's, where that is not to be had.
STAND_INS = (
    Target("x86_64-unknown-linux-gnu", "linux", "x64", None),
    Target("aarch64-unknown-linux-gnu", "linux", "arm64", None),
    Target("x86_64-pc-windows-gnu", "win32", "x64", "win_amd64"),
)


@dataclass(frozen=True)
class Binary:
    """The program, built for one target."""

    target: Target
    path: Path


def find(folder: Path) -> list[Binary]:
    """Returns the binaries in `folder`, which has one folder for each target, named by its triple.

    Raises Failure if there is none, or if a folder has the name of a target and no program.
    """
    found = []
    for target in RELEASED + STAND_INS:
        inner = folder / target.triple
        if not inner.is_dir():
            continue
        path = inner / target.program
        if not path.is_file():
            raise Failure(f"{inner} has no {target.program}; put the program there")
        found.append(Binary(target, path))
    if not found:
        names = ", ".join(target.triple for target in RELEASED)
        raise Failure(f"{folder} has no binary; make folders with these names, each with the program in it: {names}")
    return found


def one_a_system(binaries: list[Binary]) -> list[Binary]:
    """Returns one binary for each system and processor: the release's own before a stand-in."""
    chosen: dict[str, Binary] = {}
    for binary in binaries:
        chosen.setdefault(binary.target.node, binary)
    return list(chosen.values())


def runs_here(target: Target) -> bool:
    """Reports whether this machine is of the target's system and processor."""
    system = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}.get(platform.system())
    cpu = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    return (target.node_os, target.node_cpu) == (system, cpu)


def native(binaries: list[Binary]) -> Binary:
    """Returns the binary that runs on this machine.

    Raises Failure if there is none: the manual page, the completions and the list of tools come from running it.
    """
    for binary in binaries:
        if runs_here(binary.target):
            return binary
    raise Failure(
        f"none of the binaries runs here ({platform.system()} on {platform.machine()}); add one that does, since the "
        "manual page, the completions and the list of tools come from running it"
    )


def wheel_tags(binary: Binary) -> str:
    """Returns the platform tags of the wheel. A binary for glibc gets those of the newest symbol that it needs."""
    if binary.target.wheel:
        return binary.target.wheel
    needed = re.findall(rb"GLIBC_2\.(\d+)", binary.path.read_bytes())
    if not needed:
        raise Failure(f"{binary.path} names no version of glibc; is it a static binary? Its folder is then another")
    cpu = "x86_64" if binary.target.node_cpu == "x64" else "aarch64"
    return f"manylinux_2_{max(map(int, needed))}_{cpu}"
