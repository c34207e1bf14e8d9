//! What is written in every script is found, held against a scan of the texts.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::*;

const HAN: &str = "会議資料準備日本語中国文書提出確認来週月火水木金土京都大学校電話予約";
const KANA: &str = "あいうえおかがきぎくぐけげこごさざしじすずプロジェクトテストデーターッャ";
const HANGUL: &str = "가각나다라마바사회의주간준비를을에서요일업무";
const THAI: &str = "กขคงจชทนบปพมรลวสหอะาิีึืุูเแโใไ่้์";
const LETTERS: &str = "aeinrstüéK";

/// Returns `length` characters of an alphabet.
fn written(rng: &mut Rng, alphabet: &[char], length: usize) -> String {
    (0..length)
        .map(|_| alphabet[rng.usize(..alphabet.len())])
        .collect()
}

/// Returns a text of some words of one alphabet, and others between them.
fn text(rng: &mut Rng, alphabet: &str, longest: usize) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let words = (0..rng.usize(1..4)).map(|_| {
        let length = rng.usize(1..=longest);
        written(rng, &alphabet, length)
    });
    let words: Vec<String> = words.collect();
    words.join([" ", ", ", " ok ", "2", "🚀"][rng.usize(..5)])
}

/// Returns the small letters of a text without their marks, as far as [`LETTERS`] has any.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('ü', "u").replace('é', "e")
}

fn all_found(store: &Store, query: &str) -> BTreeSet<i64> {
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    let (words, none) = (Words::read(query).unwrap(), Filters::default());
    let page = store
        .search(&words, View::All, &none, &moment, None, 100_000)
        .unwrap();
    let ids: Vec<i64> = page.tasks.iter().map(|task| task.id.get()).collect();
    let found: BTreeSet<i64> = ids.iter().copied().collect();
    assert_eq!(found.len(), ids.len(), "{query}: one is listed twice");
    found
}

/// Adds 300 tasks and some that wait to be indexed, and searches for pieces of `lengths` characters of their texts: what holds
/// them must be found, and nothing else but what would without blanks and commas. With `everywhere`, pieces are looked for in descriptions, too.
fn expect_every_piece_found(
    alphabet: &str,
    lengths: std::ops::RangeInclusive<usize>,
    longest: usize,
    everywhere: bool,
) {
    let mut rng = Rng::with_seed(7);
    let (_folder, mut store) = store();
    let mut texts: Vec<[String; 2]> = Vec::new();
    for count in [300, 10] {
        let mut drafts = Vec::new();
        for _ in 0..count {
            let [heading, body] = [(); 2].map(|()| text(&mut rng, alphabet, longest));
            let body = if everywhere { body } else { String::new() };
            let draft = Draft {
                description: Description::try_from(body).unwrap(),
                ..Draft::titled(title(&heading))
            };
            // As they are kept: Thai marks in the order that Unicode gives them.
            texts.push([draft.title.to_string(), draft.description.to_string()]);
            drafts.push(draft);
        }
        add(&mut store, drafts);
    }
    assert_eq!(waiting(&store), 10);
    let is_of_alphabet = |c: &char| alphabet.contains(*c);
    let mut pieces = 0;
    while pieces < 100 {
        let [heading, body] = &texts[rng.usize(..texts.len())];
        let from: Vec<char> = if everywhere && rng.bool() {
            body
        } else {
            heading
        }
        .chars()
        .collect();
        let length = rng.usize(lengths.clone());
        let first = rng.usize(..from.len());
        let piece: Vec<char> = from[first..].iter().copied().take(length).collect();
        if piece.len() < length || !piece.iter().all(is_of_alphabet) {
            continue;
        }
        let piece: String = piece.into_iter().collect();
        let holding = |shown: fn(&str) -> String| -> BTreeSet<i64> {
            let holds = |text: &String| shown(text).contains(&plain(&piece));
            let texts = (1..).zip(&texts);
            let holding = texts.filter(|(_, texts)| texts.iter().any(holds));
            holding.map(|(id, _)| id).collect()
        };
        let found = all_found(&store, &piece);
        let (least, most) = (
            holding(plain),
            holding(|text| plain(text).replace([' ', ','], "")),
        );
        assert!(found.is_superset(&least), "{piece}: {found:?} of {least:?}");
        assert!(found.is_subset(&most), "{piece}: {found:?} beside {most:?}");
        pieces += 1;
    }
}

#[test]
fn every_piece_of_han_is_found() {
    expect_every_piece_found(HAN, 1..=4, 8, true);
}

