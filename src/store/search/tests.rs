//! Searches before and after words are indexed, and what they cost.

use super::{few::FEW, tiers::MOST_LONGER, *};
use crate::{
    domain::{
        command::{Caller, Command, Draft, Patch},
        task::{Actor, CommentText, Description, Project, Tag, Timestamp},
        when::Zone,
    },
    store::{Access, search_words::Longer},
};

mod effort;
mod scripts;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
    (folder, store)
}

fn run(store: &mut Store, command: &Command) {
    let caller = Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(0),
        zone: Zone::UTC,
        session: None,
    };
    store.execute(command, &caller).unwrap();
}

#[test]
fn a_similar_task_is_looked_for_among_few() {
    let (_folder, store) = store();
    for (sql, first) in [
        (WAITING_TITLES, "SEARCH unindexed"),
        (INDEXED_TITLES, "SCAN title_search VIRTUAL TABLE"),
    ] {
        let plan = store.plan(sql);
        assert!(plan.starts_with(first), "{plan}");
        assert!(
            plan.contains("SEARCH task USING INTEGER PRIMARY KEY (rowid=?)"),
            "{plan}"
        );
    }
}

fn title(text: &str) -> Title {
    Title::try_from(text.to_owned()).unwrap()
}

fn add(store: &mut Store, drafts: Vec<Draft>) {
    run(store, &Command::Add { drafts, key: None });
}

fn id(number: i64) -> TaskId {
    TaskId::try_from(number).unwrap()
}

fn patch(store: &mut Store, number: i64, patch: Patch) {
    let ids = vec![id(number)];
    let if_rev = None;
    run(store, &Command::Update { ids, patch, if_rev });
}

/// Three tasks, of which the first was changed since.
fn fill(store: &mut Store) {
    let drafts = ["Call the bank", "Write reports", "Réparer le vélo à Łódź"];
    add(
        store,
        drafts.map(|text| Draft::titled(title(text))).to_vec(),
    );
    let body = "Reported by the bank; see the figures".to_owned();
    let texts = Patch {
        title: Some(title("Call the insurer")),
        description: Some(Description::try_from(body).unwrap()),
        tags: Some([Tag::try_from("money".to_owned()).unwrap()].into()),
        ..Patch::default()
    };
    patch(store, 1, texts);
}

fn waiting(store: &Store) -> u32 {
    let count = "SELECT count(*) FROM unindexed";
    let mut statement = store.connection.prepare_cached(count).unwrap();
    statement.query_row([], |row| row.get(0)).unwrap()
}

