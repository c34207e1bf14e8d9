//! Files that their host cannot read as they are.

use super::*;

#[test]
fn what_a_host_cannot_read_is_taken_out_and_that_is_said() {
    let machine = Machine::new();
    let before = "\u{FEFF}{\n  \"mcpServers\": {\n    \"x\": { \"command\": \"y\" },\n  },\n}\n";
    machine.has(".cursor/mcp.json", before);
    let listed = machine.install(&["--list"]);
    assert!(
        listed.contains("\ncursor         not readable   "),
        "{listed}"
    );
    let said = "taken out, since Cursor reads no file that has it: \
                the byte order mark at the beginning, commas with nothing after them\n";

    let dry = machine.output(&["cursor", "--dry-run"], &[]);
    let note = String::from_utf8(dry.stderr).unwrap();
    assert_eq!(note, format!("note: Cursor: {said}"));
    assert_eq!(machine.says(".cursor/mcp.json"), before);

    let printed = machine.install(&["cursor"]);
    assert!(printed.contains(&format!("\n  {said}")), "{printed}");
    let root: Value = serde_json::from_str(&machine.says(".cursor/mcp.json")).unwrap();
    assert_eq!(root["mcpServers"]["x"]["command"], "y");
    assert_eq!(root["mcpServers"]["tasks"]["command"], binary());
    let listed = machine.install(&["--list"]);
    assert!(
        listed.contains("\ncursor         installed      "),
        "{listed}"
    );
    let again = machine.install(&["cursor"]);
    assert!(again.contains("nothing to change"), "{again}");

    machine.has(".codeium/windsurf/mcp_config.json", "\u{FEFF}");
    let object: Value = serde_json::from_str(&machine.install(&["windsurf", "--json"])).unwrap();
    assert_eq!(
        object["files"][0]["taken_out"],
        json!(["the byte order mark at the beginning"])
    );
}

#[test]
fn a_comment_is_a_persons_so_that_a_host_that_cannot_read_it_is_refused() {
    let machine = Machine::new();
    let commented = "{\n  // mine\n  \"theme\": \"dark\"\n}\n";
    machine.has(".claude.json", commented);
    let said = machine.refusal(&["claude-code"]);
    assert!(
        said.contains(
            ".claude.json was left as it is: line 2 has a comment, and Claude Code reads no file \
             that has one; take it out first\n"
        ),
        "{said}"
    );
    assert_eq!(machine.says(".claude.json"), commented);
}

#[test]
fn opencode_gets_one_list_of_words_in_the_file_that_it_has() {
    let machine = Machine::new();
    let file = ".config/opencode/opencode.jsonc";
    machine.has(file, "{\n  // mine\n  \"theme\": \"dark\",\n}\n");
    machine.install(&["opencode"]);
    assert_eq!(
        machine.says(file),
        format!(
            "{{\n  // mine\n  \"theme\": \"dark\",\n  \"mcp\": {{\n    \"tasks\": {{\n      \"type\": \"local\",\n      \
             \"command\": [{}, \"mcp\"]\n    }}\n  }},\n}}\n",
            quoted()
        )
    );
    assert_eq!(
        machine.beside(file),
        ["opencode.jsonc", "opencode.jsonc.before*.bak"]
    );
}

#[test]
fn copilot_which_reads_no_file_without_a_place_for_servers_keeps_it() {
    let machine = Machine::new();
    let file = ".copilot/mcp-config.json";
    machine.has(file, "{\n  \"theme\": \"dark\"\n}\n");
    machine.install(&["copilot"]);
    machine.install(&["copilot", "--remove"]);
    let root: Value = serde_json::from_str(&machine.says(file)).unwrap();
    assert_eq!(root, json!({ "theme": "dark", "mcpServers": {} }));
    // One in which nothing else is goes.
    machine.has(file, "");
    machine.install(&["copilot"]);
    machine.install(&["copilot", "--remove"]);
    assert!(!machine.folder().join(file).exists());
}
