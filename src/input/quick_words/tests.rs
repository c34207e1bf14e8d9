use proptest::prelude::*;

use super::*;

mod phrases;

#[test]
fn quick_words_are_told_from_those_that_only_look_like_it() {
    use Word::{Set, Tag, Text};
    let cases = [
        ("due:fri", Set(Field::Due, "fri")),
        (
            "due:next friday 17:30",
            Set(Field::Due, "next friday 17:30"),
        ),
        ("due:", Set(Field::Due, "")),
        ("defer:mon", Set(Field::Defer, "mon")),
        ("repeat:every 2 weeks", Set(Field::Repeat, "every 2 weeks")),
        ("project:flat", Set(Field::Project, "flat")),
        ("proj:a:b", Set(Field::Project, "a:b")),
        ("parent:12", Set(Field::Parent, "12")),
        ("after:3,4", Set(Field::After, "3,4")),
        ("depends:#3", Set(Field::After, "#3")),
        ("desc:in two words", Set(Field::Description, "in two words")),
        ("note:http://x", Set(Field::Description, "http://x")),
        ("tags:a,b", Set(Field::Tags, "a,b")),
        ("pri:h", Set(Field::Priority, "h")),
        ("!high", Set(Field::Priority, "high")),
        ("!urgent", Set(Field::Priority, "urgent")),
        ("!none", Set(Field::Priority, "none")),
        ("+home", Tag("home")),
        ("+großvater", Tag("großvater")),
        ("+家", Tag("家")),
        ("+🏠", Tag("🏠")),
        ("+a+b", Tag("a+b")),
        ("Pay", Text("Pay")),
        ("http://x", Text("http://x")),
        ("project://x", Text("project://x")),
        ("10:30", Text("10:30")),
        ("re:pair", Text("re:pair")),
        ("Due:fri", Set(Field::Due, "fri")),
        ("wait:fri", Set(Field::Defer, "fri")),
        ("recur:daily", Set(Field::Repeat, "daily")),
        ("status:done", Set(Field::Status, "done")),
        ("deadline:fri", Set(Field::Due, "fri")),
        ("prio:high", Set(Field::Priority, "high")),
        ("title:x", Text("title:x")),
        ("p1", Text("p1")),
        ("Note:", Text("Note:")),
        ("note:", Set(Field::Description, "")),
        ("due", Text("due")),
        ("soon due:fri", Text("soon due:fri")),
        (":due", Text(":due")),
        ("+1", Text("+1")),
        ("+49 30", Text("+49 30")),
        ("+", Text("+")),
        ("++", Text("++")),
        ("+home and more", Text("+home and more")),
        ("C++", Text("C++")),
        ("!", Text("!")),
        ("!!", Text("!!")),
        ("!1", Text("!1")),
        ("!wow", Text("!wow")),
        ("--", Text("--")),
        ("-", Text("-")),
        ("", Text("")),
    ];
    for (word, is) in cases {
        assert_eq!(Word::of(word), is, "{word:?}");
    }
}

#[test]
fn a_word_that_may_have_been_meant_otherwise_is_told_with_the_reason() {
    let cases = [
        ("due:", "there is nothing after it"),
        ("until:fri", "there is no such field"),
        ("projet:flat", "did you mean project:flat?"),
        ("status:odd", "there is no such status"),
        ("!hgih", "levels are !high, !medium and !low"),
        ("du:fri", "did you mean due:fri?"),
        ("dur:fri", "did you mean due:fri?"),
        ("projct:x", "did you mean project:x?"),
        ("due=fri", "did you mean due:fri?"),
        ("project=flat", "did you mean project:flat?"),
        ("label:x", "did you mean +x?"),
        ("p=high", "did you mean priority:high?"),
        ("p:high", "did you mean priority:high?"),
        ("date:fri", "did you mean due:fri?"),
        ("date=fri", "did you mean due:fri?"),
    ];
    for (word, reason) in cases {
        assert_eq!(doubt(word).as_deref(), Some(reason), "{word}");
    }
    let plain = [
        "Note:",
        "note:",
        "http://x",
        "10:30",
        "re:pair",
        "+1",
        "!",
        "!!",
        "end:",
        "Pay",
        "a:b:c",
        "x=1",
        "due=x",
        "dye:red",
        "a=b=c",
        "dad:fri",
        "p=x",
        "date:palm",
    ];
    for word in plain {
        assert_eq!(doubt(word), None, "{word}");
    }
}