#[test]
fn every_piece_of_kana_is_found() {
    expect_every_piece_found(KANA, 1..=4, 8, true);
}

#[test]
fn every_piece_of_hangul_is_found() {
    expect_every_piece_found(HANGUL, 1..=4, 6, true);
}

#[test]
fn every_piece_of_thai_is_found() {
    expect_every_piece_found(THAI, 1..=4, 12, true);
}

#[test]
fn every_piece_of_four_to_seven_letters_of_a_title_is_found() {
    expect_every_piece_found(LETTERS, 4..=7, 12, false);
}

#[test]
fn what_is_written_in_any_script_is_found_as_people_type_it() {
    let (_folder, mut store) = store();
    let titles = [
        "会議資料を準備する",
        "주간회의를 준비",
        "Müllgebühren bezahlen",
        "बैठक दिन",
        "बैठक दान",
        "ประชุมทีมวันศุกร์",
        "שָׁלוֹם",
        "مُحَمَّد",
        "Ελλάς",
        "Straße",
        "ﾌﾟﾛｼﾞｪｸﾄ ＡＢＣ",
        "launch 🚀 now",
        "launch🚀🚀later, 20°C 👍🏽 🇩🇪",
        "Ёлка й",
    ];
    add(
        &mut store,
        titles.map(|text| Draft::titled(title(text))).to_vec(),
    );
    let expected: [(&str, &[i64]); 27] = [
        ("会議", &[1]),
        ("資料", &[1]),
        ("料資", &[]),
        ("회의", &[2]),
        ("gebühren", &[3]),
        ("GEBUHR bezahl", &[3]),
        ("दिन", &[4]),
        ("दान", &[5]),
        ("ทีม", &[6]),
        ("ประชุม", &[6]),
        ("שלום", &[7]),
        ("محمد", &[8]),
        ("ΕΛΛΑΣ", &[9]),
        ("STRASSE", &[10]),
        ("straße", &[10]),
        ("プロジェクト", &[11]),
        ("ABC", &[11]),
        ("🚀", &[13, 12]),
        ("🚀🚀", &[13]),
        ("launch later", &[13]),
        ("20", &[13]),
        ("👍", &[13]),
        ("👍🏿", &[13]),
        ("🇩🇪", &[13]),
        ("елка", &[14]),
        ("й", &[14]),
        ("и", &[]),
    ];
    for round in ["waiting", "indexed"] {
        for (query, ids) in expected {
            assert_eq!(found(&store, query), ids, "{query}, {round}");
        }
        store.catch_up().unwrap();
    }
}

#[test]
fn versions_numbers_and_file_names_are_found_by_their_parts() {
    let (_folder, mut store) = store();
    let titles = [
        "Upgrade to v1.2.3",
        "Release 1.2.3rc1",
        "Fix #12 in src/cli/ids.rs",
        "Learn C++ and C#",
        "Convert foo_bar.tar.gz to mp3",
        "Run PR12 and GH-7 for 5km",
    ];
    add(
        &mut store,
        titles.map(|text| Draft::titled(title(text))).to_vec(),
    );
    let expected: [(&str, &[i64]); 16] = [
        ("1.2.3", &[2, 1]),
        ("v1.2.3", &[1]),
        ("v1", &[1]),
        ("2.3", &[1, 2]),
        ("#12", &[3, 6]),
        ("12", &[3, 6]),
        ("PR12", &[6]),
        ("7", &[6]),
        ("5", &[6]),
        ("ids.rs", &[3]),
        (".rs", &[3]),
        ("src/cli", &[3]),
        ("C++", &[4]),
        ("tar.gz", &[5]),
        ("foo_bar", &[5]),
        ("3", &[1, 5, 2]),
    ];
    for round in ["waiting", "indexed"] {
        for (query, ids) in expected {
            assert_eq!(found(&store, query), ids, "{query}, {round}");
        }
        store.catch_up().unwrap();
    }
}

