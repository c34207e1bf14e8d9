//! Tasks of a file that go round in a circle: each is told, and one reference of it left out.
//!
//! Every way round has a reference ahead, so it passes a task that was set aside, whose references are not written yet.

use std::collections::HashSet;

use super::{field_of, names::Names};
use crate::domain::{
    command::each_cycle,
    error::{Relation, Result, named, round},
    task::{Invalid, TaskId},
};

/// How many circles are looked for. A file with more is refused as it is: each costs the length of its way.
const MOST: usize = 1_000;

/// Leaves out a reference of each circle of `relation` and tells it, with its line. Returns which task each was of, and to which it led.
pub(super) fn cut(
    names: &Names,
    relation: Relation,
    refuse: &mut impl FnMut(u64, Invalid),
) -> Result<HashSet<(TaskId, TaskId)>> {
    let aside = names.aside_for(relation)?;
    let mut looked_at = 0;
    let mut cut = HashSet::new();
    let mut is_over = false;
    // Again where a way led over a reference that was cut on the same walk: another circle may have hidden behind it.
    while !is_over {
        is_over = true;
        each_cycle(&aside, &|task| targets(names, task, relation), &mut |way| {
            looked_at += 1;
            if looked_at > MOST {
                let reason = format!("goes round in circles, more than {MOST} of them");
                return Err(Invalid::new(field_of(relation), reason).into());
            }
            let steps = || way.windows(2).map(|step| (step[0], step[1]));
            if steps().any(|step| cut.contains(&step)) {
                is_over = false;
                return Ok(());
            }
            for (from, to) in steps().rev() {
                let Some(line) = names.line_of(from)? else {
                    continue;
                };
                names.cut(from, relation, to)?;
                cut.insert((from, to));
                let reason = format!(
                    "goes round in a circle: {}; take one of these references out",
                    said(names, &way)?
                );
                refuse(line, Invalid::new(field_of(relation), reason));
                break;
            }
            Ok(())
        })?;
    }
    Ok(cut)
}

fn targets(names: &Names, task: TaskId, relation: Relation) -> Result<Vec<TaskId>> {
    let targets = names.targets(task)?.into_iter();
    Ok(targets
        .filter(|(other, _)| *other == relation)
        .map(|(_, target)| target)
        .collect())
}

fn said(names: &Names, way: &[TaskId]) -> Result<String> {
    let (first, others) = named(way);
    let called: Result<Vec<String>> = first
        .iter()
        .map(|id| Ok(names.name_of(*id)?.to_string()))
        .collect();
    Ok(round(&called?, others))
}
