//! Lists and the log as tables: how wide they are, and what stays when there is little room.

use super::{run, terminal::at_terminal};
use crate::support::Home;

const LONG: &str =
    "Write to the landlord about the heating, the stairs, the roof and the garden fence";

/// Returns the longest line, in columns.
fn width(printed: &str) -> usize {
    let lines = printed.lines().map(|line| line.chars().count());
    lines.max().unwrap_or_default()
}

#[test]
fn a_width_that_is_set_wins_over_that_of_the_terminal() {
    let home = Home::new();
    run(&home, &["add", LONG]);
    for (columns, expected) in [("40", 40), ("0", 80), ("wide", 80), ("", 80)] {
        let environment = [("COLUMNS", columns), ("NO_COLOR", "1")];
        let (printed, _) = at_terminal(&home, 80, &["list"], &environment);
        assert_eq!(width(&printed), expected, "{columns:?}: {printed}");
    }
}

#[test]
fn a_long_title_leaves_room_for_what_else_there_is() {
    let home = Home::new();
    let words = [
        "due:2031-06-02",
        "project:house and garden",
        "repeat:every 2 weeks on mon and thu",
        "+garden",
    ];
    run(&home, &[&["add", LONG][..], &words].concat());
    let line = |columns| {
        let (printed, _) = at_terminal(&home, columns, &["list"], &[("NO_COLOR", "1")]);
        printed.trim_end().to_owned()
    };
    assert_eq!(
        line(80),
        "  1   Write to the landlord about the heating…  2031-06-02  house and…  every 2…"
    );
    // A terminal that says it has one column is not believed.
    assert_eq!(line(1), "  1   Write to the…");
}
