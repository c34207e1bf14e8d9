use std::fs;

use super::*;

/// Loads the configuration in a folder where `config.toml` says `text`, with these variables.
fn load(text: &str, variables: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, text).unwrap();
    Loaded::load(None, None, |name| {
        let given = variables.iter().find(|(known, _)| *known == name);
        match given {
            Some((_, value)) => Some(OsString::from(value)),
            None if name == FILE_VARIABLE => Some(file.clone().into_os_string()),
            None => None,
        }
    })
}

/// Returns all that is wrong with it.
fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    let config = load(text, variables);
    let wrong = config.problems.into_iter().chain(config.database.err());
    let wrong: Vec<String> = wrong.map(|error| error.to_string()).collect();
    wrong.join("; ")
}

fn warned(config: &Loaded) -> Vec<String> {
    config.warnings.iter().map(ToString::to_string).collect()
}

fn rooted(name: &str) -> PathBuf {
    std::env::temp_dir().join(name)
}

fn home() -> PathBuf {
    Folders::here().unwrap().home
}

#[test]
fn a_relative_path_is_refused_with_the_absolute_one() {
    let here = std::env::current_dir().unwrap();
    for (given, absolute) in [
        ("tasks.db", here.join("tasks.db")),
        ("~/tasks.db", home().join("tasks.db")),
    ] {
        assert_eq!(
            refusal("", &[(DATABASE_VARIABLE, given)]),
            format!(
                "$TASKHOLD_DB: {given} is not an absolute path; give {}",
                absolute.display()
            )
        );
    }
}

#[test]
fn a_path_of_the_file_may_begin_at_home() {
    let config = load("database = '~/notes/tasks.db'", &[]);
    assert_eq!(
        config.database.unwrap().value,
        home().join("notes/tasks.db")
    );
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let file = format!("database = {:?}", rooted("file.db"));
    let of_file = load(&file, &[]).database.unwrap();
    assert_eq!(of_file.value, rooted("file.db"));
    assert!(matches!(of_file.source, Source::File(_)));

    let variable = rooted("variable.db");
    let variables = [(DATABASE_VARIABLE, variable.to_str().unwrap())];
    let of_variable = load(&file, &variables).database.unwrap();
    assert_eq!(of_variable.value, variable);
    assert_eq!(of_variable.source, Source::Variable(DATABASE_VARIABLE));

    let flags = (Some(rooted("flag.db")), Some(Color::Always));
    let of_flag = Loaded::load(flags.0, flags.1, |name| {
        (name == NO_COLOR_VARIABLE).then(|| "1".into())
    });
    assert_eq!(of_flag.database.unwrap().value, rooted("flag.db"));
    assert_eq!(of_flag.color.value, Color::Always);
    let of_variable = load("color = 'always'", &[(NO_COLOR_VARIABLE, "1")]).color;
    assert_eq!(of_variable.value, Color::Never);
    assert_eq!(of_variable.source.to_string(), "$NO_COLOR");
}

#[test]
fn a_file_that_is_named_must_be_there_and_the_usual_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("slip.toml");
    let named = |name: &str| (name == FILE_VARIABLE).then(|| missing.clone().into_os_string());
    let said = format!(
        "$TASKHOLD_CONFIG: there is no file {}; name one that is there, or leave it out",
        missing.display()
    );
    let config = Loaded::load(None, None, named);
    assert_eq!(config.database.unwrap_err().to_string(), said);

    let config = Loaded::load(Some(rooted("flag.db")), None, named);
    assert_eq!(config.database.unwrap().value, rooted("flag.db"));
    assert_eq!(config.problems[0].to_string(), said);
}

#[test]
fn an_empty_variable_is_none() {
    let names = [DATABASE_VARIABLE, ZONE_VARIABLE, NO_COLOR_VARIABLE];
    let empty = load("", &names.map(|name| (name, "")));
    assert_eq!(empty.database.unwrap().source, Source::Default);
    assert_eq!(empty.zone.source, Source::System);
    assert_eq!(empty.color.source, Source::Default);
}

