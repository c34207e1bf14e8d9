//! Sessions that have a name and no connection of their own: what each was told is kept between its requests.

use std::{collections::HashMap, sync::Arc};

use super::calls::Told;
use crate::domain::session::SessionId;

/// The most that are kept. One that is forgotten is told again what its client last was not.
const MOST: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct NamedSessions {
    told: HashMap<SessionId, (Arc<Told>, u64)>,
    /// How often one was asked for.
    asked: u64,
}

impl NamedSessions {
    /// Returns what the session of this name was told, which is nothing if it is new.
    pub(super) fn told(&mut self, id: &SessionId) -> Arc<Told> {
        self.asked += 1;
        if let Some((told, last)) = self.told.get_mut(id) {
            *last = self.asked;
            return Arc::clone(told);
        }
        if self.told.len() >= MOST {
            let longest_unused = self.told.iter().min_by_key(|(_, (_, last))| *last);
            if let Some(id) = longest_unused.map(|(id, _)| id.clone()) {
                self.told.remove(&id);
            }
        }
        let told = Arc::default();
        let kept = (Arc::clone(&told), self.asked);
        self.told.insert(id.clone(), kept);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_that_is_longest_unused_is_forgotten_first() {
        let mut named = NamedSessions::default();
        let id = SessionId::numbered;
        let most = MOST as u64;
        for number in 0..most {
            named.told(&id(number)).set(1);
        }
        assert_eq!(named.told(&id(0)).get(), Some(1));
        named.told(&id(most)).set(1);
        assert_eq!(named.told(&id(1)).get(), None);
        assert_eq!(named.told(&id(0)).get(), Some(1));
    }
}
