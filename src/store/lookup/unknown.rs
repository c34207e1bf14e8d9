//! Names in a filter that no task has: said with those that may have been meant.

use super::Store;
use crate::{
    domain::{
        error::Result,
        query::{Filters, Names},
    },
    store::failure::WhileTrying,
};

/// Whether an open task is in a project or in one below it.
pub(super) const PROJECT_IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM task
              WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key = ?1)
         OR EXISTS (SELECT 1 FROM task
              WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress')
                AND project_key >= ?1 || '.' AND project_key < ?1 || '/')";

/// The same for tasks that are finished or in the trash.
pub(super) const OLD_PROJECT_IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM task
              WHERE (deleted_at IS NOT NULL OR status IN ('completed', 'cancelled')) AND project_key = ?1)
         OR EXISTS (SELECT 1 FROM task
              WHERE (deleted_at IS NOT NULL OR status IN ('completed', 'cancelled'))
                AND project_key >= ?1 || '.' AND project_key < ?1 || '/')";

pub(super) const TAG_IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM tag WHERE tag = ?1)";

impl Store {
    /// Returns what to say of a project or a tag in `filters` that no open task has.
    pub fn unknown_names(&self, filters: &Filters) -> Result<Vec<String>> {
        let mut unknown = Vec::new();
        if let Some(given) = &filters.project
            && !self.is_known(PROJECT_IS_KNOWN, &given.key())?
        {
            unknown.push(self.unknown(Names::Projects, given.as_str())?);
        }
        for given in &filters.tags {
            if self.spelled_tag(&given.key())?.is_none() {
                unknown.push(self.unknown(Names::Tags, given.as_str())?);
            }
        }
        Ok(unknown)
    }

    /// Returns what to say of a project or a tag that `filters` leave out and no task has, not even one in the trash: it is hardly
    /// the name that was meant.
    pub fn unknown_exclusions(&self, filters: &Filters) -> Result<Vec<String>> {
        let mut unknown = Vec::new();
        for given in &filters.without_projects {
            let key = given.key();
            if !self.is_known(PROJECT_IS_KNOWN, &key)?
                && !self.is_known(OLD_PROJECT_IS_KNOWN, &key)?
            {
                unknown.push(self.unknown(Names::Projects, given.as_str())?);
            }
        }
        for given in &filters.without_tags {
            if !self.is_known(TAG_IS_KNOWN, &given.key())? {
                unknown.push(self.unknown(Names::Tags, given.as_str())?);
            }
        }
        Ok(unknown)
    }

    /// Returns how an open task spells the name with this key.
    fn spelled(&self, names: Names, key: &str) -> Result<Option<String>> {
        Ok(match names {
            Names::Projects => self.spelled_project(key)?.map(|name| name.to_string()),
            Names::Tags => self.spelled_tag(key)?.map(|tag| tag.to_string()),
        })
    }

    /// Returns what to say of `given`, which no open task has. Only the nearest names are looked up in the tasks.
    fn unknown(&self, names: Names, given: &str) -> Result<String> {
        const LOOKED_AT: u32 = 1_000;
        const TRIED: usize = 2 * Names::SHOWN;
        let mut keys = self.name_keys(names, LOOKED_AT)?;
        Names::sort_nearest(given, &mut keys);
        let mut nearest = Vec::new();
        let mut tried = 0;
        for key in keys.iter().take(TRIED) {
            if nearest.len() == Names::SHOWN {
                break;
            }
            tried += 1;
            nearest.extend(self.spelled(names, key)?);
        }
        Ok(names.unknown(given, &nearest, keys.len() > tried))
    }

    /// Reports whether a name is one that `sql` finds.
    fn is_known(&self, sql: &str, key: &str) -> Result<bool> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)))
            .while_trying("look for a name")
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{add, id, run, store, tags},
        *,
    };
    use crate::domain::{command::Command, task::Project};

    #[test]
    fn a_name_is_unknown_when_no_open_task_has_it_or_one_below_it() {
        let (mut store, _folder) = store();
        for number in 0..30 {
            add(&mut store, "Count", |draft| {
                draft.project =
                    Some(Project::try_from(format!("Flat{number:02}.Kitchen")).unwrap());
                draft.tags = tags(&[&format!("Word{number:02}")]);
            });
        }
        run(&mut store, &Command::Complete(vec![id(8)]));
        let said = |project: Option<&str>, word: Option<&str>| {
            let filters = Filters {
                project: project.map(|name| Project::try_from(name.to_owned()).unwrap()),
                tags: tags(word.as_slice()).into_iter().collect(),
                ..Filters::default()
            };
            store.unknown_names(&filters).unwrap().join("; ")
        };
        assert_eq!(said(Some("flat09"), Some("WORD09")), "");
        assert_eq!(said(Some("flat09.kitchen"), None), "");
        assert_eq!(
            said(Some("Flat9.Kitchen"), None),
            "no open task is in a project Flat9.Kitchen; did you mean Flat09.Kitchen? projects: Flat09.Kitchen, \
             Flat19.Kitchen, Flat29.Kitchen, Flat00.Kitchen, Flat01.Kitchen, Flat02.Kitchen, Flat03.Kitchen, \
             Flat04.Kitchen, Flat05.Kitchen, Flat06.Kitchen and more"
        );
        let of_finished = said(None, Some("word07"));
        assert!(
            of_finished.starts_with(
                "no open task has a tag word07; did you mean Word00? tags: Word00, Word01"
            ),
            "{of_finished}"
        );
    }

    #[test]
    fn a_name_that_leaves_nothing_out_is_told_unless_some_task_has_it_or_had_it() {
        let (mut store, _folder) = store();
        for (project, word) in [("Work.Web", "phone"), ("Home", "errand")] {
            add(&mut store, "Count", |draft| {
                draft.project = Some(Project::try_from(project.to_owned()).unwrap());
                draft.tags = tags(&[word]);
            });
        }
        run(&mut store, &Command::Complete(vec![id(2)]));
        let said = |projects: &[&str], words: &[&str]| {
            let names = projects.iter().map(|name| (*name).to_owned());
            let filters = Filters {
                without_projects: names.map(|name| Project::try_from(name).unwrap()).collect(),
                without_tags: tags(words).into_iter().collect(),
                ..Filters::default()
            };
            store.unknown_exclusions(&filters).unwrap().join("; ")
        };
        assert_eq!(
            said(&["work", "WORK.web", "home"], &["Phone", "errand"]),
            ""
        );
        assert_eq!(
            said(&["Wrok.Web"], &["fone"]),
            "no open task is in a project Wrok.Web; did you mean Work.Web? projects: Work.Web; \
             no open task has a tag fone; did you mean phone? tags: phone"
        );
    }
}
