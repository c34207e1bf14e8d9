"""The names that only the publisher knows: `release/publisher.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .failure import Failure

AUTHOR = "The taskhold developers"


@dataclass(frozen=True)
class Publisher:
    """Who publishes, and where."""

    # The account or organisation that the repository belongs to.
    owner: str
    # The address of the repository, without a slash at the end.
    repository: str
    # The publisher's part of the winget identifier.
    winget: str
    # The name in the MCP registry, of which the part before the slash must belong to the publisher.
    mcp_name: str
    # The npm scope of the packages that hold the binaries, with its `@`; empty for none.
    npm_scope: str

    @property
    def forge(self) -> str:
        """What the MCP registry calls the place of the repository: github, gitlab."""
        return self.repository.removeprefix("https://").split("/")[0].split(".")[-2:][0]

    def download(self, version: str, file: str) -> str:
        """Returns the address of a file of the release."""
        return f"{self.repository}/releases/download/v{version}/{file}"


# Each field with the pattern that its value must match, and an example for the message.
FIELDS = {
    "owner": (r"[A-Za-z0-9][A-Za-z0-9-]*", "example-owner"),
    "repository": (r"https://[^\s/]+/\S*[^\s/]", "https://github.com/example-owner/taskhold"),
    "winget": (r"[A-Za-z0-9][A-Za-z0-9-]*", "ExampleOwner"),
    "mcp_name": (r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", "io.github.example-owner/taskhold"),
    "npm_scope": (r"(@[a-z0-9][a-z0-9._-]*)?", "@example-owner, or empty"),
}


def read(path: Path) -> Publisher | None:
    """Returns what the file says, or None if there is no such file.

    Raises Failure, which names the field, if one is missing, unknown or of another form.
    """
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"{path} is not TOML: {error}") from error
    for name in fields:
        if name not in FIELDS:
            raise Failure(f"{path}: {name} is no field; there are: {', '.join(FIELDS)}")
    for name, (pattern, example) in FIELDS.items():
        value = fields.get(name)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise Failure(f"{path}: {name} is {value!r}; it must be like: {example}")
    return Publisher(**fields)
