use super::*;

fn tokens() -> (tempfile::TempDir, Tokens) {
    let folder = tempfile::tempdir().unwrap();
    let tokens = Tokens::new(&folder.path().join("tasks.db"));
    (folder, tokens)
}

fn label(tokens: &Tokens, token: &str) -> Option<String> {
    let principal = tokens.principal(token.as_bytes()).unwrap()?;
    principal.label.map(|label| label.to_string())
}

#[test]
fn the_own_token_is_made_once_and_stops_working_when_it_is_made_anew() {
    let (_folder, tokens) = tokens();
    let first = tokens.own().unwrap();
    assert_eq!(first.len(), 43);
    assert_eq!(tokens.own().unwrap(), first);
    assert_eq!(label(&tokens, &first).as_deref(), Some(OWN));
    let second = tokens.rotate().unwrap();
    assert_ne!(first, second);
    assert_eq!(label(&tokens, &first), None);
    assert_eq!(label(&tokens, &second).as_deref(), Some(OWN));
}

#[test]
fn a_further_token_is_kept_as_a_hash_until_it_is_revoked() {
    let (_folder, tokens) = tokens();
    let token = tokens.add("work", true).unwrap();
    let kept = fs::read_to_string(&tokens.paths.tokens).unwrap();
    assert!(!kept.contains(&token), "{kept}");
    let principal = tokens.principal(token.as_bytes()).unwrap().unwrap();
    assert!(principal.is_read_only);
    assert_eq!(tokens.entries().unwrap()[0].label, "work");
    assert!(tokens.holds(&principal));
    tokens.revoke("work").unwrap();
    assert_eq!(label(&tokens, &token), None);
    assert!(!tokens.holds(&principal));
}

#[test]
fn what_cannot_be_a_label_or_is_none_is_refused() {
    let (_folder, tokens) = tokens();
    tokens.add("a", false).unwrap();
    for label in ["", "a b", "ä", "a\n", OWN, "a", &"x".repeat(25)] {
        assert!(tokens.add(label, false).is_err(), "{label:?}");
    }
    assert!(tokens.revoke("b").is_err());
    assert!(tokens.revoke(OWN).is_err());
}

#[test]
fn nothing_but_a_whole_token_fits() {
    let (_folder, tokens) = tokens();
    let token = tokens.own().unwrap();
    for given in [
        "",
        " ",
        &token[..42],
        &format!("{token}x"),
        &token.to_lowercase(),
    ] {
        assert_eq!(label(&tokens, given), None, "{given:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, tokens) = tokens();
    let token = tokens.own().unwrap();
    let mode = fs::metadata(&tokens.paths.token)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::set_permissions(&tokens.paths.token, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(tokens.own(), Err(TokenError::Open { .. })));
    let fresh = Tokens::new(&tokens.paths.database);
    assert!(fresh.principal(token.as_bytes()).is_err());
}

#[cfg(unix)]
#[test]
fn a_file_that_is_opened_to_others_is_refused_from_then_on() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, tokens) = tokens();
    let own = tokens.own().unwrap();
    let further = tokens.add("work", false).unwrap();
    assert_eq!(label(&tokens, &own).as_deref(), Some(OWN));
    let set = |mode| fs::set_permissions(&tokens.paths.token, fs::Permissions::from_mode(mode));
    set(0o644).unwrap();
    let refusal = tokens.principal(own.as_bytes()).unwrap_err().to_string();
    assert!(refusal.contains("chmod 600"), "{refusal}");
    assert_eq!(label(&tokens, &further).as_deref(), Some("work"));
    set(0o600).unwrap();
    assert_eq!(label(&tokens, &own).as_deref(), Some(OWN));
}

#[test]
fn damaged_further_tokens_leave_the_own_one_alone_and_say_what_to_do() {
    let (_folder, tokens) = tokens();
    let own = tokens.own().unwrap();
    let further = tokens.add("work", false).unwrap();
    replace_private(&tokens.paths.tokens, b"[{]").unwrap();
    assert_eq!(label(&tokens, &own).as_deref(), Some(OWN));
    for refusal in [
        tokens.principal(further.as_bytes()).map(drop),
        tokens.add("other", false).map(drop),
    ] {
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.contains("token add"), "{refusal}");
    }
    // Nothing was given, so it was none of them.
    assert_eq!(tokens.principal(b"").unwrap(), None);
}

#[test]
fn a_principal_is_held_by_its_token_and_not_by_its_label() {
    let (_folder, tokens) = tokens();
    let principal = |token: &str| tokens.principal(token.as_bytes()).unwrap().unwrap();
    let own = principal(&tokens.own().unwrap());
    tokens.rotate().unwrap();
    assert!(!tokens.holds(&own));
    let lent = principal(&tokens.add("lent", false).unwrap());
    tokens.revoke("lent").unwrap();
    tokens.add("lent", false).unwrap();
    assert!(!tokens.holds(&lent));
    // What cannot be read just now revokes nothing.
    replace_private(&tokens.paths.tokens, b"[{]").unwrap();
    assert!(tokens.holds(&lent) && !tokens.holds(&own));
}

#[test]
fn wrong_tokens_are_counted_by_the_second() {
    let (_folder, tokens) = tokens();
    let one_too_many: Vec<bool> = (0..4).map(|_| tokens.is_one_too_many(3)).collect();
    assert_eq!(one_too_many, [false, false, false, true]);
}

#[test]
fn what_is_too_short_is_nobodys_whatever_the_files_hold() {
    let (_folder, tokens) = tokens();
    for content in ["", "\n", "short", &"x".repeat(SHORTEST - 1)] {
        replace_private(&tokens.paths.token, content.as_bytes()).unwrap();
        assert_eq!(tokens.principal(content.as_bytes()).unwrap(), None);
        let refusal = tokens.own().unwrap_err().to_string();
        assert!(refusal.contains("taskhold token rotate"), "{refusal}");
    }
    let least = "x".repeat(SHORTEST);
    replace_private(&tokens.paths.token, format!(" {least}\n").as_bytes()).unwrap();
    assert_eq!(tokens.own().unwrap(), least);
    assert_eq!(label(&tokens, &least).as_deref(), Some(OWN));
}

#[test]
fn without_an_own_token_in_its_file_no_further_one_comes_in_either() {
    let (_folder, tokens) = tokens();
    tokens.own().unwrap();
    let further = tokens.add("work", false).unwrap();
    replace_private(&tokens.paths.token, b"").unwrap();
    assert!(tokens.principal(further.as_bytes()).is_err());
    tokens.rotate().unwrap();
    assert_eq!(label(&tokens, &further).as_deref(), Some("work"));
}