#[test]
fn every_number_of_a_title_is_found_whatever_letters_and_signs_stand_beside_it() {
    const PIECES: [&str; 12] = [
        "v", "1", "2", "12", "345", "2024", ".", "-", "#", "rc", "Foo", " ",
    ];
    let mut rng = Rng::with_seed(7);
    let (_folder, mut store) = store();
    let mut titles: Vec<String> = Vec::new();
    for count in [300, 10] {
        let drafts = (0..count).map(|_| {
            let pieces = (0..rng.usize(2..9)).map(|_| PIECES[rng.usize(..PIECES.len())]);
            let draft = Draft::titled(title(&format!("x{}", pieces.collect::<String>())));
            titles.push(draft.title.to_string());
            draft
        });
        add(&mut store, drafts.collect());
    }
    assert_eq!(waiting(&store), 10);
    let is_digit = |c: char| c.is_ascii_digit();
    // What begins and ends with a number, and all its numbers.
    let numbers = |text: &str| -> Vec<(usize, usize)> {
        let starts = text.match_indices(is_digit).map(|(at, _)| at);
        let starts = starts.filter(|at| !text[..*at].ends_with(is_digit));
        let end = |at: usize| {
            text[at..]
                .find(|c| !is_digit(c))
                .map_or(text.len(), |end| at + end)
        };
        starts.map(|at| (at, end(at))).collect()
    };
    let holds = |text: &str, query: &str| {
        let places = text
            .match_indices(query)
            .map(|(at, _)| (at, at + query.len()));
        let is_whole = |(start, end): (usize, usize)| {
            !text[..start].ends_with(is_digit) && !text[end..].starts_with(is_digit)
        };
        places.into_iter().any(is_whole)
    };
    for place in 0..titles.len() {
        let of_title = numbers(&titles[place]);
        let (Some((start, _)), Some((_, end))) = (of_title.first(), of_title.last()) else {
            continue;
        };
        let query = &titles[place][*start..*end];
        if query.contains(char::is_alphabetic) {
            continue;
        }
        let found = all_found(&store, query);
        let holding = (1_i64..)
            .zip(&titles)
            .filter(|(_, title)| holds(title, query));
        let wanted: BTreeSet<i64> = holding.map(|(id, _)| id).collect();
        assert!(
            found.is_superset(&wanted),
            "{query}: {found:?} of {wanted:?}"
        );
    }
}

#[test]
fn a_part_of_a_word_is_found_last_and_with_words_elsewhere() {
    let (_folder, mut store) = store();
    let with = |heading: &str, body: &str| Draft {
        description: Description::try_from(body.to_owned()).unwrap(),
        ..Draft::titled(title(heading))
    };
    let project = Draft {
        project: crate::domain::task::Project::try_from("Müllgebühren".to_owned()).ok(),
        ..with("Ask", "")
    };
    add(
        &mut store,
        vec![
            with("Gebühren", ""),
            with("Send", "gebühren"),
            with("Gebührenordnung", ""),
            with("Send", "gebührenfrei"),
            with("Müllgebühren", "an die Stadt"),
            project,
            with("Send", "Müllgebühren"),
        ],
    );
    for _ in 0..2 {
        assert_eq!(found(&store, "gebühren"), [1, 2, 3, 4, 6, 5]);
        assert_eq!(found(&store, "gebühren stadt"), [5]);
        assert_eq!(found(&store, "ühren"), [6, 5, 3, 1]);
        assert_eq!(found(&store, "hre"), [0; 0]);
        store.catch_up().unwrap();
    }
}

#[test]
fn a_piece_of_two_words_is_not_found() {
    let (_folder, mut store) = store();
    let with_project = Draft {
        project: crate::domain::task::Project::try_from("xdefgh".to_owned()).ok(),
        ..Draft::titled(title("Abcdef"))
    };
    // The end of the first word goes on in the other, as far as that is kept.
    add(
        &mut store,
        vec![Draft::titled(title("Abcdef xdefgh")), with_project],
    );
    for _ in 0..2 {
        assert_eq!(found(&store, "cdefg"), [0; 0]);
        assert_eq!(found(&store, "bcdef"), [2, 1]);
        assert_eq!(found(&store, "defgh"), [2, 1]);
        store.catch_up().unwrap();
    }
}

#[test]
fn an_index_by_other_rules_is_made_anew_when_the_database_is_opened() {
    let (folder, mut store) = store();
    add(&mut store, vec![Draft::titled(title("会議資料を準備"))]);
    store.catch_up().unwrap();
    // As another version may have made it: the text as one term.
    for sql in [
        "INSERT OR REPLACE INTO search (rowid, heading, labels, body, remarks, inside) VALUES (1, '会議資料を準備', '', '', '', '')",
        "INSERT OR REPLACE INTO title_search (rowid, heading) VALUES (1, '会議資料を準備')",
        "UPDATE word_rules SET version = version + 1",
    ] {
        store.run(sql, []).unwrap();
    }
    assert!(!store.index_agrees().unwrap());
    assert_eq!(found(&store, "資料"), [0; 0]);
    // A program that has it open mixes nothing into it, and finds what waits.
    add(&mut store, vec![Draft::titled(title("資料"))]);
    store.catch_up().unwrap();
    assert_eq!((waiting(&store), found(&store, "資料")), (1, vec![2]));
    for access in [Access::Read, Access::Write] {
        let opened = Store::open(&folder.path().join("tasks.db"), access).unwrap();
        assert_eq!(found(&opened, "資料"), [2, 1]);
        assert_eq!(waiting(&opened), 0);
    }
    assert!(store.index_agrees().unwrap());
}

