//! Where each host's configuration is, for every system. Pure, so that all of them are tested on one.

use std::{collections::BTreeMap, path::PathBuf};

use super::Host;

/// An operating system, as far as paths go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Os {
    /// Linux, and other systems that follow the XDG directories.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// What the places depend on.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The system.
    pub os: Os,
    /// The person's home folder.
    pub home: PathBuf,
    /// Where programs keep their settings: `~/.config`, `~/Library/Application Support`, `%APPDATA%`.
    pub config: PathBuf,
    /// Windows: the folders of packaged apps, below `%LOCALAPPDATA%\Packages`. Empty elsewhere.
    pub packages: Vec<PathBuf>,
    /// The environment variables in [`Machine::VARIABLES`] that hold an absolute path.
    pub variables: BTreeMap<&'static str, PathBuf>,
}

/// A file a host may read its servers from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub file: PathBuf,
    /// A file or folder that is there when the host has run on this machine.
    pub sign: PathBuf,
    /// The host runs in a sandbox with a data folder of its own, so that its server must be told the database.
    pub is_sandboxed: bool,
}

impl Machine {
    /// The variables by which hosts move their configuration.
    pub const VARIABLES: [&'static str; 4] = [
        "CLAUDE_CONFIG_DIR",
        "CODEX_HOME",
        "GEMINI_CLI_HOME",
        "GOOSE_PATH_ROOT",
    ];

    /// Describes this machine; `None` if the person has no home folder.
    pub fn here() -> Option<Self> {
        let folders = directories::BaseDirs::new()?;
        let os = if cfg!(windows) {
            Os::Windows
        } else if cfg!(target_os = "macos") {
            Os::MacOs
        } else {
            Os::Linux
        };
        let packages = if os == Os::Windows {
            subfolders(folders.data_local_dir().join("Packages"))
        } else {
            Vec::new()
        };
        let absolute = |name: &'static str| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some((name, path))
        };
        Some(Self {
            os,
            home: folders.home_dir().to_owned(),
            config: folders.config_dir().to_owned(),
            packages,
            variables: Self::VARIABLES.into_iter().filter_map(absolute).collect(),
        })
    }

    /// Returns the places of `host`, the usual one first.
    pub fn places(&self, host: Host) -> Vec<Location> {
        match host {
            Host::ClaudeDesktop => self.claude_desktop(),
            Host::ClaudeCode => vec![self.claude_code()],
            Host::Codex => {
                let folder = self.variable("CODEX_HOME");
                let folder = folder.unwrap_or_else(|| self.home.join(".codex"));
                vec![Location::in_folder(folder, "config.toml")]
            }
            Host::VsCode => self.vs_code(),
            Host::Cursor => vec![Location::in_folder(self.home.join(".cursor"), "mcp.json")],
            Host::Gemini => {
                let home = self.variable("GEMINI_CLI_HOME");
                let home = home.unwrap_or_else(|| self.home.clone());
                vec![Location::in_folder(home.join(".gemini"), "settings.json")]
            }
            Host::Zed => self.zed(),
            Host::Goose => vec![self.goose()],
        }
    }

    /// Returns the places of `host` to edit: those in use, else the usual one.
    pub fn places_in_use(&self, host: Host) -> Vec<Location> {
        let (mut used, mut unused): (Vec<_>, Vec<_>) =
            self.places(host).into_iter().partition(Location::is_used);
        if used.is_empty() {
            unused.truncate(1);
            used = unused;
        }
        used
    }

    fn variable(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).cloned()
    }

    /// From the Windows store, the app is shown a copy of `%APPDATA%` inside its package, over what is in the real one: both
    /// files are written then, be there a folder of the classic app or not.
    fn claude_desktop(&self) -> Vec<Location> {
        const FILE: &str = "claude_desktop_config.json";
        let packaged: Vec<&PathBuf> = self
            .packages
            .iter()
            .filter(|package| {
                let name = package.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with("Claude_"))
            })
            .collect();
        let usual = Location::in_folder(self.config.join("Claude"), FILE);
        let sign = packaged.first().copied().unwrap_or(&usual.sign).clone();
        let mut places = vec![Location { sign, ..usual }];
        places.extend(packaged.into_iter().map(|package| Location {
            sign: package.clone(),
            ..Location::in_folder(
                package.join("LocalCache").join("Roaming").join("Claude"),
                FILE,
            )
        }));
        places
    }

    fn claude_code(&self) -> Location {
        match self.variable("CLAUDE_CONFIG_DIR") {
            Some(folder) => Location::in_folder(folder, ".claude.json"),
            None => Location {
                sign: self.home.join(".claude"),
                ..Location::in_folder(self.home.clone(), ".claude.json")
            },
        }
    }

    fn vs_code(&self) -> Vec<Location> {
        let place = |config: PathBuf, product: &str| Location {
            sign: config.join(product),
            ..Location::in_folder(config.join(product).join("User"), "mcp.json")
        };
        let mut places: Vec<Location> = ["Code", "Code - Insiders", "VSCodium"]
            .map(|product| place(self.config.clone(), product))
            .into();
        for (app, product) in [
            ("com.visualstudio.code", "Code"),
            ("com.vscodium.codium", "VSCodium"),
        ] {
            places.extend(
                self.flatpak(app)
                    .map(|config| place(config, product).sandboxed()),
            );
        }
        places
    }

    fn zed(&self) -> Vec<Location> {
        const FILE: &str = "settings.json";
        let folder = match self.os {
            Os::Windows => self.config.join("Zed"),
            Os::Linux => self.config.join("zed"),
            Os::MacOs => self.home.join(".config").join("zed"),
        };
        let mut places = vec![Location::in_folder(folder, FILE)];
        places.extend(
            self.flatpak("dev.zed.Zed")
                .map(|config| Location::in_folder(config.join("zed"), FILE).sandboxed()),
        );
        places
    }

    fn goose(&self) -> Location {
        const FILE: &str = "config.yaml";
        if let Some(root) = self.variable("GOOSE_PATH_ROOT") {
            return Location::in_folder(root.join("config"), FILE);
        }
        let folder = match self.os {
            Os::Windows => self.config.join("Block").join("goose").join("config"),
            Os::Linux => self.config.join("goose"),
            Os::MacOs => self.home.join(".config").join("goose"),
        };
        Location::in_folder(folder, FILE)
    }

    /// Returns the settings folder that a Flatpak app is shown.
    fn flatpak(&self, app: &str) -> Option<PathBuf> {
        let folder = || self.home.join(".var").join("app").join(app).join("config");
        (self.os == Os::Linux).then(folder)
    }
}

