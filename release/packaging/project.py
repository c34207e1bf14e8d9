"""What the release says of the program: texts and licences of this repository, pages and names by the program itself."""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .failure import Failure
from .pack import Entry
from .program import Server, run
from .publisher import Publisher
from .targets import Binary

ROOT = Path(__file__).resolve().parents[2]
LICENCES = ("LICENSE-APACHE", "LICENSE-MIT")
SUMMARY = "Your tasks in one place, for every AI app and every shell on your machine"
LONG = (
    "taskhold keeps your tasks in one SQLite file on your machine: due dates, repeats, projects, tags, subtasks, comments, "
    "search, history and undo. Every AI app and every shell share them. taskhold sends nothing anywhere but to the storage that "
    "you give to taskhold share, where it is encrypted."
)
# Where a document has a name that only the publisher knows.
OPEN_NAME = r"\bOWNER\b|(?<=scoop bucket add taskhold )URL\b"
# What each shell calls the file that completes our commands.
COMPLETIONS = {
    "bash": "taskhold.bash",
    "zsh": "_taskhold",
    "fish": "taskhold.fish",
    "powershell": "_taskhold.ps1",
    "elvish": "taskhold.elv",
}


def cargo_version() -> str:
    """Returns the version in Cargo.toml."""
    return tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["package"]["version"]


def python_version(version: str) -> str:
    """Returns a version as Python writes it (PEP 440): 1.0.0-rc.1 is 1.0.0rc1 there.

    Raises Failure for a pre-release that Python has no name for.
    """
    found = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?", version)
    if not found:
        raise Failure(f"{version} is no version that can be released; it is like 1.2.3, or 1.2.3-rc.1 (alpha, beta or rc)")
    number, kind, count = found.groups()
    return number + ({"alpha": "a", "beta": "b", "rc": "rc"}[kind] + str(int(count)) if kind else "")


@dataclass(frozen=True)
class Surface:
    """What an app sees of the server."""

    tools: list[dict]
    prompts: list[dict]


def texts(*names: str) -> list[Entry]:
    """Returns files of this repository as they are."""
    return [Entry(name, (ROOT / name).read_bytes()) for name in names]


def documents(publisher: Publisher | None, version: str) -> list[Entry]:
    """Returns the documents with their pictures, of which each link leads to one of them, to an address or nowhere."""
    names = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
    names += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*") if path.is_file())
    return [
        Entry(name, document(name, publisher, version, names).encode() if name.endswith(".md") else (ROOT / name).read_bytes())
        for name in names
    ]


def document(name: str, publisher: Publisher | None, version: str, beside: Collection[str] = ()) -> str:
    """Returns a document of this repository for people who have no more of it than the files `beside`."""
    return linked(name, filled((ROOT / name).read_text(encoding="utf-8"), publisher), publisher, version, beside)


def filled(text: str, publisher: Publisher | None) -> str:
    """Returns `text` with the publisher's names in the places of OWNER and URL. Without a publisher it stays as it is."""
    if not publisher:
        return text
    bucket = f"{publisher.repository.rsplit('/', 1)[0]}/scoop-bucket"
    return re.sub(OPEN_NAME, lambda found: publisher.owner if found[0] == "OWNER" else bucket, text)


def linked(name: str, text: str, publisher: Publisher | None, version: str, beside: Collection[str] = ()) -> str:
    """Returns the Markdown of the document `name` without links that lead nowhere.

    Links to the files `beside` it stay. Others to files of this repository, and pictures, lead to the publisher's; without a
    publisher their words stay.
    """

    def followed(found: re.Match[str]) -> str:
        picture, words, target, heading = found.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        if path in beside:
            return found[0]
        if not publisher:
            return words
        kind = "raw" if picture else "blob"
        return f"{picture}[{words}]({publisher.repository}/{kind}/v{version}/{path}{heading or ''})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)", followed, text)


def licences() -> list[Entry]:
    """Returns the licences that go with every binary: ours, and those of the crates in it."""
    return [*texts(*LICENCES), third_party()]


