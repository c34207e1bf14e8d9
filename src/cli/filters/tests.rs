use super::*;

/// Returns what the words of a list are read as, in a few words.
fn read(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let mut filters = FilterArgs::default();
    let (mut view, mut text) = (None, None);
    if let Err(failure) = filters.take_words(&mut view, &mut text, &words) {
        return failure.to_string();
    }
    let mut said: Vec<String> = view
        .map(|view| view.as_str().to_owned())
        .into_iter()
        .collect();
    said.extend(text.map(|_| "text".to_owned()));
    said.extend(filters.project.map(|name| format!("project={name}")));
    said.extend(filters.due.map(|date| format!("due={date}")));
    said.extend(filters.priority.map(|level| format!("priority={level}")));
    said.extend(filters.tag.iter().map(|tag| format!("+{tag}")));
    said.extend(filters.without.iter().map(|word| format!("-{word}")));
    said.join("; ")
}

#[test]
fn an_argument_of_a_list_with_blanks_is_read_like_its_words() {
    let cases: [(&[&str], &str); 17] = [
        (&["+home -phone"], "+home; -phone"),
        (&["today +home"], "today; +home"),
        (&["in progress"], "in_progress"),
        (&["+home in progress"], "in_progress; +home"),
        (
            &["project:\"My flat\" due:next fri +home, -project:\"Old flat\""],
            "project=My flat; due=next fri; +home; -project:Old flat",
        ),
        (&["project:My flat", "today"], "today; project=My flat"),
        (&["project:Home -urgent"], "project=Home; -urgent"),
        (
            &["due:2026-12-24 18:00 +01:00"],
            "due=2026-12-24 18:00 +01:00",
        ),
        (&["text:login page"], "text"),
        (&["+home text:\"login page\""], "text; +home"),
        (&["+home.", "project:Web:"], "project=Web; +home"),
        (&["p1"], "priority=p1"),
        (&["P1"], "priority=P1"),
        (&["-a,b"], "-a,b"),
        (
            &["+home due:5th of june today"],
            "today; due=5th of june; +home",
        ),
        (&["+home soon"], "\"soon\" is no view"),
        (
            &["defered"],
            "\"defered\" is no view; did you mean deferred?",
        ),
    ];
    for (words, is) in cases {
        assert_eq!(read(words), is, "{words:?}");
    }
}

#[test]
fn a_search_takes_the_quick_words_out_of_an_argument_with_blanks() {
    for (words, found, is) in [
        (&["a -home"][..], "a", "[]; [\"home\"]"),
        (&["login page"], "login page", "[]; []"),
        (&["rent +flat", "p1 due"], "rent p1 due", "[\"flat\"]; []"),
    ] {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let mut filters = FilterArgs::default();
        let others = filters.take_quick_words(&words).unwrap();
        assert_eq!(others.join(" "), found, "{words:?}");
        assert_eq!(format!("{:?}; {:?}", filters.tag, filters.without), is);
    }
}