/// Returns what `arguments` are read as, in a few words: text, fields, tags, and what is remarked.
fn read(arguments: &[&str], purpose: Purpose) -> String {
    let read = QuickWords::read(arguments.iter().copied(), purpose);
    let mut said = vec![format!("[{}]", read.text.join("|"))];
    let values = read.values.iter();
    said.extend(values.map(|value| format!("{}={}", value.field.name(), value.text)));
    said.extend(read.tags.iter().map(|tag| format!("+{tag}")));
    said.extend(read.untags.iter().map(|tag| format!("-{tag}")));
    if !read.taken.is_empty() {
        said.push(format!("taken {}", read.taken.join(" ")));
    }
    let doubts = read.doubts.iter();
    said.extend(doubts.map(|(word, reason)| format!("{word}: {reason}")));
    said.join("; ")
}

#[test]
fn an_argument_with_blanks_is_read_like_its_words() {
    let cases: [(&[&str], &str); 35] = [
        (
            &["Pay rent due:fri +home"],
            "[Pay|rent]; due=fri; +home; taken due:fri +home",
        ),
        (
            &["Call Anna due:tomorrow 17:30 +phone p1"],
            "[Call|Anna]; due=tomorrow 17:30; priority=p1; +phone; taken due:tomorrow 17:30 p1 +phone",
        ),
        (
            &["Water repeat:every 2 weeks due:next friday the plants"],
            "[Water|the|plants]; repeat=every 2 weeks; due=next friday; taken repeat:every 2 weeks due:next friday",
        ),
        (
            &["Pay project:\"My flat\" desc:\"to the bank\""],
            "[Pay]; project=My flat; description=to the bank; taken project:My flat desc:to the bank",
        ),
        (&["+home and more"], "[and|more]; +home; taken +home"),
        (
            &["due:fri Pay rent +home"],
            "[Pay|rent]; due=fri; +home; taken due:fri +home",
        ),
        (&["due:fri Pay rent"], "[Pay|rent]; due=fri; taken due:fri"),
        (
            &["pri:high Pay rent"],
            "[Pay|rent]; priority=high; taken pri:high",
        ),
        (&["x", "after:1, 2"], "[x]; after=1, 2"),
        // Text alone is left as it is.
        (&["Read  http://x at 10:30"], "[Read  http://x at 10:30]"),
        (&["Note: call Anna"], "[Note: call Anna]"),
        (&["say \"due:fri\" aloud"], "[say \"due:fri\" aloud]"),
        (
            &["Pay rent du:fri"],
            "[Pay rent du:fri]; du:fri: did you mean due:fri?",
        ),
        // One that begins with a field is that field's.
        (&["x", "project:My flat"], "[x]; project=My flat"),
        (
            &["x", "due:next friday 17:30"],
            "[x]; due=next friday 17:30",
        ),
        (&["x", "due:no date at all"], "[x]; due=no date at all"),
        (
            &["x", "repeat:every jan 1 and jul 1"],
            "[x]; repeat=every jan 1 and jul 1",
        ),
        (&["due:9am Berlin", "x"], "[x]; due=9am Berlin"),
        (&["due:fri Pay rent"], "[Pay|rent]; due=fri; taken due:fri"),
        (
            &["x", "desc:Call +home due:fri"],
            "[x]; description=Call +home due:fri",
        ),
        (
            &["x", "project:flat due:fri"],
            "[x]; project=flat; due=fri; taken project:flat due:fri",
        ),
        (&["title:Pay rent", "due:fri"], "[Pay rent]; due=fri"),
        (&["title:Pay", "rent"], "[Pay|rent]"),
        (
            &["Fix", "title:x"],
            "[Fix|title:x]; title:x: the title is made of the other words",
        ),
        // Words of their own.
        (
            &["Fix", "p1", "P1"],
            "[Fix|P1]; priority=p1; taken p1; P1: did you mean p1?",
        ),
        (
            &["Call", "due:tomorrow", "17:30"],
            "[Call|17:30]; due=tomorrow; 17:30: did you mean due:\"tomorrow 17:30\"?",
        ),
        (
            &["Call", "due:9am", "PST", "Anna"],
            "[Call|Anna]; due=9am PST; taken due:9am PST",
        ),
        (
            &["Call", "due:fri 9am", "Europe/London"],
            "[Call]; due=fri 9am Europe/London; taken due:fri 9am Europe/London",
        ),
        (
            &["Call", "defer:9:00", "+02:00"],
            "[Call]; defer=9:00 +02:00; taken defer:9:00 +02:00",
        ),
        (
            &["Call due:9am UTC Anna"],
            "[Call|Anna]; due=9am UTC; taken due:9am UTC",
        ),
        (
            &["due:9am PST Call"],
            "[Call]; due=9am PST; taken due:9am PST",
        ),
        // Without a time of day, and in small letters, they are words.
        (&["Call", "due:fri", "PST"], "[Call|PST]; due=fri"),
        (&["Go", "due:9am", "west"], "[Go|west]; due=9am"),
        (&["Trip", "-Vienna"], "[Trip|-Vienna]"),
        (
            &["x", "due:", "status:odd"],
            "[x|due:|status:odd]; due:: there is nothing after it; status:odd: there is no such status",
        ),
    ];
    for (arguments, is) in cases {
        assert_eq!(read(arguments, Purpose::Add), is, "{arguments:?}");
    }
}

