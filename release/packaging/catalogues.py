"""Files for catalogues that download our archives: Homebrew, Scoop, winget and the MCP registry. They need a publisher."""

from __future__ import annotations

import json
from pathlib import Path

from . import archives
from .pack import sha256
from .project import COMPLETIONS, LONG, SUMMARY, python_version
from .publisher import AUTHOR, Publisher
from .targets import Binary

WINGET_SCHEMA = "1.10.0"
MCP_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


class Release:
    """The archives of a release, with their addresses and checksums."""

    def __init__(self, version: str, publisher: Publisher, binaries: list[Binary], out: Path) -> None:
        self.version = version
        self.publisher = publisher
        self.binaries = {binary.target.node: binary for binary in binaries}
        self.out = out

    def address(self, system: str) -> str:
        """Returns the address of the archive for a system."""
        return self.publisher.download(self.version, archives.name(self.binaries[system], self.version))

    def checksum(self, system: str) -> str:
        """Returns the SHA-256 of that archive, in hexadecimal."""
        return sha256(self.out / archives.name(self.binaries[system], self.version))

    def folder(self, system: str) -> str:
        """Returns the folder in that archive."""
        return f"taskhold-{self.version}-{self.binaries[system].target.triple}"


def homebrew(release: Release) -> str:
    """Returns the formula for a tap."""
    lines = [
        "class Taskhold < Formula",
        f'  desc "{SUMMARY}"',
        f'  homepage "{release.publisher.repository}"',
        f'  version "{release.version}"',
        '  license any_of: ["MIT", "Apache-2.0"]',
        "",
    ]
    for block, system in (("on_macos", "darwin"), ("on_linux", "linux")):
        inner = []
        for processor, cpu in (("on_arm", "arm64"), ("on_intel", "x64")):
            if f"{system}-{cpu}" in release.binaries:
                inner += [
                    f"    {processor} do",
                    f'      url "{release.address(f"{system}-{cpu}")}"',
                    f'      sha256 "{release.checksum(f"{system}-{cpu}")}"',
                    "    end",
                ]
        if inner:
            lines += [f"  {block} do", *inner, "  end", ""]
    lines += [
        "  def install",
        '    bin.install "taskhold"',
        '    man1.install Dir["man/*.1"]',
        f'    bash_completion.install "completions/{COMPLETIONS["bash"]}" => "taskhold"',
        f'    zsh_completion.install "completions/{COMPLETIONS["zsh"]}"',
        f'    fish_completion.install "completions/{COMPLETIONS["fish"]}"',
        "  end",
        "",
        "  def caveats",
        '    "To add taskhold to your AI apps: taskhold install"',
        "  end",
        "",
        "  test do",
        '    ENV["TASKHOLD_DB"] = (testpath/"tasks.db").to_s',
        '    assert_match "Added 1 brew", shell_output("#{bin}/taskhold add brew")',
        "  end",
        "end",
    ]
    return "\n".join(lines) + "\n"


def scoop(release: Release) -> dict:
    """Returns the manifest for a Scoop bucket."""
    architectures = {}
    updates = {}
    for name, system in (("64bit", "win32-x64"), ("arm64", "win32-arm64")):
        if system in release.binaries:
            architectures[name] = {
                "url": release.address(system),
                "hash": release.checksum(system),
                "extract_dir": release.folder(system),
            }
            updates[name] = {
                "url": release.address(system).replace(release.version, "$version"),
                "extract_dir": release.folder(system).replace(release.version, "$version"),
            }
    return {
        "version": release.version,
        "description": SUMMARY,
        "homepage": release.publisher.repository,
        "license": "MIT|Apache-2.0",
        "architecture": architectures,
        "bin": "taskhold.exe",
        "notes": "To add taskhold to your AI apps: taskhold install",
        "checkver": {"github": release.publisher.repository},
        "autoupdate": {"architecture": updates, "hash": {"url": "$baseurl/SHA256SUMS"}},
    }


def winget(release: Release) -> dict[str, str]:
    """Returns winget's three manifests, by file name."""
    identifier = f"{release.publisher.winget}.taskhold"
    head = f"PackageIdentifier: {identifier}\nPackageVersion: {release.version}\n"

    def document(kind: str, body: str) -> str:
        return f"{head}{body}ManifestType: {kind}\nManifestVersion: {WINGET_SCHEMA}\n"

    installers = ""
    for name, system in (("x64", "win32-x64"), ("arm64", "win32-arm64")):
        if system in release.binaries:
            installers += (
                f"- Architecture: {name}\n"
                f"  InstallerUrl: {release.address(system)}\n"
                f"  InstallerSha256: {release.checksum(system).upper()}\n"
                "  NestedInstallerFiles:\n"
                f"  - RelativeFilePath: {release.folder(system)}\\taskhold.exe\n"
                "    PortableCommandAlias: taskhold\n"
            )
    installer = (
        "InstallerType: zip\nNestedInstallerType: portable\nCommands:\n- taskhold\n"
        f"UpgradeBehavior: install\nInstallers:\n{installers}"
    )
    locale = (
        f"PackageLocale: en-US\nPublisher: {AUTHOR}\nPackageName: taskhold\n"
        f"PackageUrl: {release.publisher.repository}\nLicense: MIT OR Apache-2.0\n"
        f"ShortDescription: {SUMMARY}\nDescription: '{LONG}'\nMoniker: taskhold\nTags:\n- mcp\n- tasks\n- todo\n"
    )
    return {
        f"{identifier}.yaml": document("version", "DefaultLocale: en-US\n"),
        f"{identifier}.installer.yaml": document("installer", installer),
        f"{identifier}.locale.en-US.yaml": document("defaultLocale", locale),
    }


def mcp_registry(release: Release, bundle: Path) -> dict:
    """Returns `server.json`: the bundle, the npm package and the wheels, each started with the argument `mcp`."""
    start = {
        "transport": {"type": "stdio"},
        "packageArguments": [{"type": "positional", "value": "mcp", "valueHint": "mcp"}],
    }
    in_python = python_version(release.version)
    packages = [
        {
            "registryType": "mcpb",
            "identifier": release.publisher.download(release.version, bundle.name),
            "fileSha256": sha256(bundle),
            "transport": {"type": "stdio"},
        },
        {"registryType": "npm", "identifier": "taskhold", "version": release.version, "runtimeHint": "npx", **start},
        {"registryType": "pypi", "identifier": "taskhold", "version": in_python, "runtimeHint": "uvx", **start},
    ]
    return {
        "$schema": MCP_SCHEMA,
        "name": release.publisher.mcp_name,
        "title": "Taskhold",
        "description": SUMMARY,
        "version": release.version,
        "repository": {"url": release.publisher.repository, "source": release.publisher.forge},
        "packages": packages,
    }


def write(release: Release, bundle: Path) -> list[Path]:
    """Writes those that have something to download, each catalogue into a folder of its own beside the archives."""
    files = {"mcp-registry/server.json": json.dumps(mcp_registry(release, bundle), indent=2) + "\n"}
    if any(not binary.target.is_windows for binary in release.binaries.values()):
        files["homebrew/taskhold.rb"] = homebrew(release)
    if any(binary.target.is_windows for binary in release.binaries.values()):
        files["scoop/taskhold.json"] = json.dumps(scoop(release), indent=4) + "\n"
        files |= {f"winget/{name}": text for name, text in winget(release).items()}
    written = []
    for name, text in files.items():
        path = release.out / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