def pages(native: Binary, version: str) -> list[Entry]:
    """Returns the manual pages and the completions, as the program prints them.

    Raises Failure if the program is of another version than `version`.
    """
    with tempfile.TemporaryDirectory() as home:
        program = native.path.resolve()
        said = run([program, "--version"], Path(home)).split()
        if said[:2] != ["taskhold", version]:
            raise Failure(f"{native.path} is version {' '.join(said[1:2])}, not {version}; build it again")
        folder = Path(home, "man")
        folder.mkdir()
        run([program, "man", "--dir", folder], Path(home))
        found = [Entry(f"man/{page.name}", page.read_bytes()) for page in sorted(folder.iterdir())]
        for shell, name in COMPLETIONS.items():
            script = run([program, "completions", shell], Path(home))
            found.append(Entry(f"completions/{name}", script.encode()))
        return found


def for_models(tools: list[dict]) -> list[dict]:
    """Returns the tools that a model is offered, without those that only the server's own pages call (MCP Apps)."""
    everybody = ["model", "app"]
    return [tool for tool in tools if "model" in tool.get("_meta", {}).get("ui", {}).get("visibility", everybody)]


def surface(native: Binary) -> Surface:
    """Returns the tools and prompts that the server itself lists for an app that shows pages."""
    with tempfile.TemporaryDirectory() as home:
        server = Server([native.path.resolve(), "mcp"], Path(home))
        listed = Surface(for_models(server.call("tools/list")["tools"]), server.call("prompts/list")["prompts"])
        server.close()
        return listed


def third_party() -> Entry:
    """Returns the licences of the crates that are linked into the program, as their authors wrote them.

    Reads the sources that cargo has fetched and compiles nothing. Raises Failure without cargo, or if a crate has neither a
    licence file nor the name of a licence.
    """
    if not shutil.which("cargo"):
        raise Failure("cargo is not installed; the licences of the crates are read from what it has fetched")
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    if ended.returncode != 0:
        raise Failure(f"`{' '.join(command)}` failed: {ended.stderr.strip()}")
    metadata = json.loads(ended.stdout)
    linked = _linked(metadata)
    users: dict[str, list[str]] = {}
    for package in sorted(metadata["packages"], key=lambda package: (package["name"], package["version"])):
        if package["id"] not in linked or package["source"] is None:
            continue
        name = f"{package['name']} {package['version']} ({package['license'] or 'see its text'})"
        folder = Path(package["manifest_path"]).parent
        starts = ("license", "licence", "copying", "notice", "unlicense")
        found = [file for file in sorted(folder.iterdir()) if file.is_file() and file.name.lower().startswith(starts)]
        if not found and not package["license"]:
            raise Failure(f"{name} has no licence; look for it in {folder}")
        words = [file.read_text(encoding="utf-8", errors="replace").strip() for file in found]
        for text in words or _standard(package):
            users.setdefault(text, []).append(name)
    parts = ["taskhold is built from these crates, each under its own licence."]
    parts += [f"{'=' * 80}\n" + "\n".join(names) + f"\n{'=' * 80}\n\n{text}" for text, names in users.items()]
    return Entry("THIRD-PARTY-LICENCES.txt", ("\n\n".join(parts) + "\n").encode())


def _standard(package: dict) -> list[str]:
    """Returns the texts of the licence of a crate whose package has none. Raises Failure for one that is not known here."""
    texts = []
    # `A/B` is an old way to write `A OR B`, of which one will do.
    for part in re.split(r"\s+AND\s+", package["license"]):
        choices = re.split(r"\s+OR\s+|/", part.strip("() "))
        known = next((choice for choice in ("MIT", "Unicode-DFS-2016") if choice in choices), None)
        if not known:
            raise Failure(f"{package['name']} has no licence text, and {part} is not kept in release/licences; add it there")
        authors = ", ".join(author.split(" <")[0] for author in package["authors"])
        authors = authors or f"the authors of {package['name']}, {package['repository']}"
        text = (ROOT / "release" / "licences" / f"{known}.txt").read_text(encoding="utf-8").strip()
        texts.append(text.replace("<HOLDERS>", authors))
    return texts


def _linked(metadata: dict) -> set[str]:
    """Returns the ids of the packages that the program depends on, without those that only tests and builds use."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found: set[str] = set()
    waiting = [metadata["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return found
