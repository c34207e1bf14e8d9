//! Words to search for, as SQLite's full-text index wants them (FTS5, section 3).
//!
//! What a person types is never handed on as a query: its language has operators, and most texts are errors in it.

use crate::domain::{
    task::Invalid,
    text::{
        clean,
        terms::{Phrase, are_inside, phrases, pieces},
    },
};

/// The columns of texts: all but `inside`.
macro_rules! in_texts {
    ($query:literal) => {
        concat!("{{heading labels body remarks}} : ", $query)
    };
}

/// Words that a task must have. What is written together, without a blank or a sign, must stand together; one that ends in
/// three letters or more may also be the beginning of a longer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<Phrase>);

impl Words {
    /// The most terms that are searched for, a term being a word, or a character where no blanks are written; what follows
    /// is passed over.
    pub const MOST: usize = 32;

    /// The fewest letters that may be the beginning of a word; what is shorter begins too many.
    const SHORTEST_BEGINNING: usize = 3;

    /// Takes the words of `text`. Signs between them count for nothing.
    pub fn read(text: &str) -> Result<Self, Invalid> {
        let mut left = Self::MOST;
        let mut words = phrases(&clean(text).text);
        for phrase in &mut words {
            if phrase.terms.len() > left {
                phrase.terms.truncate(left);
                phrase.ends_in_letters = false;
            }
            left -= phrase.terms.len();
        }
        words.retain(|phrase| !phrase.terms.is_empty());
        if words.is_empty() {
            return Err(Invalid::new("query", "has no words to search for"));
        }
        Ok(Self(words))
    }

    /// Returns the query for titles with all the words.
    pub(super) fn in_title(&self) -> String {
        format!("{{heading}} : ({})", self.whole())
    }

    /// Returns the query for titles with words that begin so.
    pub(super) fn beginning_in_title(&self) -> String {
        self.queries().beginning_in_title()
    }

    /// Returns the queries that leave it to the index what begins as the words do.
    pub(super) fn queries(&self) -> Queries<'_> {
        Queries {
            words: self,
            longer: vec![Longer::Any; self.0.len()],
        }
    }

    /// Returns the queries that name the terms that begin as the words do; `longer` gives those that begin with a term.
    pub(super) fn queries_with<E>(
        &self,
        mut longer: impl FnMut(&str) -> Result<Longer, E>,
    ) -> Result<Queries<'_>, E> {
        let of_phrase = |phrase: &Phrase| match phrase.terms.last() {
            Some(last) if is_beginning(phrase) => longer(last),
            _ => Ok(Longer::Terms(Vec::new())),
        };
        Ok(Queries {
            words: self,
            longer: self.0.iter().map(of_phrase).collect::<Result<_, E>>()?,
        })
    }

    /// Returns how many queries find all there is; see [`Queries::tier`].
    pub(super) fn tiers(&self) -> usize {
        if self.0.iter().any(is_part) { 5 } else { 4 }
    }

    /// Returns the places of the phrases, where there are several; first of those that are likely to be rare: with digits, and long ones.
    pub(super) fn rarest_first(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.0.len()).collect();
        if places.len() < 2 {
            return Vec::new();
        }
        places.sort_by_cached_key(|&place| {
            let text = self.0[place].terms.concat();
            let has_digits = text.chars().any(char::is_numeric);
            std::cmp::Reverse((has_digits, text.chars().count()))
        });
        places
    }

    /// Returns the query for what has one of the phrases as it is.
    pub(super) fn whole_one(&self, place: usize) -> String {
        whole(&self.0[place])
    }

    fn whole(&self) -> String {
        let phrases: Vec<String> = self.0.iter().map(whole).collect();
        phrases.join(" AND ")
    }

    /// Returns how many different terms there are.
    pub(super) fn count(&self) -> usize {
        let terms = self.0.iter().flat_map(|phrase| &phrase.terms);
        terms.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Reports whether all the words are in the text of which `other` was read.
    pub(super) fn are_all_in(&self, other: &Self) -> bool {
        let there: Vec<&String> = other.0.iter().flat_map(|phrase| &phrase.terms).collect();
        self.0.iter().all(|phrase| {
            there
                .windows(phrase.terms.len())
                .any(|terms| terms.iter().copied().eq(&phrase.terms))
        })
    }
}

/// What begins as a term does, and goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Longer {
    /// These terms.
    Terms(Vec<String>),
    /// So many terms that the index makes one list of the tasks that have any of them; that takes it longer the more tasks these are.
    Any,
}