#[test]
fn the_file_sets_the_zone_the_week_and_colours() {
    let text = "time_zone = 'Asia/Kathmandu'\nweek_start = 'sunday'\ncolor = 'always'";
    let config = load(text, &[]);
    assert_eq!(config.zone.value.name(), "Asia/Kathmandu");
    assert_eq!(config.zone.value.week_start(), Weekday::Sun);
    assert_eq!(config.color.value, Color::Always);
    let abroad = load(text, &[(ZONE_VARIABLE, "Asia/Tokyo")]);
    assert_eq!(abroad.zone.value.name(), "Asia/Tokyo");
    assert_eq!(abroad.zone.value.week_start(), Weekday::Sun);
}

#[test]
fn the_file_sets_the_order_of_day_and_month() {
    for (text, order) in [
        ("", None),
        ("date_order = 'day-month'", Some(DateOrder::DayMonth)),
        ("date_order = 'dmy'", Some(DateOrder::DayMonth)),
        ("date_order = 'month-day'", Some(DateOrder::MonthDay)),
    ] {
        let config = load(text, &[(ZONE_VARIABLE, "Asia/Tokyo")]);
        assert_eq!(config.zone.value.date_order(), order, "{text}");
        assert_eq!(config.date_order == Source::Default, order.is_none());
    }
}

#[test]
fn a_zone_may_be_a_rule_and_one_that_cannot_be_read_is_warned_of() {
    let rule = "CET-1CEST,M3.5.0,M10.5.0/3";
    let config = load("", &[(ZONE_VARIABLE, rule)]);
    assert_eq!(config.zone.value.name(), rule);
    assert!(config.warnings.is_empty());

    let config = load(
        "time_zone = 'Asia/Tokyo'",
        &[(ZONE_VARIABLE, "Mars/Olympus")],
    );
    assert_eq!(config.zone.value.name(), "Asia/Tokyo");
    let [warning] = warned(&config).try_into().unwrap();
    assert!(
        warning.starts_with("$TZ: \"Mars/Olympus\" is no time zone"),
        "{warning}"
    );
    assert!(config.problems.is_empty());
}

#[test]
fn the_file_sets_what_a_command_takes_where_its_call_does_not_say() {
    let none = load("", &[]).defaults;
    assert_eq!(
        none.view,
        Setting {
            value: View::Open,
            source: Source::Default
        }
    );
    assert_eq!((none.limit.value, none.project.value), (50, None));

    let inline = "defaults = { view = 'ready', limit = 20, project = ' Inbox ' }";
    let table = "[defaults]\nview = 'ready'\nlimit = 20\nproject = ' Inbox '";
    for text in [inline, table] {
        let set = load(text, &[]).defaults;
        assert_eq!((set.view.value, set.limit.value), (View::Ready, 20));
        assert_eq!(set.project.value.unwrap().as_str(), "Inbox");
        assert!(matches!(set.project.source, Source::File(_)));
    }
}

#[test]
fn what_the_file_says_wrong_is_named_with_its_line() {
    for (text, expected) in [
        (
            "time_zone = 'Mars/Olympus'",
            "config.toml: \"Mars/Olympus\" is no time zone",
        ),
        (
            "color = 'auto'\nweek_start = 'friday'",
            "config.toml, line 2: week_start: friday cannot be used: it must be \"monday\", \"saturday\" or \"sunday\"",
        ),
        (
            "date_order = 'iso'",
            "line 1: date_order: iso cannot be used: it must be \"day-month\" or \"month-day\"",
        ),
        (
            "database = 'tasks.db'",
            "config.toml: tasks.db is not an absolute path",
        ),
        ("database = ''", "config.toml: the path is empty"),
        (
            "database = 3",
            "line 1: database: 3 cannot be used: it must be a path in quotes",
        ),
        (
            "color = 5",
            "line 1: color: 5 cannot be used: it must be \"auto\", \"always\" or \"never\"",
        ),
        ("color = []", "line 1: color: [] cannot be used: it must be"),
        (
            "time_zone = true",
            "line 1: time_zone: true cannot be used: it must be a zone in quotes",
        ),
        (
            "[defaults.limit]",
            "defaults.limit: it is a table, and must be a whole number",
        ),
        (
            "defaults = { limit = '50' }",
            "line 1: defaults.limit: 50 cannot be used: it must be a whole number from 1 to 4294967295",
        ),
        (
            "defaults = { limit = -1 }",
            "line 1: defaults.limit: -1 cannot be used: it must be a whole number",
        ),
        (
            "defaults = { view = 3, project = 'x' }",
            "line 1: defaults.view: 3 cannot be used: it must be a view in quotes",
        ),
        ("color = ", "config.toml, line 1: "),
        (
            "[defaults]\nlimit = 0",
            "line 2: defaults.limit: 0 cannot be used: it must be a whole number from 1 to 4294967295",
        ),
        ("defaults = 3", "line 1: defaults holds settings"),
        (
            "[defaults]\nview = 'someday'",
            "line 2: defaults.view: \"someday\" is none of open, ready",
        ),
        ("[defaults]\nproject = ' '", "project is blank"),
    ] {
        let refusal = refusal(text, &[]);
        assert!(refusal.contains(expected), "{text}: {refusal}");
    }
}

