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
        lm_studio: home.join(".lmstudio"),
        home,
        config,
        packages: Vec::new(),
        search: Vec::new(),
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
        (Linux, OpenCode, ".config/opencode/opencode.json"),
        (MacOs, OpenCode, ".config/opencode/opencode.json"),
        (Windows, OpenCode, ".config/opencode/opencode.json"),
        (Linux, Copilot, ".copilot/mcp-config.json"),
        (MacOs, Copilot, ".copilot/mcp-config.json"),
        (Windows, Copilot, ".copilot/mcp-config.json"),
        (Linux, LmStudio, ".lmstudio/mcp.json"),
        (MacOs, LmStudio, ".lmstudio/mcp.json"),
        (Windows, LmStudio, ".lmstudio/mcp.json"),
        (Linux, Windsurf, ".codeium/windsurf/mcp_config.json"),
        (MacOs, Windsurf, ".codeium/windsurf/mcp_config.json"),
        (Windows, Windsurf, ".codeium/windsurf/mcp_config.json"),
    ];
    let systems = [Linux, MacOs, Windows].len();
    assert_eq!(cases.len(), Host::ALL.len() * systems, "a host has no case");
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
        (Host::Copilot, "moved/mcp-config.json"),
        (Host::OpenCode, "moved/opencode/opencode.json"),
    ];
    for (host, file) in cases {
        assert_eq!(files(&machine, host)[0], file, "{host}");
    }
}

#[test]
fn of_the_two_files_of_opencode_those_that_are_there_are_edited() {
    let folder = tempfile::tempdir().unwrap();
    let mut machine = machine(Os::Linux);
    machine.home = folder.path().to_owned();
    let names = |machine: &Machine| -> Vec<String> {
        let places = machine.places_in_use(Host::OpenCode).into_iter();
        places
            .map(|place| place.file.file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let both = ["opencode.json", "opencode.jsonc"];
    let config = folder.path().join(".config/opencode");
    assert_eq!(names(&machine), both[..1]);
    assert!(!machine.has(Host::OpenCode));
    fs::create_dir_all(&config).unwrap();
    assert_eq!(names(&machine), both[..1]);
    assert!(machine.has(Host::OpenCode));
    fs::write(config.join(both[1]), "").unwrap();
    assert_eq!(names(&machine), both[1..]);
    fs::write(config.join(both[0]), "").unwrap();
    assert_eq!(names(&machine), both);
}

#[test]
fn a_file_names_the_folder_of_lm_studio() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert_eq!(lm_studio(home), home.join(".lmstudio"));
    let older = home.join(".cache/lm-studio");
    fs::create_dir_all(&older).unwrap();
    assert_eq!(lm_studio(home), older);
    let named = home.join("elsewhere");
    let pointer = home.join(".lmstudio-home-pointer");
    fs::write(&pointer, format!("{}\n", named.display())).unwrap();
    assert_eq!(lm_studio(home), named);
    fs::write(&pointer, "not/absolute").unwrap();
    assert_eq!(lm_studio(home), older);
}

#[test]
fn a_program_in_the_search_path_says_that_its_host_is_there() {
    let folder = tempfile::tempdir().unwrap();
    for (os, file) in [(Os::Linux, "gemini"), (Os::Windows, "gemini.cmd")] {
        let mut machine = machine(os);
        machine.search = vec![folder.path().join("none"), folder.path().to_owned()];
        assert!(!machine.has(Host::Gemini), "{os:?}");
        fs::write(folder.path().join(file), "").unwrap();
        assert!(machine.has(Host::Gemini), "{os:?}");
        assert!(!machine.has(Host::Codex), "{os:?}");
    }
}