/// The queries of some words.
#[derive(Debug)]
pub(super) struct Queries<'a> {
    words: &'a Words,
    /// Of the last term of each phrase.
    longer: Vec<Longer>,
}

impl Queries<'_> {
    /// Returns one of the queries that together find all there is, each what those before it do not: whole words in the title;
    /// whole words; beginnings in the title; beginnings; and, where a word has so many letters, parts of words in titles,
    /// projects and tags. `None` if there is nothing to find.
    ///
    /// Whole words come first also because the index has a list for each, and may have to make one for a beginning: with a
    /// million tasks and a common word, that takes it fifty times as long.
    pub(super) fn tier(&self, tier: usize) -> Option<String> {
        let titled = || self.words.in_title();
        let whole = || format!(in_texts!("({})"), self.words.whole());
        let beginnings = || format!(in_texts!("({})"), self.beginnings());
        match tier {
            0 => Some(titled()),
            1 => Some(format!("({}) NOT {}", whole(), titled())),
            2 | 3 if !self.has_longer() => None,
            2 => Some(format!("({}) NOT ({})", self.beginning_in_title(), whole())),
            3 => Some(format!(
                "(({}) NOT ({})) NOT {}",
                beginnings(),
                whole(),
                self.beginning_in_title()
            )),
            _ => Some(format!("({}) NOT ({})", self.parts(), beginnings())),
        }
    }

    /// Returns one of the queries of a first page: the same, but that each finds also what those before it do. The index need not
    /// look for that only to leave out what is on the page already. The third is one for titles alone.
    pub(super) fn first_tier(&self, tier: usize) -> Option<String> {
        match tier {
            0 => Some(self.words.in_title()),
            1 => Some(format!(in_texts!("({})"), self.words.whole())),
            2 | 3 if !self.has_longer() => None,
            2 => Some(self.beginning_in_title()),
            3 => Some(format!(in_texts!("({})"), self.beginnings())),
            _ => match self.words.0.as_slice() {
                // What has it otherwise was found before.
                [phrase] => inside(phrase),
                _ => Some(self.parts()),
            },
        }
    }

    fn beginning_in_title(&self) -> String {
        format!("{{heading}} : ({})", self.beginnings())
    }

    /// Reports whether there may be longer terms that begin as the words do.
    fn has_longer(&self) -> bool {
        let is_none = |longer: &Longer| *longer == Longer::Terms(Vec::new());
        !self.longer.iter().all(is_none)
    }

    fn beginnings(&self) -> String {
        self.all(|place| self.beginning(place))
    }

    /// Parts of words, in the texts or inside; whatever is too short, in the texts alone.
    fn parts(&self) -> String {
        self.all(|place| self.part(place))
    }

    fn all(&self, query: impl Fn(usize) -> String) -> String {
        let phrases: Vec<String> = (0..self.words.0.len()).map(query).collect();
        phrases.join(" AND ")
    }

    /// Returns the query for all that has one of the phrases in any way.
    pub(super) fn part(&self, place: usize) -> String {
        let beginning = format!(in_texts!("{}"), self.beginning(place));
        match inside(&self.words.0[place]) {
            Some(inside) => format!("({beginning} OR {inside})"),
            None => beginning,
        }
    }

    fn beginning(&self, place: usize) -> String {
        let phrase = &self.words.0[place];
        let whole = whole(phrase);
        match &self.longer[place] {
            Longer::Any if is_beginning(phrase) => format!("{whole}*"),
            Longer::Terms(terms) if !terms.is_empty() => {
                let before = &phrase.terms[..phrase.terms.len() - 1];
                let mut any = format!("({whole}");
                for term in terms {
                    any.push_str(" OR \"");
                    for before in before {
                        any.push_str(before);
                        any.push(' ');
                    }
                    any.push_str(term);
                    any.push('"');
                }
                any + ")"
            }
            _ => whole,
        }
    }
}

/// Reports whether a phrase may be the beginning of a longer word.
fn is_beginning(phrase: &Phrase) -> bool {
    phrase
        .last_letters()
        .is_some_and(|letters| letters >= Words::SHORTEST_BEGINNING)
}

/// Reports whether a phrase may be a part of a word: it is one run of letters, and not a short one, or a number.
fn is_part(phrase: &Phrase) -> bool {
    match &*phrase.terms {
        [term] => phrase.ends_in_letters && are_inside(term),
        _ => false,
    }
}

/// The query for what stands inside words, after their first letter.
fn inside(phrase: &Phrase) -> Option<String> {
    is_part(phrase).then(|| format!("\"{}\"", pieces(&phrase.terms[0])))
}

