//! What a campaign found, told so that it can be read: how much of each sort, and some of it in full.

use std::collections::BTreeMap;

/// How many failures of a sort are told in full, and how much of each.
const IN_FULL: usize = 2;
const LONGEST: usize = 700;

/// One thing that must not be.
pub(crate) struct Failure {
    /// In which scenario, and under which fault.
    pub(crate) sort: String,
    pub(crate) what: String,
}

/// Panics if there are failures, of which `runs` could have been.
pub(crate) fn assert_none(failures: &[Failure], runs: u64) {
    let mut sorts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Failure { sort, what } in failures {
        sorts.entry(sort).or_default().push(what);
    }
    let mut lines = Vec::new();
    for (sort, all) in &sorts {
        lines.push(format!("{} x {sort}", all.len()));
        for what in all.iter().take(IN_FULL) {
            let what: String = what.chars().take(LONGEST).collect();
            lines.push(format!("    {what}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {runs} failed:\n{}",
        failures.len(),
        lines.join("\n")
    );
}
