//! How many tasks a list has.

use std::fmt;

/// How many tasks a list has, counted as far as the number is worth the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// So many were counted.
    pub number: u32,
    /// There may be more, which were not counted.
    pub is_cut: bool,
}

impl Count {
    /// Returns the count of a list that was read to its end.
    pub fn exact(number: usize) -> Self {
        Self {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            is_cut: false,
        }
    }

    /// Returns the count with so many more.
    #[must_use]
    pub fn and(self, more: usize) -> Self {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        Self {
            number: self.number.saturating_add(more),
            ..self
        }
    }

    /// Returns the count, cut where it lies above `most`.
    #[must_use]
    pub fn up_to(self, most: u32) -> Self {
        Self {
            number: self.number.min(most),
            is_cut: self.is_cut || self.number > most,
        }
    }

    /// Reports whether the list is known to have none.
    pub fn is_none(self) -> bool {
        self.number == 0 && !self.is_cut
    }
}

impl fmt::Display for Count {
    /// Writes `12`, or `12+` where there may be more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.is_cut { "+" } else { "" };
        write!(f, "{}{more}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_whether_there_may_be_more() {
        let count = |number, is_cut| Count { number, is_cut };
        assert_eq!(Count::exact(12).to_string(), "12");
        assert_eq!(count(0, true).to_string(), "0+");
        assert!(!count(0, true).is_none() && count(0, false).is_none());
        assert_eq!(count(990, false).and(50).up_to(1_000), count(1_000, true));
        assert_eq!(count(950, false).and(50).up_to(1_000), count(1_000, false));
    }
}