#[test]
fn what_is_wrong_leaves_the_rest_but_never_leads_to_another_database() {
    let known = format!("database = {:?}\nweek_start = 'sunday'", rooted("known.db"));
    let config = load(&format!("{known}\ncolor = 'loud'\n"), &[]);
    assert_eq!(config.problems.len(), 1);
    assert_eq!(config.database.unwrap().value, rooted("known.db"));
    assert_eq!(config.zone.value.week_start(), Weekday::Sun);
    assert_eq!(config.color.value, Color::Auto);

    let given = rooted("given.db");
    let variables = [(DATABASE_VARIABLE, given.to_str().unwrap())];
    for broken in ["database = 3", "color = ", "database = 'x.db'"] {
        assert!(load(broken, &[]).database.is_err(), "{broken}");
        let config = load(broken, &variables);
        assert_eq!(config.database.unwrap().value, given, "{broken}");
    }
}

#[test]
fn what_a_newer_version_sets_is_passed_over_and_told() {
    let text = "\ncolour = 'auto'\n[defaults]\ntag = 'x'\nlimit = 7\n[server]\nport = 1";
    let config = load(text, &[]);
    assert!(config.problems.is_empty());
    assert_eq!(config.defaults.limit.value, 7);
    let warned = warned(&config);
    for (number, said) in [
        "line 2: there is no setting colour;",
        "line 6: there is no setting server;",
        "line 4: there is no setting defaults.tag;",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(warned[number].contains(said), "{warned:?}");
    }
}

#[test]
fn a_file_that_is_not_there_sets_nothing() {
    let missing = rooted("no folder of that name/config.toml");
    let config = load("", &[(FILE_VARIABLE, missing.to_str().unwrap())]);
    assert_eq!(config.color.source, Source::Default);
    assert_eq!(config.zone.value.week_start(), Weekday::Mon);
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_refused() {
    let refusal = refusal("", &[(FILE_VARIABLE, "/dev/zero")]);
    assert!(
        refusal.contains("more than 65536 bytes, too long for settings"),
        "{refusal}"
    );
}

#[cfg(unix)]
#[test]
fn the_empty_device_sets_nothing() {
    let config = load("", &[(FILE_VARIABLE, "/dev/null")]);
    assert_eq!(config.color.source, Source::Default);
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("config.toml");
    std::fs::write(&long, "# comment\n".repeat(10_000)).unwrap();
    let refusal = refusal("", &[(FILE_VARIABLE, long.to_str().unwrap())]);
    assert!(
        refusal.contains("more than 65536 bytes, too long for settings"),
        "{refusal}"
    );
}

#[test]
fn a_path_with_backslashes_in_double_quotes_is_told_how_to_be_written() {
    for path in [
        r"C:\Users\me\tasks.db",
        r"C:\tasks\new.db",
        r"\\nas\team\x.db",
    ] {
        let wrong = refusal(&format!("color = \"never\"\ndatabase = \"{path}\"\n"), &[]);
        assert!(
            wrong.contains("line 2") && wrong.contains(r"database = 'C:\Users\me\tasks.db'"),
            "{path}: {wrong}"
        );
    }
    // What is written rightly, or wrong in another way, hears nothing of it.
    for text in [
        r"database = 'C:\tasks\new.db'",
        r#"database = "C:\\tasks\\new.db""#,
        "database = 'a\nb'",
        r#"time_zone = "a\"b""#,
    ] {
        let wrong = refusal(text, &[]);
        assert!(!wrong.contains("backslash"), "{text}: {wrong}");
    }
}
