//! Where each host's configuration is, for every system. Pure, so that all of them are tested on one.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::Host;
use crate::home::{Folders, Os};

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
    /// Where LM Studio keeps all it has.
    pub lm_studio: PathBuf,
    /// Where the shell looks for programs.
    pub search: Vec<PathBuf>,
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

/// taskhold as a host has installed it by itself, which the host alone removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Package {
    /// What the host calls it.
    pub kind: &'static str,
    /// What the host keeps of it.
    pub path: PathBuf,
    /// What the person does to remove it.
    pub way_out: &'static str,
}

impl Machine {
    /// The variables by which hosts move their configuration.
    pub const VARIABLES: [&'static str; 6] = [
        "CLAUDE_CONFIG_DIR",
        "CODEX_HOME",
        "GEMINI_CLI_HOME",
        "GOOSE_PATH_ROOT",
        "COPILOT_HOME",
        // On Linux it moves those of others too; on macOS and Windows only opencode asks for it.
        "XDG_CONFIG_HOME",
    ];

    /// Describes this machine; `None` if the person has no home folder.
    pub fn here() -> Option<Self> {
        let folders = Folders::here()?;
        let os = Os::here();
        let packages = match os {
            Os::Windows => contents(folders.data.join("Packages")),
            Os::Linux | Os::MacOs => Vec::new(),
        };
        let absolute = |name: &'static str| {
            let path = PathBuf::from(env::var_os(name)?);
            path.is_absolute().then_some((name, path))
        };
        Some(Self {
            os,
            lm_studio: lm_studio(&folders.home),
            home: folders.home,
            config: folders.settings,
            packages,
            search: env::var_os("PATH")
                .map(|path| env::split_paths(&path).collect())
                .unwrap_or_default(),
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
            Host::OpenCode => self.opencode(),
            Host::Copilot => {
                let folder = self.variable("COPILOT_HOME");
                let folder = folder.unwrap_or_else(|| self.home.join(".copilot"));
                vec![Location::in_folder(folder, "mcp-config.json")]
            }
            Host::LmStudio => vec![Location::in_folder(self.lm_studio.clone(), "mcp.json")],
            Host::Windsurf => self.windsurf(),
        }
    }

    /// Returns the places of `host` to edit: those in use, else the usual one. Of several files in one folder they are those
    /// that are there.
    pub fn places_in_use(&self, host: Host) -> Vec<Location> {
        let (mut used, mut unused): (Vec<_>, Vec<_>) =
            self.places(host).into_iter().partition(Location::is_used);
        if used.is_empty() {
            unused.truncate(1);
            used = unused;
        }
        let there: Vec<PathBuf> = used
            .iter()
            .filter(|place| place.file.exists())
            .filter_map(|place| Some(place.file.parent()?.to_owned()))
            .collect();
        used.retain(|place| {
            let folder = place.file.parent();
            place.file.exists() || there.iter().all(|there| Some(there.as_path()) != folder)
        });
        used
    }

    /// Reports whether `host` is on this machine: it has left traces, or one of its programs is in the search path.
    pub fn has(&self, host: Host) -> bool {
        let is_there = |program: &&str| {
            self.search.iter().any(|folder| match self.os {
                Os::Windows => ["exe", "cmd"]
                    .iter()
                    .any(|end| folder.join(format!("{program}.{end}")).is_file()),
                Os::Linux | Os::MacOs => folder.join(program).is_file(),
            })
        };
        self.places(host).iter().any(Location::is_used) || host.programs().iter().any(is_there)
    }

    /// Returns taskhold as `host` has installed it by itself: by a bundle, a plugin or an extension.
    pub fn packages(&self, host: Host) -> Vec<Package> {
        let places = self.places(host).into_iter();
        let (kind, paths, way_out): (_, Vec<PathBuf>, _) = match host {
            Host::ClaudeDesktop => {
                let folders = places.map(|place| place.file.with_file_name("Claude Extensions"));
                let inner = folders.flat_map(contents).filter(|path| {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    name.to_lowercase().contains("taskhold")
                });
                let way_out = "in Claude Desktop, under Settings, Extensions";
                ("extension", inner.collect(), way_out)
            }
            Host::ClaudeCode => {
                let claude = self.variable("CLAUDE_CONFIG_DIR");
                let claude = claude.unwrap_or_else(|| self.home.join(".claude"));
                let plugins = claude.join("plugins").join("installed_plugins.json");
                let text = fs::read_to_string(&plugins).unwrap_or_default();
                let plugins = text.contains("\"taskhold@").then_some(plugins);
                let way_out = "in Claude Code: /plugin uninstall taskhold@taskhold";
                ("plugin", plugins.into_iter().collect(), way_out)
            }
            Host::Gemini => {
                let folders =
                    places.map(|place| place.file.with_file_name("extensions").join("taskhold"));
                let folders = folders.filter(|folder| folder.is_dir());
                let way_out = "gemini extensions uninstall taskhold";
                ("extension", folders.collect(), way_out)
            }
            _ => return Vec::new(),
        };
        let package = |path| Package {
            kind,
            path,
            way_out,
        };
        paths.into_iter().map(package).collect()
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

    /// opencode merges all files of its folder. `OPENCODE_CONFIG` and `OPENCODE_CONFIG_DIR` name more of them, and do not move
    /// these.
    fn opencode(&self) -> Vec<Location> {
        let config = self.variable("XDG_CONFIG_HOME");
        let config = config.unwrap_or_else(|| self.home.join(".config"));
        let place = |file| Location::in_folder(config.join("opencode"), file);
        let with_comments = place("opencode.jsonc");
        vec![
            place("opencode.json"),
            Location {
                sign: with_comments.file.clone(),
                ..with_comments
            },
        ]
    }

    fn windsurf(&self) -> Vec<Location> {
        const FILE: &str = "mcp_config.json";
        let folder = self.home.join(".codeium");
        let of_its_plugins = Location::in_folder(folder.clone(), FILE);
        vec![
            Location::in_folder(folder.join("windsurf"), FILE),
            Location::in_folder(folder.join("windsurf-next"), FILE),
            // The plugin for editors of JetBrains. Other programs have left the folder too.
            Location {
                sign: of_its_plugins.file.clone(),
                ..of_its_plugins
            },
        ]
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

/// Returns the folder of LM Studio, which a file in the home folder names once it has run. Older versions have it below
/// `~/.cache`.
fn lm_studio(home: &Path) -> PathBuf {
    let named = fs::read_to_string(home.join(".lmstudio-home-pointer")).unwrap_or_default();
    let named = PathBuf::from(named.trim());
    let older = home.join(".cache").join("lm-studio");
    if named.is_absolute() {
        named
    } else if older.is_dir() {
        older
    } else {
        home.join(".lmstudio")
    }
}

fn contents(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

#[cfg(test)]
mod tests;
