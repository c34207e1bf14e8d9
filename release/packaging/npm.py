"""npm packages: `taskhold`, which people install, and one for each system with the program in it.

npm installs of the optional packages only the one whose `os` and `cpu` are the machine's, so that nothing is downloaded by a
script at installation.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from .failure import Failure
from .pack import Entry
from .project import LICENCES, ROOT, SUMMARY, document, texts
from .publisher import AUTHOR, Publisher
from .targets import Binary

LAUNCHER = ROOT / "release" / "npm" / "launcher.cjs"


def package_name(binary: Binary, publisher: Publisher | None) -> str:
    """Returns the name of the package that holds a binary."""
    scope = f"{publisher.npm_scope}/" if publisher and publisher.npm_scope else ""
    return f"{scope}taskhold-{binary.target.node}"


def _common(name: str, version: str, publisher: Publisher | None) -> dict:
    package = {
        "name": name,
        "version": version,
        "description": SUMMARY,
        "license": "MIT OR Apache-2.0",
        "author": AUTHOR,
    }
    if publisher:
        package["repository"] = {"type": "git", "url": f"git+{publisher.repository}.git"}
    return package


def _pack(package: dict, files: list[Entry], work: Path, out: Path) -> Path:
    """Lays out one package in `work` and has npm pack it."""
    folder = work / package["name"].replace("/", "-")
    for file in files:
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        # What npm finds executable stays so.
        target.chmod(0o755 if file.is_program else 0o644)
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
    npm = shutil.which("npm")
    if not npm:
        raise Failure("npm is not installed; it comes with Node")
    command = [npm, "pack", "--json", "--ignore-scripts", "--pack-destination", str(out.resolve())]
    ended = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    if ended.returncode != 0:
        raise Failure(f"npm could not pack {package['name']}: {ended.stderr.strip()}")
    return out / json.loads(ended.stdout)[0]["filename"]


def write(
    binaries: list[Binary],
    version: str,
    publisher: Publisher | None,
    licences: list[Entry],
    work: Path,
    out: Path,
) -> list[Path]:
    """Writes one package for each binary and the one that people install, which comes last."""
    written = []
    packages: dict[str, str] = {}
    for binary in binaries:
        name = package_name(binary, publisher)
        packages[binary.target.node] = name
        package = _common(name, version, publisher) | {
            "os": [binary.target.node_os],
            "cpu": [binary.target.node_cpu],
            "files": ["bin", *(licence.name for licence in licences)],
            "preferUnplugged": True,
        }
        program = Entry(f"bin/{binary.target.program}", binary.path.read_bytes(), is_program=True)
        files = [program, *licences]
        written.append(_pack(package, files, work, out))
    package = _common("taskhold", version, publisher)
    package |= {"keywords": ["mcp", "tasks", "todo", "sqlite"], "bin": {"taskhold": "bin/taskhold.cjs"}}
    package |= {"files": ["bin", *LICENCES], "engines": {"node": ">=18"}}
    if publisher:
        package["mcpName"] = publisher.mcp_name
    package["optionalDependencies"] = dict.fromkeys(packages.values(), version)
    # What the launcher looks in for this machine's program.
    package["taskhold"] = {"packages": packages}
    launcher = Entry("bin/taskhold.cjs", LAUNCHER.read_bytes(), is_program=True)
    readme = Entry("README.md", document("README.md", publisher, version).encode())
    files = [launcher, *texts(*LICENCES), readme]
    written.append(_pack(package, files, work, out))
    return written
