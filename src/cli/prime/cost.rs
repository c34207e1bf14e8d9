//! How many tokens a text can cost at most, in the o200k vocabulary, known without the vocabulary.
//!
//! A tokenizer cuts a text into pieces (a word with the blank before it, up to three digits, signs) and makes tokens of
//! each alone. A piece that is in the vocabulary is one token. In any other it joins neighbours while what they make
//! together is in the vocabulary, so that at its end no two neighbours could be joined.
//!
//! Each character is charged thirds of a token:
//!
//! - three for each byte, in general: no token is smaller;
//! - two for a character that makes a token with the one before it, in the same piece. Where it is left a token alone,
//!   the one before it is part of a longer token, whose charge has a third to spare: were both alone, they would have
//!   been joined;
//! - three for a common word with its blank, and three for up to three digits: they are tokens.

use std::{collections::HashSet, iter, sync::LazyLock};

/// Common words, as tasks have them. With a blank before it each is one token, also with a capital.
static WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("words.txt").split_ascii_whitespace().collect());

/// After an apostrophe, a piece may end within so many letters: `'s`, `'ll`.
const CONTRACTION: usize = 3;

/// Returns the most tokens that `text` can cost.
pub(super) fn most_tokens(text: &str) -> usize {
    thirds(text).map(|(_, thirds)| thirds).sum::<usize>() / 3
}

/// Returns as much of the beginning of `text` as costs at most `most` tokens, with an ellipsis where it was cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut spent = 0;
    for (at, thirds) in thirds(text) {
        spent += thirds;
        if spent > 3 * most {
            return format!("{}…", text[..at].trim_end());
        }
    }
    text.to_owned()
}

/// Returns where each part of `text` begins, and what it is charged.
fn thirds(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let (mut at, mut contraction, mut number) = (0, 0, 0);
    iter::from_fn(move || {
        let (done, rest) = text.split_at(at);
        let c = rest.chars().next()?;
        let before = done.chars().next_back();
        let begins = before.is_none_or(|before| before.is_ascii() && !before.is_ascii_digit());
        let whole = match c {
            ' ' => common_word(rest),
            '0'..='9' if begins || number == at => digits(rest),
            _ => None,
        };
        let (length, thirds) = match whole {
            Some(length) => (length, 3),
            None if contraction == 0 && before.is_some_and(|before| joins(before, c)) => {
                (c.len_utf8(), 2)
            }
            None => (c.len_utf8(), 3 * c.len_utf8()),
        };
        if c.is_ascii_digit() && whole.is_some() {
            // The next three begin where these end.
            number = at + length;
        }
        contraction = match c {
            '\'' => CONTRACTION,
            c if c.is_ascii_alphabetic() => contraction.saturating_sub(1),
            _ => 0,
        };
        at += length;
        Some((at - length, thirds))
    })
}

/// Returns the length of the blank and the common word with which `rest` begins.
fn common_word(rest: &str) -> Option<usize> {
    let letters = rest.bytes().skip(1).take_while(u8::is_ascii_alphabetic);
    let length = 1 + letters.count();
    // Other letters and accents would belong to the same piece, and so would what an apostrophe leads.
    let ends = rest.as_bytes().get(length);
    let ends = ends.is_none_or(|next| next.is_ascii() && *next != b'\'');
    (ends && is_common(&rest[1..length])).then_some(length)
}

/// Returns the length of the piece of digits with which `rest` begins: it takes three, and fewer only at their end.
fn digits(rest: &str) -> Option<usize> {
    let length = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
    // Those of other scripts would belong to the same piece.
    let ends = rest.as_bytes().get(length).is_none_or(u8::is_ascii);
    (length == 3 || ends).then_some(length)
}

/// Reports whether it is one of [`WORDS`], as it is or with a capital.
fn is_common(word: &str) -> bool {
    WORDS.contains(word) || {
        let mut small = word.to_owned();
        if let Some(first) = small.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        WORDS.contains(&*small)
    }
}