#[test]
fn what_projects_and_tags_are_compared_by_is_folded_anew_with_the_index() {
    let (folder, mut store) = store();
    let named = |tags: &[&str]| Draft {
        project: Project::try_from("İş".to_owned()).ok(),
        tags: tags
            .iter()
            .map(|tag| Tag::try_from((*tag).to_owned()).unwrap())
            .collect(),
        ..Draft::titled(title("x"))
    };
    add(&mut store, vec![named(&["İŞ", "ev"]), named(&["iş"])]);
    store.catch_up().unwrap();
    let keys = |store: &Store| -> Vec<String> {
        let mut keys = store
            .connection
            .prepare_cached("SELECT project_key FROM task UNION ALL SELECT tag FROM tag ORDER BY 1")
            .unwrap();
        let keys = keys.query_map([], |row| row.get(0)).unwrap();
        keys.collect::<rusqlite::Result<_>>().unwrap()
    };
    let ours = keys(&store);
    assert_eq!(ours, ["ev", "iş", "iş", "iş", "iş"]);
    // As a program has it that keeps the dot, and took both for two tags of one task.
    for sql in [
        "UPDATE task SET project_key = 'i\u{307}ş'",
        "INSERT INTO tag (tag, is_old, task_id) VALUES ('i\u{307}ş', 0, 1)",
        "UPDATE word_rules SET version = version - 1",
    ] {
        store.run(sql, []).unwrap();
    }
    let opened = Store::open(&folder.path().join("tasks.db"), Access::Read).unwrap();
    assert_eq!(keys(&opened), ours);
}

#[test]
fn an_index_that_was_never_filled_agrees_with_tasks_that_all_wait() {
    let (_folder, mut store) = store();
    add(&mut store, vec![Draft::titled(title("会議"))]);
    store.run("DELETE FROM word_rules", []).unwrap();
    assert_eq!(waiting(&store), 1);
    assert!(store.index_agrees().unwrap());
    store.run("DELETE FROM unindexed", []).unwrap();
    assert!(!store.index_agrees().unwrap());
}

#[test]
fn all_tasks_are_found_where_none_could_be_indexed() {
    let (_folder, mut store) = store();
    let many = READ_AT_ONCE as usize + 10;
    add(&mut store, vec![Draft::titled(title("会議")); many]);
    store
        .run("INSERT INTO unindexed (task_id) SELECT id FROM task", [])
        .unwrap();
    assert_eq!(all_found(&store, "会").len(), many);
}

#[test]
fn titles_of_scripts_without_blanks_are_similar_when_most_of_their_characters_are_the_same() {
    let (_folder, mut store) = store();
    add(&mut store, vec![Draft::titled(title("会議資料を準備"))]);
    let similar = |store: &Store, text| store.similar(&title(text), id(9)).unwrap();
    for _ in 0..2 {
        assert_eq!(
            similar(&store, "会議資料を準").map(|(id, _)| id),
            Some(id(1))
        );
        assert_eq!(similar(&store, "会議"), None);
        assert_eq!(similar(&store, "資料会議を準備"), None);
        let words = Words::read("資料").unwrap();
        assert_eq!(store.open_titled(&words, 3).unwrap(), [id(1)]);
        store.catch_up().unwrap();
    }
}

#[test]
fn comments_longer_than_a_value_can_be_keep_nothing_from_being_indexed() {
    let (_folder, mut store) = store();
    add(&mut store, vec![Draft::titled(title("Much said"))]);
    // As many as one call would have to add one by one.
    store
        .run(
            "INSERT INTO comment (task_id, at, actor, text)
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 600)
             SELECT 1, n, 'test', 'comment ' || n || ' ' || replace(hex(zeroblob(8000)), '00', '会') FROM n",
            [],
        )
        .unwrap();
    for _ in 0..2 {
        assert_eq!(found(&store, "comment 1"), [1]);
        assert_eq!(found(&store, "said"), [1]);
        store.catch_up().unwrap();
    }
    assert_eq!(waiting(&store), 0);
}