/// A term has letters, digits, marks and symbols alone, so nothing in it ends the text.
fn whole(phrase: &Phrase) -> String {
    format!("\"{}\"", phrase.terms.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_script_become_phrases_of_the_index() {
        for (typed, whole, beginnings) in [
            ("会议纪要", r#""会 议 纪 要""#, ""),
            (
                "第3回 ﾌﾟﾛｼﾞｪｸﾄv",
                r#""第 3 回" AND "プ ロ ジ ェ ク ト v""#,
                "",
            ),
            ("회의", r#""회 의""#, ""),
            ("ประชุม", r#""ป ร ะ ช ุ ม""#, ""),
            ("ກອງ", r#""ກ ອ ງ""#, ""),
            ("बैठक", r#""बैठक""#, r#""बैठक"*"#),
            ("ВСТРЕЧА", r#""встреча""#, r#""встреча"*"#),
            ("ΕΛΛΑΣ", r#""ελλασ""#, r#""ελλασ"*"#),
            ("مُحَمَّد", r#""محمد""#, r#""محمد"*"#),
            ("שָׁלוֹם", r#""שלום""#, r#""שלום"*"#),
            (
                "gebühren STRASSE",
                r#""gebuhren" AND "strasse""#,
                r#""gebuhren"* AND "strasse"*"#,
            ),
            ("🚀 👍🏽 🇩🇪", r#""🚀" AND "👍" AND "🇩 🇪""#, ""),
            ("foo_bar", r#""foo" AND "bar""#, r#""foo"* AND "bar"*"#),
        ] {
            let words = Words::read(typed).unwrap();
            assert_eq!(words.whole(), whole, "{typed}");
            let beginnings = if beginnings.is_empty() {
                whole
            } else {
                beginnings
            };
            assert_eq!(words.queries().beginnings(), beginnings, "{typed}");
        }
    }

    #[test]
    fn words_of_four_letters_and_more_are_searched_for_inside_words_and_all_others_in_the_texts() {
        let words = Words::read("Gebühr log 会議").unwrap();
        assert_eq!(words.tiers(), 5);
        assert_eq!(
            words.queries().first_tier(4).unwrap(),
            r#"({heading labels body remarks} : "gebuhr"* OR "·gebu ·ebuh ·buhr") AND {heading labels body remarks} : "log"* AND {heading labels body remarks} : "会 議""#
        );
        for typed in ["log", "会議資料", "第3回", "🚀"] {
            assert_eq!(Words::read(typed).unwrap().tiers(), 4, "{typed}");
        }
    }

    #[test]
    fn a_piece_of_a_word_is_looked_for_in_lists_that_the_index_has() {
        let words = Words::read("ebühr").unwrap();
        let longer = |_: &str| Ok::<_, ()>(Longer::Terms(Vec::new()));
        let queries = words.queries_with(longer).unwrap();
        let asked: Vec<Option<String>> = (0..5).map(|tier| queries.first_tier(tier)).collect();
        let texts = r#"{heading labels body remarks} : ("ebuhr")"#;
        assert_eq!(
            asked,
            [
                Some(r#"{heading} : ("ebuhr")"#.to_owned()),
                Some(texts.to_owned()),
                None,
                None,
                Some(r#""·ebuh ·buhr""#.to_owned())
            ]
        );
    }

    #[test]
    fn words_that_begin_so_are_named_where_they_are_few() {
        let words = Words::read("会議rep log 4").unwrap();
        let longer = |term: &str| {
            Ok::<_, ()>(match term {
                "rep" => Longer::Terms(vec!["reply".to_owned(), "report".to_owned()]),
                _ => Longer::Any,
            })
        };
        assert_eq!(
            words.queries_with(longer).unwrap().beginnings(),
            r#"("会 議 rep" OR "会 議 reply" OR "会 議 report") AND "log"* AND "4""#
        );
    }

    #[test]
    fn terms_are_counted_up_to_a_limit_and_not_words() {
        let many = "会議".repeat(20);
        assert_eq!(
            Words::read(&many).unwrap().0[0].terms.len(),
            Words::MOST,
            "{many}"
        );
        let words = Words::read(&format!("one {many} last")).unwrap();
        let counts: Vec<usize> = words.0.iter().map(|phrase| phrase.terms.len()).collect();
        assert_eq!(counts, [1, 31]);
    }

    #[test]
    fn a_text_without_a_term_is_no_query() {
        for typed in ["", "…", "\"(*", "—  -"] {
            assert!(Words::read(typed).is_err(), "{typed}");
        }
        assert!(Words::read("🚀").is_ok());
    }
}