/// Reports whether the two are one token, and always in the same piece.
fn joins(before: char, c: char) -> bool {
    match (before, c) {
        (' ', c) => c.is_ascii_alphabetic() || c.is_ascii_punctuation(),
        ('^', '\n') => false,
        (before, '\n') => before.is_ascii_punctuation(),
        (before, c) => pairs(before) && pairs(c),
    }
}

/// Reports whether the letter is one token with any other such letter.
fn pairs(c: char) -> bool {
    c.is_ascii_lowercase() && !matches!(c, 'j' | 'k' | 'q' | 'x' | 'z')
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns how many tokens a model takes the text for.
    pub(in crate::cli::prime) fn tokens(text: &str) -> usize {
        tiktoken_rs::o200k_base_singleton()
            .encode_ordinary(text)
            .len()
    }

    #[test]
    fn a_title_is_cut_where_it_could_cost_too_much() {
        let cases = [
            ("", 1, ""),
            ("abcd", 3, "abcd"),
            ("abcde", 3, "abcd…"),
            ("ab cd", 3, "ab…"),
            ("ab, cd", 3, "ab,…"),
            ("éé", 2, "é…"),
            ("1234567", 2, "123456…"),
            ("x call Anna", 2, "x call…"),
        ];
        for (text, most, expected) in cases {
            assert_eq!(cut(text, most), expected, "{text:?}");
        }
    }

    #[test]
    fn usual_text_is_charged_little_more_than_it_costs() {
        for text in [
            " Call the dentist about the appointment",
            " Book a table at the Thai place (high, due Fri 11-27)",
            " Review the invoice, then pay it | 60 open, 1000+ done",
        ] {
            let (cost, most) = (tokens(text), most_tokens(text));
            assert!(
                cost <= most && most <= cost + cost / 2,
                "{cost} {most} {text}"
            );
        }
    }

    #[test]
    fn what_is_taken_for_one_token_is_one() {
        for word in WORDS.iter() {
            let mut capital = word.to_string();
            capital[..1].make_ascii_uppercase();
            for word in [word, &*capital] {
                assert_eq!(tokens(&format!(" {word}")), 1, "{word}");
            }
        }
        for number in 0..1_000 {
            for text in [
                format!("{number}"),
                format!("{number:02}"),
                format!("{number:03}"),
            ] {
                assert_eq!(tokens(&text), 1, "{text}");
            }
        }
        let ascii = || (0..0x80_u8).map(char::from);
        for (before, c) in ascii().flat_map(|before| ascii().map(move |c| (before, c))) {
            if joins(before, c) {
                assert_eq!(tokens(&format!("{before}{c}")), 1, "{before:?} {c:?}");
            }
        }
    }

    /// Texts of pieces that meet where tokenizers cut.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z]{1,12}",
            2 => "[A-Z][a-zA-Z]{0,6}",
            3 => proptest::sample::select(vec![
                " call", " Anna", " report", "call", "'s", "'ll", "'T", "'", " (", ")\n", "\n", "\r\n", " ", "  ", "\t",
                "…", "\u{301}", "\u{200d}", "²", "٣", "１２", "ſ", "ʼ", "É", "ß", "’s", "家", "日本語", "お", "한", "привет",
                "שלום", "سلام", "नमस्ते", "👩\u{200d}🚀", "🇩🇪", "^", "\u{a0}", "\u{3000}",
            ]).prop_map(str::to_owned),
            2 => "[0-9]{1,8}",
            2 => "[!-/:-@\\[-`{-~]{1,4}",
            1 => "\\PC{1,4}",
            1 => any::<String>(),
        ];
        proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn no_text_costs_more_than_it_is_charged(text in pieces()) {
            prop_assert!(tokens(&text) <= most_tokens(&text), "{} {}", tokens(&text), most_tokens(&text));
        }

        #[test]
        fn nor_do_letters(text in "[a-zA-Z' ]{0,80}") {
            prop_assert!(tokens(&text) <= most_tokens(&text));
        }
    }
}