fn found(store: &Store, query: &str) -> Vec<i64> {
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    let (words, none) = (Words::read(query).unwrap(), Filters::default());
    let (mut ids, mut after) = (Vec::new(), None);
    // Page by page: what waits and what does not must follow each other in one order.
    loop {
        let page = store
            .search(&words, View::All, &none, &moment, after, 1)
            .unwrap();
        ids.extend(page.tasks.iter().map(|task| task.id.get()));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

fn expect_all_found(store: &Store) {
    let expected: [(&str, &[i64]); 12] = [
        ("bank", &[1]),
        ("insurer", &[1]),
        ("call bank", &[1]),
        ("report", &[2, 1]),
        ("reports", &[2]),
        ("call", &[1]),
        ("REPORTS", &[2]),
        ("reparer velo", &[3]),
        ("łódź", &[3]),
        ("money", &[1]),
        ("rep", &[3, 2, 1]),
        ("writ figures", &[]),
    ];
    for (query, ids) in expected {
        assert_eq!(found(store, query), ids, "{query}");
    }
}

#[test]
fn a_search_finds_the_same_before_and_after_the_words_are_indexed() {
    let (_folder, mut store) = store();
    fill(&mut store);
    assert_eq!(waiting(&store), 3);
    expect_all_found(&store);
    store.catch_up().unwrap();
    assert_eq!(waiting(&store), 0);
    expect_all_found(&store);
}

#[test]
fn a_task_that_waits_is_found_by_its_new_words_alone() {
    let (_folder, mut store) = store();
    let drafts = ["Call the bank", "Rob the bank"].map(|text| Draft::titled(title(text)));
    add(&mut store, drafts.to_vec());
    store.catch_up().unwrap();
    let renamed = Patch {
        title: Some(title("Call the river")),
        ..Patch::default()
    };
    patch(&mut store, 1, renamed);
    assert_eq!(found(&store, "bank"), [2]);
    assert_eq!(found(&store, "river"), [1]);
    store.catch_up().unwrap();
    assert_eq!(found(&store, "bank"), [2]);
    assert_eq!(found(&store, "river"), [1]);
}

#[test]
fn words_are_indexed_many_at_once_by_whoever_writes() {
    let (_folder, mut store) = store();
    for number in 1..=AT_ONCE {
        assert_eq!(waiting(&store), number - 1);
        add(&mut store, vec![Draft::titled(title("Buy milk"))]);
    }
    assert_eq!(waiting(&store), 0);
    assert_eq!(found(&store, "milk").len(), AT_ONCE as usize);
}

#[test]
fn words_that_begin_alike_are_found_however_many_they_are() {
    for many in [MOST_LONGER, MOST_LONGER + 1] {
        let (_folder, mut store) = store();
        let drafts = (0..many).map(|number| Draft::titled(title(&format!("Shelf{number} up"))));
        add(&mut store, drafts.collect());
        store.catch_up().unwrap();
        let is_named = store.longer("shelf").unwrap() != Longer::Any;
        assert_eq!(is_named, many == MOST_LONGER);
        let found = |text| pages(&store, text, 150).concat();
        assert_eq!(found("shelf").len(), many);
        let begins = |number: &usize| number.to_string().starts_with('7');
        assert_eq!(found("shelf7").len(), (0..many).filter(begins).count());
    }
}

#[test]
fn longer_words_are_those_of_texts_and_not_pieces_of_others() {
    let (folder, mut store) = store();
    let titles = ["Report", "Reports, a reporter", "Bureportal"];
    add(
        &mut store,
        titles.map(|text| Draft::titled(title(text))).to_vec(),
    );
    store.catch_up().unwrap();
    let reader = Store::open(&folder.path().join("tasks.db"), Access::Read).unwrap();
    for store in [&store, &reader] {
        let longer = |term: &str| match store.longer(term).unwrap() {
            Longer::Terms(terms) => terms.join(" "),
            Longer::Any => panic!("these are few"),
        };
        assert_eq!(longer("report"), "reporter reports");
        assert_eq!(longer("reports"), "");
        assert_eq!(longer("port"), "");
    }
    // It still only reads.
    assert!(reader.run("DELETE FROM unindexed", []).is_err());
}

#[test]
fn a_title_is_similar_whether_it_waits_or_not() {
    let (_folder, mut store) = store();
    add(&mut store, vec![Draft::titled(title("Buy oat milk"))]);
    let similar = |store: &Store, text| store.similar(&title(text), id(9)).unwrap();
    for _ in 0..2 {
        assert_eq!(similar(&store, "Buy milk").map(|(id, _)| id), Some(id(1)));
        assert_eq!(similar(&store, "Buy milk today"), None);
        assert_eq!(similar(&store, "Milk"), None);
        store.catch_up().unwrap();
    }
}

#[test]
fn open_tasks_are_found_by_their_title_whether_they_wait_or_not() {
    let (_folder, mut store) = store();
    let titles = ["Fix the login", "Fixed costs", "Prefix", "Fix the roof"];
    add(
        &mut store,
        titles.map(|text| Draft::titled(title(text))).to_vec(),
    );
    store.catch_up().unwrap();
    run(&mut store, &Command::Complete(vec![id(2)]));
    add(&mut store, vec![Draft::titled(title("Fix supper"))]);
    let with = |text| store.open_titled(&Words::read(text).unwrap(), 3).unwrap();
    assert_eq!(with("fix"), [id(5), id(4), id(1)]);
    assert_eq!(with("LOG fix"), [id(1)]);
}

#[test]
fn a_search_begins_with_the_words_and_sorts_nothing() {
    let (_folder, store) = store();
    for view in [View::Open, View::Ready, View::All, View::Trash] {
        let none = Filters::default();
        let sql = view.sql(&none);
        for (sql, table) in [(sql.titled(), "title_search"), (sql.matching(), "search")] {
            let [sql] = sql.as_slice() else {
                panic!("{view:?} has no rounds: {sql:?}");
            };
            let plan = store.plan(sql);
            assert!(
                plan.starts_with(&format!("SCAN {table} VIRTUAL TABLE")),
                "{view:?}: {plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{view:?} is sorted: {plan}");
        }
    }
}

#[test]
fn whatever_a_query_holds_it_is_words_and_never_a_syntax_error() {
    let (_folder, mut store) = store();
    fill(&mut store);
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    for query in [
        "AND",
        "a OR",
        "NOT",
        "\"",
        "*",
        "(",
        "heading:x",
        "a NEAR b",
        "^x",
        "-x",
        "x + y",
        "'; DROP TABLE task",
        "हिन्दी किताब",
        "日本語",
        "ﬁnance Ⅷ ²",
    ] {
        if let Ok(words) = Words::read(query) {
            store
                .search(&words, View::All, &Filters::default(), &moment, None, 10)
                .unwrap();
        }
    }
}

fn pages(store: &Store, text: &str, limit: u32) -> Vec<Vec<i64>> {
    let (words, none) = (Words::read(text).unwrap(), Filters::default());
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = store
            .search(&words, View::All, &none, &moment, after, limit)
            .unwrap();
        pages.push(page.tasks.iter().map(|task| task.id.get()).collect());
        after = page.next;
        if after.is_none() {
            return pages;
        }
    }
}

#[test]
fn a_page_that_is_gone_on_from_has_what_a_longer_first_page_has() {
    let (_folder, mut store) = store();
    let titles = ["letter", "letters", "newsletter", "note", "bloodletting 7"];
    let bodies = [
        "",
        "letter",
        "letters",
        "newsletters",
        "4711",
        "47110 and 7",
    ];
    let drafts = titles.iter().flat_map(|title| {
        let draft = |body: &&str| Draft {
            description: Description::try_from((*body).to_owned()).unwrap(),
            ..Draft::titled(self::title(title))
        };
        bodies.iter().map(draft)
    });
    add(&mut store, drafts.collect());
    for is_indexed in [false, true] {
        for text in [
            "letter",
            "lett",
            "etter",
            "letter 4711",
            "etter 7",
            "note 47110",
        ] {
            let whole = pages(&store, text, 100).concat();
            assert!(!whole.is_empty(), "{text}");
            for limit in 1..4 {
                let gone_on = pages(&store, text, limit).concat();
                assert_eq!(
                    gone_on, whole,
                    "{text}, {limit} a page, indexed: {is_indexed}"
                );
            }
        }
        store.catch_up().unwrap();
    }
}

#[test]
fn of_several_words_a_rare_one_leads() {
    let (_folder, mut store) = store();
    let drafts = |text: &str, count: usize| {
        let draft = |_| Draft::titled(title(text));
        (0..count).map(draft).collect::<Vec<_>>()
    };
    add(&mut store, drafts("send the newsletter", FEW as usize + 1));
    add(&mut store, drafts("send letter 4711", 2));
    store.catch_up().unwrap();
    let of_few = |store: &Store, text: &str| {
        let words = Words::read(text).unwrap();
        let queries = words.queries();
        let tiers: Vec<String> = (0..5).filter_map(|it| queries.first_tier(it)).collect();
        store.found_of_few(&words, || Ok(&queries), &tiers).unwrap()
    };
    for text in ["letter 4711", "4711 etter"] {
        assert!(of_few(&store, text).is_some(), "{text}");
    }
    // Many titles have the second inside a word.
    for text in ["send letter", "send newsletter", "send the", "letter"] {
        assert!(of_few(&store, text).is_none(), "{text}");
    }
    assert_eq!(pages(&store, "letter 4711", 10), [[131, 130]]);
    // What is long is left to the index.
    let long = Description::try_from("words ".repeat(8_000)).unwrap();
    for number in [130, 131] {
        let description = Some(long.clone());
        patch(
            &mut store,
            number,
            Patch {
                description,
                ..Patch::default()
            },
        );
    }
    let said = CommentText::try_from("words ".repeat(1_600)).unwrap();
    for _ in 0..11 {
        patch(
            &mut store,
            130,
            Patch {
                comment: Some(said.clone()),
                ..Patch::default()
            },
        );
    }
    store.catch_up().unwrap();
    assert!(of_few(&store, "letter 4711").is_none());
    assert_eq!(pages(&store, "letter 4711", 10), [[131, 130]]);
}
