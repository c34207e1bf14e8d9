//! Words to search for, as SQLite's full-text index wants them (FTS5, section 3).
//!
//! What a person types is never handed on as a query: its language has operators, and most texts are errors in it.

use crate::domain::{
    task::Invalid,
    text::{
        clean,
        terms::{LONGEST_INSIDE, Phrase, SHORTEST_INSIDE, phrases},
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
        format!("{{heading}} : ({})", self.beginnings())
    }

    /// Returns the queries that together find all there is, each what those before it do not: whole words in the title;
    /// whole words; beginnings in the title; beginnings; and, where a word has so many letters, parts of words in titles,
    /// projects and tags.
    ///
    /// Whole words come first also because the index has a list for each, and must make one for a beginning: with a
    /// million tasks and a common word, that takes it fifty times as long.
    pub(super) fn tiers(&self) -> Vec<String> {
        let (titled, beginning) = (self.in_title(), self.beginning_in_title());
        let whole = format!(in_texts!("({})"), self.whole());
        let beginnings = format!(in_texts!("({})"), self.beginnings());
        let mut tiers = vec![
            titled.clone(),
            format!("({whole}) NOT {titled}"),
            format!("({beginning}) NOT ({whole})"),
            format!("(({beginnings}) NOT ({whole})) NOT {beginning}"),
        ];
        if self.0.iter().any(is_part) {
            tiers.push(format!("({}) NOT ({beginnings})", self.parts()));
        }
        tiers
    }

    /// Returns the queries of a first page: the same, but that each finds also what those before it do. The index need not make
    /// lists only to leave out what is on the page already. The third is one for titles alone.
    pub(super) fn first_tiers(&self) -> Vec<String> {
        let mut tiers = vec![
            self.in_title(),
            format!(in_texts!("({})"), self.whole()),
            self.beginning_in_title(),
            format!(in_texts!("({})"), self.beginnings()),
        ];
        if self.0.iter().any(is_part) {
            tiers.push(self.parts());
        }
        tiers
    }

    /// Returns for each phrase, where there are several, a query for what has it as it is, and one for all that has it in any way;
    /// first for those that are likely to be rare: with digits, and long ones.
    pub(super) fn alone(&self) -> Vec<(String, String)> {
        let mut phrases: Vec<&Phrase> = self.0.iter().collect();
        if phrases.len() < 2 {
            return Vec::new();
        }
        phrases.sort_by_cached_key(|phrase| {
            let text = phrase.terms.concat();
            let has_digits = text.chars().any(char::is_numeric);
            std::cmp::Reverse((has_digits, text.chars().count()))
        });
        let alone = |phrase: &&Phrase| (whole(phrase), part(phrase));
        phrases.iter().map(alone).collect()
    }

    fn whole(&self) -> String {
        self.all(whole)
    }

    fn beginnings(&self) -> String {
        self.all(beginning)
    }

    /// Parts of words, in the texts or at their ends; whatever is too short, in the texts alone.
    fn parts(&self) -> String {
        self.all(part)
    }

    fn all(&self, query: impl Fn(&Phrase) -> String) -> String {
        let phrases: Vec<String> = self.0.iter().map(query).collect();
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

/// Reports whether a phrase may be a part of a word: it is one run of letters, and not a short one.
fn is_part(phrase: &Phrase) -> bool {
    phrase.terms.len() == 1
        && phrase
            .last_letters()
            .is_some_and(|letters| letters >= SHORTEST_INSIDE)
}

/// A part of a word, or what is too short for one in the texts alone.
fn part(phrase: &Phrase) -> String {
    if !is_part(phrase) {
        return format!(in_texts!("{}"), beginning(phrase));
    }
    let letters: String = phrase.terms[0].chars().take(LONGEST_INSIDE).collect();
    format!("\"{letters}\"*")
}

/// A term has letters, digits, marks and symbols alone, so nothing in it ends the text.
fn whole(phrase: &Phrase) -> String {
    format!("\"{}\"", phrase.terms.join(" "))
}

fn beginning(phrase: &Phrase) -> String {
    let is_enough = phrase
        .last_letters()
        .is_some_and(|letters| letters >= Words::SHORTEST_BEGINNING);
    format!("{}{}", whole(phrase), if is_enough { "*" } else { "" })
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
            assert_eq!(words.beginnings(), beginnings, "{typed}");
        }
    }

    #[test]
    fn words_of_four_letters_and_more_are_searched_for_inside_words_and_all_others_in_the_texts() {
        let last = |typed: &str| Words::read(typed).unwrap().tiers().pop().unwrap();
        assert_eq!(
            last("Gebühr log 会議"),
            r#"("gebuhr"* AND {heading labels body remarks} : "log"* AND {heading labels body remarks} : "会 議") NOT ({heading labels body remarks} : ("gebuhr"* AND "log"* AND "会 議"))"#
        );
        for typed in ["log", "会議資料", "第3回", "🚀"] {
            assert_eq!(Words::read(typed).unwrap().tiers().len(), 4, "{typed}");
        }
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
