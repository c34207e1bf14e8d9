//! The page of the board as it is served: small, and with nothing that its policy forbids.

#[test]
fn the_policy_names_what_stands_in_the_page_by_its_hash() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    let page = taskhold::board::PAGE.to_string();
    let policy = taskhold::board::policy();
    for (name, directive) in [("script", "script-src"), ("style", "style-src")] {
        let directive = policy
            .split("; ")
            .find_map(|part| part.strip_prefix(directive))
            .unwrap();
        let opening = format!("<{name}");
        let mut hashes = Vec::new();
        for (at, _) in page.match_indices(&opening) {
            let (_, element) = page[at..].split_once('>').unwrap();
            let (text, _) = element.split_once(&format!("</{name}>")).unwrap();
            hashes.push(format!(
                "'sha256-{}'",
                STANDARD.encode(Sha256::digest(text))
            ));
        }
        assert!(!hashes.is_empty(), "the page has no {name}");
        assert_eq!(directive.split_whitespace().collect::<Vec<_>>(), hashes);
    }
}

/// What the page may have, so that its Content-Security-Policy lets it run and nothing else.
#[test]
fn the_page_is_small_and_has_nothing_that_its_policy_forbids() {
    let page = taskhold::board::PAGE.to_string();
    assert!(page.len() <= 40 * 1024, "{} bytes", page.len());
    let scripts = taskhold::board::embedded("script");
    assert!(!scripts.is_empty() && !taskhold::board::embedded("style").is_empty());
    for forbidden in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "setAttribute(\"style\"",
        "javascript:",
        "http-equiv",
        "<form",
        "<iframe",
        "<object",
        "<embed",
        "<base",
        " src=",
        "@import",
        "url(",
    ] {
        assert!(!page.contains(forbidden), "the page has {forbidden}");
    }
    // Between the tags: handlers and styles that stand in the markup.
    let mut markup = page;
    for text in scripts.iter().chain(&taskhold::board::embedded("style")) {
        markup = markup.replace(text, "");
    }
    for tag in markup
        .split('<')
        .filter_map(|rest| rest.split_once('>'))
        .map(|(tag, _)| tag)
    {
        for attribute in tag.split_whitespace().skip(1) {
            let attribute = attribute.to_lowercase();
            assert!(
                !attribute.starts_with("on") && !attribute.starts_with("style="),
                "<{tag}>"
            );
        }
    }
}