impl Location {
    fn in_folder(folder: PathBuf, file: &str) -> Self {
        Self {
            file: folder.join(file),
            sign: folder,
            is_sandboxed: false,
        }
    }

    fn sandboxed(self) -> Self {
        Self {
            is_sandboxed: true,
            ..self
        }
    }

    /// Reports whether the host has left traces here.
    pub fn is_used(&self) -> bool {
        self.sign.exists() || self.file.exists()
    }
}

fn subfolders(folder: PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(os: Os) -> Machine {
        let home = PathBuf::from("/home/ada");
        let config = match os {
            Os::Linux => home.join(".config"),
            Os::MacOs => home.join("Library/Application Support"),
            Os::Windows => home.join("AppData/Roaming"),
        };
        Machine {
            os,
            home,
            config,
            packages: Vec::new(),
            variables: BTreeMap::new(),
        }
    }

    fn files(machine: &Machine, host: Host) -> Vec<String> {
        let places = machine.places(host).into_iter();
        places
            .map(|place| {
                let file = place.file.strip_prefix("/home/ada").unwrap();
                let parts: Vec<_> = file.iter().map(|part| part.to_str().unwrap()).collect();
                parts.join("/")
            })
            .collect()
    }

    #[test]
    fn every_host_has_its_place_on_every_system() {
        use Host::*;
        use Os::*;
        let cases = [
            (
                Linux,
                ClaudeDesktop,
                ".config/Claude/claude_desktop_config.json",
            ),
            (
                MacOs,
                ClaudeDesktop,
                "Library/Application Support/Claude/claude_desktop_config.json",
            ),
            (
                Windows,
                ClaudeDesktop,
                "AppData/Roaming/Claude/claude_desktop_config.json",
            ),
            (Linux, ClaudeCode, ".claude.json"),
            (MacOs, ClaudeCode, ".claude.json"),
            (Windows, ClaudeCode, ".claude.json"),
            (Linux, Codex, ".codex/config.toml"),
            (MacOs, Codex, ".codex/config.toml"),
            (Windows, Codex, ".codex/config.toml"),
            (Linux, VsCode, ".config/Code/User/mcp.json"),
            (
                MacOs,
                VsCode,
                "Library/Application Support/Code/User/mcp.json",
            ),
            (Windows, VsCode, "AppData/Roaming/Code/User/mcp.json"),
            (Linux, Cursor, ".cursor/mcp.json"),
            (MacOs, Cursor, ".cursor/mcp.json"),
            (Windows, Cursor, ".cursor/mcp.json"),
            (Linux, Gemini, ".gemini/settings.json"),
            (MacOs, Gemini, ".gemini/settings.json"),
            (Windows, Gemini, ".gemini/settings.json"),
            (Linux, Zed, ".config/zed/settings.json"),
            (MacOs, Zed, ".config/zed/settings.json"),
            (Windows, Zed, "AppData/Roaming/Zed/settings.json"),
            (Linux, Goose, ".config/goose/config.yaml"),
            (MacOs, Goose, ".config/goose/config.yaml"),
            (
                Windows,
                Goose,
                "AppData/Roaming/Block/goose/config/config.yaml",
            ),
        ];
        for (os, host, file) in cases {
            assert_eq!(files(&machine(os), host)[0], file, "{os:?} {host}");
        }
    }

    #[test]
    fn claude_from_the_windows_store_has_a_file_of_its_own() {
        let mut machine = machine(Os::Windows);
        let packages = machine.home.join("AppData/Local/Packages");
        machine.packages = ["Claude_pzs8sxrjxfjjc", "Other_abc"]
            .map(|package| packages.join(package))
            .into();
        assert_eq!(
            files(&machine, Host::ClaudeDesktop),
            [
                "AppData/Roaming/Claude/claude_desktop_config.json",
                "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/claude_desktop_config.json",
            ]
        );
        // Where the package is, both are written.
        for place in machine.places(Host::ClaudeDesktop) {
            assert_eq!(place.sign, machine.packages[0]);
        }
    }

    #[test]
    fn a_sandboxed_editor_has_a_place_of_its_own() {
        let places = machine(Os::Linux).places(Host::Zed);
        let sandboxed: Vec<bool> = places.iter().map(|place| place.is_sandboxed).collect();
        assert_eq!(sandboxed, [false, true]);
        assert_eq!(
            files(&machine(Os::Linux), Host::VsCode),
            [
                ".config/Code/User/mcp.json",
                ".config/Code - Insiders/User/mcp.json",
                ".config/VSCodium/User/mcp.json",
                ".var/app/com.visualstudio.code/config/Code/User/mcp.json",
                ".var/app/com.vscodium.codium/config/VSCodium/User/mcp.json",
            ]
        );
        assert_eq!(machine(Os::MacOs).places(Host::Zed).len(), 1);
    }

    #[test]
    fn a_hosts_own_variable_moves_its_place() {
        let mut machine = machine(Os::Linux);
        for name in Machine::VARIABLES {
            machine
                .variables
                .insert(name, PathBuf::from("/home/ada/moved"));
        }
        let cases = [
            (Host::ClaudeCode, "moved/.claude.json"),
            (Host::Codex, "moved/config.toml"),
            (Host::Gemini, "moved/.gemini/settings.json"),
            (Host::Goose, "moved/config/config.yaml"),
        ];
        for (host, file) in cases {
            assert_eq!(files(&machine, host), [file], "{host}");
        }
    }
}
