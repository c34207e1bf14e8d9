"""Wheels for the Python registry: the program as a script, so that `uvx taskhold` and `pip install taskhold` run it.

maturin would compile; a wheel around a given binary is a zip with three text files
(https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from .pack import Entry, zipped
from .project import SUMMARY, document, python_version
from .publisher import AUTHOR, Publisher
from .targets import Binary, wheel_tags


def _metadata(version: str, publisher: Publisher | None, licences: list[Entry]) -> str:
    fields = [
        "Metadata-Version: 2.4",
        "Name: taskhold",
        f"Version: {python_version(version)}",
        f"Summary: {SUMMARY}",
        f"Author: {AUTHOR}",
        "License-Expression: MIT OR Apache-2.0",
        *(f"License-File: {licence.name}" for licence in licences),
        "Keywords: mcp,tasks,todo,sqlite",
        "Classifier: Environment :: Console",
        "Classifier: Programming Language :: Rust",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    # The registry shows the text on a page of its own, from which no relative link leads to us.
    text = document("README.md", publisher, version)
    if publisher:
        fields.append(f"Project-URL: Repository, {publisher.repository}")
        # The MCP registry asks for this line, as the proof that both belong to one publisher.
        text += f"\nmcp-name: {publisher.mcp_name}\n"
    return "\n".join(fields) + "\n\n" + text


def write(binary: Binary, version: str, publisher: Publisher | None, licences: list[Entry], out: Path) -> Path:
    """Writes the wheel of one binary."""
    tags = wheel_tags(binary)
    name = f"taskhold-{python_version(version)}"
    info = f"{name}.dist-info"
    head = ["Wheel-Version: 1.0", "Generator: release/build", "Root-Is-Purelib: false"]
    head += [f"Tag: py3-none-{tag}" for tag in tags.split(".")]
    entries = [
        Entry(f"{name}.data/scripts/{binary.target.program}", binary.path.read_bytes(), is_program=True),
        Entry(f"{info}/METADATA", _metadata(version, publisher, licences).encode()),
        Entry(f"{info}/WHEEL", ("\n".join(head) + "\n").encode()),
        *(Entry(f"{info}/licenses/{licence.name}", licence.content) for licence in licences),
    ]
    record = [f"{entry.name},sha256={_hash(entry.content)},{len(entry.content)}" for entry in entries]
    record.append(f"{info}/RECORD,,")
    entries.append(Entry(f"{info}/RECORD", ("\n".join(record) + "\n").encode()))
    path = out / f"{name}-py3-none-{tags}.whl"
    zipped(path, entries)
    return path


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
