"""Writes archives whose bytes depend on what is in them alone: names in order, one date, one owner."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

# The date of each file, as the tools for reproducible builds give it.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))
# The same in a zip, which can hold none before 1980.
ZIP_EPOCH = max(EPOCH, 315532800)


@dataclass(frozen=True)
class Entry:
    """A file of an archive."""

    # Its path there, with slashes.
    name: str
    content: bytes
    # Whether it is a program.
    is_program: bool = False


def _tar(entries: list[Entry]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for entry in sorted(entries, key=lambda entry: entry.name):
            head = tarfile.TarInfo(entry.name)
            head.size = len(entry.content)
            head.mtime = EPOCH
            head.mode = 0o755 if entry.is_program else 0o644
            tar.addfile(head, io.BytesIO(entry.content))
    return packed.getvalue()


def tar_xz(path: Path, entries: list[Entry], *, is_x86: bool) -> None:
    """Writes a tar, compressed with xz. `is_x86`: the programs in it are for x86, which xz has a filter for."""
    filters = [{"id": lzma.FILTER_X86}] if is_x86 else []
    filters.append({"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME})
    path.write_bytes(lzma.compress(_tar(entries), format=lzma.FORMAT_XZ, filters=filters))


def tar_gz(path: Path, entries: list[Entry]) -> None:
    """Writes a tar, compressed with gzip."""
    path.write_bytes(gzip.compress(_tar(entries), 9, mtime=0))


def zipped(path: Path, entries: list[Entry]) -> None:
    """Writes a zip. The entries keep their order, since a wheel's record comes last."""
    date = time.gmtime(ZIP_EPOCH)[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in entries:
            head = zipfile.ZipInfo(entry.name, date)
            head.create_system = 3  # Unix, so that the mode counts
            head.external_attr = (0o100755 if entry.is_program else 0o100644) << 16
            head.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(head, entry.content, compresslevel=9)


def sha256(path: Path) -> str:
    """Returns the checksum of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