#[test]
fn the_stops_of_a_sentence_belong_to_no_word_and_quotes_hold_words_together() {
    let cases: [(&[&str], &str); 8] = [
        (
            &["Buy", "milk", "+home.", "project:Web."],
            "[Buy|milk]; project=Web; +home",
        ),
        (
            &["Buy", "+home:", "due:fri,", "!high.", "note:Soon."],
            "[Buy]; due=fri; priority=high; description=Soon.; +home",
        ),
        (
            &["Buy milk +home: now"],
            "[Buy|milk|now]; +home; taken +home",
        ),
        (
            &["Buy", "project:", "due:"],
            "[Buy|project:|due:]; project:: there is nothing after it; due:: there is nothing after it",
        ),
        (
            &["Pay rent due:fri, +home."],
            "[Pay|rent]; due=fri; +home; taken due:fri +home",
        ),
        (
            &["Pay project:Flat; due:5.1. +home, +money!"],
            "[Pay]; project=Flat; due=5.1.; +home; +money; taken project:Flat due:5.1. +home +money",
        ),
        (
            &["Buy project:'Home Work' x"],
            "[Buy|x]; project=Home Work; taken project:Home Work",
        ),
        (
            &["Buy project:Anna's things"],
            "[Buy|things]; project=Anna's; taken project:Anna's",
        ),
    ];
    for (arguments, is) in cases {
        assert_eq!(read(arguments, Purpose::Add), is, "{arguments:?}");
    }
}

#[test]
fn a_rule_of_a_line_takes_all_the_words_that_make_it() {
    let cases: [(&[&str], &str); 3] = [
        (
            &["Water repeat:every mon at 9am starting dec 5 until dec 24 the plants"],
            "[Water|the|plants]; repeat=every mon at 9am starting dec 5 until dec 24; taken repeat:every mon at 9am starting dec 5 until dec 24",
        ),
        (
            &["Water repeat:every mon until 2040-01-01 at 9am the plants"],
            "[Water|the|plants]; repeat=every mon until 2040-01-01 at 9am; taken repeat:every mon until 2040-01-01 at 9am",
        ),
        (
            &["Read repeat:every day 17 pages"],
            "[Read|17|pages]; repeat=every day; taken repeat:every day",
        ),
    ];
    for (arguments, is) in cases {
        assert_eq!(read(arguments, Purpose::Add), is, "{arguments:?}");
    }
}

#[test]
fn in_an_edit_words_that_set_nothing_are_left_over_with_what_was_meant() {
    let cases: [(&[&str], &str); 10] = [
        (&["-work,X", "-y,"], "[]; -work; -X; -y"),
        (
            &["title:x", "p1", "due:"],
            "[]; title=x; priority=p1; due=; taken p1",
        ),
        (&["title:Pay the rent"], "[]; title=Pay the rent"),
        (
            &["title:Pay rent due:fri"],
            "[]; title=Pay rent; due=fri; taken title:Pay due:fri",
        ),
        (&["+a -b due:fri"], "[]; due=fri; +a; -b; taken due:fri +a"),
        (&["-x"], "[]; -x"),
        (&["du:fri"], "[du:fri]; du:fri: did you mean due:fri?"),
        (
            &["-project:x"],
            "[-project:x]; -project:x: did you mean project: without a value, which clears it?",
        ),
        (&["done"], "[done]"),
        (&["P3"], "[]; priority=P3; taken P3"),
    ];
    for (arguments, is) in cases {
        assert_eq!(read(arguments, Purpose::Edit), is, "{arguments:?}");
    }
    let cases: [(&[&str], Option<&str>); 28] = [
        (&["due", "fri"], Some("due:fri")),
        (&["Deferred until Fri 12-04"], Some("defer:\"Fri 12-04\"")),
        (&["not", "before", "fri"], Some("defer:fri")),
        (
            &["not before breakfast"],
            Some("title:\"not before breakfast\""),
        ),
        (&["New title"], Some("title:\"New title\"")),
        (&["New", "title"], Some("title:\"New title\"")),
        (&["cancel"], Some("taskhold cancel ID")),
        (&["Delete"], Some("taskhold delete ID")),
        (&["cancelled"], Some("status:cancelled")),
        (&["due"], Some("due: with a value")),
        (&["none"], Some("due:none, or another field")),
        (&["done"], Some("status:done")),
        (&["high"], Some("priority:high")),
        (&["tomorrow"], Some("due:tomorrow")),
        (&["next", "friday"], Some("due:\"next friday\"")),
        (&["daily"], Some("repeat:daily")),
        (&["Pay", "the", "rent"], Some("title:\"Pay the rent\"")),
        (&["Pay rent"], Some("title:\"Pay rent\"")),
        (&["it", "done"], Some("title:\"it done\"")),
        (&["due fri"], Some("due:fri")),
        (&["Due", "next", "fri"], Some("due:\"next fri\"")),
        (&["project flat"], Some("project:flat")),
        (&["after the meeting"], Some("title:\"after the meeting\"")),
        (&["p0"], Some("priority:high")),
        (&["normal"], Some("priority:medium")),
        (&["New"], Some("title:New")),
        (&["todo"], Some("status:todo")),
        (&["+"], None),
    ];
    for (arguments, meant) in cases {
        let read = QuickWords::read(arguments.iter().copied(), Purpose::Edit);
        assert_eq!(read.meant().as_deref(), meant, "{arguments:?}");
    }
}

