//! Projects and tags as names: what is said of one that no open task has.

use crate::domain::{task::shortened, text::folded};

/// A kind of names that tasks have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// What tasks belong to.
    Projects,
    /// The words to find them by.
    Tags,
}

impl Names {
    /// Returns its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Projects => "projects",
            Self::Tags => "tags",
        }
    }

    /// How many names are shown of those there are.
    pub const SHOWN: usize = 10;

    /// Sorts the keys of names by how near they are to `given`, the nearest first.
    pub fn sort_nearest(given: &str, keys: &mut [String]) {
        let given = folded(given);
        keys.sort_by_cached_key(|key| (strsim::osa_distance(&given, key), key.clone()));
    }

    /// Returns what to say of `given`, which no open task has: `nearest` are names there are, the nearest first; `has_more` says
    /// that these are not all.
    pub fn unknown(self, given: &str, nearest: &[String], has_more: bool) -> String {
        let key = folded(given);
        let given = shortened(given, 40);
        let has = match self {
            Self::Projects => format!("no open task is in a project {given}"),
            Self::Tags => format!("no open task has a tag {given}"),
        };
        let close = key.chars().count().div_ceil(3);
        let meant = match nearest.first() {
            None if has_more => return has,
            None => return format!("{has}; there are no {}", self.as_str()),
            Some(name) if strsim::osa_distance(&key, &folded(name)) <= close => {
                format!("; did you mean {name}?")
            }
            Some(_) => ";".to_owned(),
        };
        let shown = nearest.iter().take(Self::SHOWN);
        let shown: Vec<String> = shown.map(|name| shortened(name, 40)).collect();
        let more = if has_more || nearest.len() > Self::SHOWN {
            " and more"
        } else {
            ""
        };
        let kind = self.as_str();
        format!("{has}{meant} {kind}: {}{more}", shown.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are_the_nearest_first() {
        let mut keys = ["flat", "home", "garden"].map(str::to_owned);
        Names::sort_nearest("HOM", &mut keys);
        assert_eq!(keys, ["home", "flat", "garden"]);
        let names = ["Home", "flat", "garden"].map(str::to_owned);
        assert_eq!(
            Names::Tags.unknown("hom", &names, false),
            "no open task has a tag hom; did you mean Home? tags: Home, flat, garden"
        );
        assert_eq!(
            Names::Projects.unknown("taxes", &names[1..2], true),
            "no open task is in a project taxes; projects: flat and more"
        );
        assert_eq!(
            Names::Projects.unknown("taxes", &[], false),
            "no open task is in a project taxes; there are no projects"
        );
        let many: Vec<String> = (0..40).map(|number| format!("name{number}")).collect();
        let said = Names::Tags.unknown("x", &many, false);
        assert!(said.ends_with("name9 and more"), "{said}");
    }
}
