//! Tasks that would be a part of themselves, or wait for themselves.

use std::collections::HashSet;

use crate::domain::{
    error::{Error, Relation, Result},
    task::TaskId,
};

/// Refuses tasks that would come back to themselves through `edges`, looking from `starts` on and naming the way round.
pub(crate) fn refuse_cycle(
    starts: &[TaskId],
    relation: Relation,
    edges: &dyn Fn(TaskId) -> Result<Vec<TaskId>>,
) -> Result<()> {
    each_cycle(starts, edges, &mut |way| {
        Err(Error::Cycle { relation, way })
    })
}

/// Hands on the way round for each edge that leads back to a task on the way to it, looking from `starts` on.
pub(crate) fn each_cycle(
    starts: &[TaskId],
    edges: &dyn Fn(TaskId) -> Result<Vec<TaskId>>,
    act: &mut dyn FnMut(Vec<TaskId>) -> Result<()>,
) -> Result<()> {
    let mut seen = HashSet::new();
    for start in starts {
        if !seen.insert(*start) {
            continue;
        }
        // Depth first, with the way back on the stack: one entry a step, the edges still to try beside it.
        let mut way = vec![*start];
        let mut on_way = HashSet::from([*start]);
        let mut untried = vec![edges(*start)?];
        while let Some(next) = untried.last_mut() {
            match next.pop() {
                Some(step) if on_way.contains(&step) => {
                    let begin = way.iter().position(|id| *id == step).unwrap_or(0);
                    let mut round = way[begin..].to_vec();
                    round.push(step);
                    act(round)?;
                }
                Some(step) if seen.insert(step) => {
                    untried.push(edges(step)?);
                    way.push(step);
                    on_way.insert(step);
                }
                Some(_) => {}
                None => {
                    untried.pop();
                    way.pop().inspect(|id| {
                        on_way.remove(id);
                    });
                }
            }
        }
    }
    Ok(())
}