proptest! {
    #[test]
    fn a_word_is_what_it_says_and_nothing_is_lost(word in any::<String>()) {
        match Word::of(&word) {
            Word::Text(text) => prop_assert_eq!(text, word.as_str()),
            Word::Tag(tag) => prop_assert_eq!(format!("+{tag}"), word.as_str()),
            Word::Set(_, value) => prop_assert!(word.ends_with(value)),
        }
    }

    #[test]
    fn a_word_of_letters_is_text(word in "[\\p{L}\\p{N} .,;'-]{0,20}") {
        prop_assert_eq!(Word::of(&word), Word::Text(&word));
    }

    #[test]
    fn no_word_of_an_argument_is_lost(line in "([a-z:+!p1\" -]{1,12} ?){1,4}", is_edit: bool) {
        let purpose = if is_edit { Purpose::Edit } else { Purpose::Add };
        let read = QuickWords::read([line.as_str()], purpose);
        let mut all = read.text.join(" ");
        for value in &read.values {
            all.push_str(&value.word);
            all.push_str(&value.text);
        }
        all.extend(read.tags);
        all.extend(read.untags);
        for c in line.chars().filter(|c| c.is_alphanumeric()) {
            prop_assert!(all.contains(c), "{line:?}: {all:?}");
        }
    }
}

#[test]
fn a_date_with_its_weekday_is_one_value_whatever_year_it_is() {
    for (number, weekday) in ["Mon", "tue", "Wed,", "Thu", "Fri", "Sat", "Sun"]
        .iter()
        .enumerate()
    {
        for date in [
            format!("{weekday} 12-01"),
            format!("{weekday} Dec 1{number} 09:00"),
        ] {
            let argument = format!("due:{date}");
            let read = QuickWords::read([argument.as_str()], Purpose::Edit);
            let values: Vec<&str> = read
                .values
                .iter()
                .map(|value| value.text.as_str())
                .collect();
            assert_eq!((values, read.text.len()), (vec![date.as_str()], 0));
        }
    }
    let read = QuickWords::read(["due:tue", "12-01"], Purpose::Edit);
    assert_eq!(
        read.doubts,
        [(
            "12-01".to_owned(),
            "did you mean due:\"tue 12-01\"?".to_owned()
        )]
    );
}

#[test]
fn what_clocks_show_elsewhere_belongs_to_the_date_before_it() {
    let date = "Wed 12-02 05:00 (Tue 17:00 Los Angeles)";
    for argument in [
        format!("C4 due:{date} project:x"),
        format!("due:{date}, C4 project:x"),
        format!("C4 project:x due:{date}"),
    ] {
        let read = QuickWords::read([argument.as_str()], Purpose::Add);
        let values: Vec<&str> = read
            .values
            .iter()
            .map(|value| value.text.as_str())
            .collect();
        assert!(values.contains(&date) && values.contains(&"x"), "{read:?}");
        assert_eq!(read.text, ["C4"], "{argument}");
    }
    let read = QuickWords::read(["Call due:tomorrow 17:00 (14:00 with Bob)"], Purpose::Add);
    assert_eq!(read.text.join(" "), "Call (14:00 with Bob)");
}
