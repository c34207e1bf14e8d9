//! The terms a text is searched by, in every script: which characters count, which are the same, and where a term ends.
//!
//! A text is folded first: compatibility forms, marks and the case of letters go. Then it is cut. In scripts that put no
//! blanks between words, and in Hangul, each character is a term, and what is written together is searched as a phrase. A
//! symbol is a term. Elsewhere a run of letters and digits is one.
//!
//! What stands inside long words is found by pieces: every four letters in a row. A number of fewer digits that letters stand beside,
//! as in `v1`, is a piece of its own. The index has a list of the tasks with each
//! piece, and reads as much of it as a page needs, where it would have to merge those of all words that a piece begins.
//!
//! What counts is written down here in ranges, but for letters and digits, so that another version of a library's tables
//! does not change what an index holds.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The version of these rules. The program makes an index of another version anew, so every change of a rule below changes the version.
pub(crate) const RULES: i64 = 5;

/// A word of fewer letters is not searched inside.
const SHORTEST_CUT: usize = 5;
/// How many letters a piece of a word has. Fewer are not searched for inside words: they stand in too many.
const PIECE: usize = 4;
/// How many letters of what is searched for inside words are looked at.
const LONGEST_INSIDE: usize = 40;
/// Stands before each piece. No term of a text has it, so that words that begin with the letters of a piece are apart from it.
const MARK: char = '·';
/// Between the pieces of two words: without it, the last of one and the first of the other would be a phrase.
const BETWEEN_WORDS: &str = " · ";

const VIRAMAS_AND_NUKTAS: [char; 12] = [
    '\u{93C}', '\u{94D}', '\u{9BC}', '\u{9CD}', '\u{A4D}', '\u{ACD}', '\u{B4D}', '\u{BCD}',
    '\u{C4D}', '\u{CCD}', '\u{D4D}', '\u{DCA}',
];

/// What a character is to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A term by itself: a character of a script without blanks, or a symbol.
    Alone,
    /// A part of a term.
    Letter,
    /// Between terms.
    Separator,
}

/// Terms that were written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// In their order; at least one.
    pub(crate) terms: Vec<String>,
    /// Whether the last one is a run of letters and digits.
    pub(crate) ends_in_letters: bool,
}

impl Phrase {
    /// Returns the length of the last term in characters, if that is a run of letters and digits.
    pub(crate) fn last_letters(&self) -> Option<usize> {
        let last = self.terms.last().filter(|_| self.ends_in_letters)?;
        Some(last.chars().count())
    }
}

/// Returns the terms of `text` with a blank or another ASCII sign between any two of them.
pub(crate) fn spaced(text: &str) -> Cow<'_, str> {
    let folded = match folded(text) {
        // The signs in it separate its terms.
        ascii @ Cow::Borrowed(_) => return ascii,
        folded if folded.is_ascii() => return folded,
        folded => folded,
    };
    let mut spaced = String::with_capacity(folded.len() + folded.len() / 3);
    let mut before = Kind::Separator;
    for c in folded.chars() {
        let kind = kind(c);
        let goes_on = kind == Kind::Letter && before == Kind::Letter;
        if kind == Kind::Separator || before != Kind::Separator && !goes_on {
            spaced.push(' ');
        }
        if kind != Kind::Separator {
            spaced.push(c);
        }
        before = kind;
    }
    Cow::Owned(spaced)
}

/// Returns the phrases of `text`, each what is written without a blank or a sign.
pub(crate) fn phrases(text: &str) -> Vec<Phrase> {
    let folded = folded(text);
    let written_together = folded.split(|c| kind(c) == Kind::Separator);
    written_together
        .filter(|run| !run.is_empty())
        .map(phrase)
        .collect()
}

/// Cuts a run without separators.
fn phrase(run: &str) -> Phrase {
    let mut terms: Vec<String> = Vec::new();
    let mut before = Kind::Separator;
    for c in run.chars() {
        let kind = kind(c);
        match terms.last_mut() {
            Some(term) if kind == Kind::Letter && before == Kind::Letter => term.push(c),
            _ => terms.push(c.into()),
        }
        before = kind;
    }
    Phrase {
        terms,
        ends_in_letters: before == Kind::Letter,
    }
}

/// Appends the pieces of the words of `spaced`, in their order: of long ones those from the second letter on, so that what stands inside
/// a word is a phrase of them, then its short numbers. One piece is one term of the index, however many words have it.
pub(crate) fn push_pieces(spaced: &str, pieces: &mut String) {
    for term in spaced.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()) {
        if !term.contains(|c: char| !c.is_numeric()) {
            continue;
        }
        // No shorter word has so many letters.
        if term.len() >= SHORTEST_CUT
            && let Some((second, _)) = term.char_indices().nth(1)
        {
            push_phrase(cut(&term[second..]), pieces);
        }
        let numbers = term.split(|c: char| !c.is_numeric());
        for number in numbers.filter(|number| is_short_number(number)) {
            push_phrase(std::iter::once(number), pieces);
        }
    }
}

/// Appends pieces that stand together in a word.
fn push_phrase<'a>(phrase: impl Iterator<Item = &'a str>, pieces: &mut String) {
    for (number, piece) in phrase.enumerate() {
        if number > 0 {
            pieces.push(' ');
        } else if !pieces.is_empty() {
            pieces.push_str(BETWEEN_WORDS);
        }
        pieces.push(MARK);
        pieces.push_str(piece);
    }
}

/// Reports whether `letters` are a number of fewer digits than a piece has.
fn is_short_number(letters: &str) -> bool {
    !letters.is_empty()
        && letters.chars().all(char::is_numeric)
        && letters.chars().nth(PIECE - 1).is_none()
}

/// Reports whether `letters` are looked for inside words: they are enough for a piece, or a number.
pub(crate) fn are_inside(letters: &str) -> bool {
    is_short_number(letters) || letters.chars().nth(PIECE - 1).is_some()
}

/// Returns the terms by which `letters` are found inside words.
pub(crate) fn pieces(letters: &str) -> String {
    if is_short_number(letters) {
        return format!("{MARK}{letters}");
    }
    let end = letters.char_indices().nth(LONGEST_INSIDE);
    let letters = &letters[..end.map_or(letters.len(), |(at, _)| at)];
    let pieces: Vec<String> = cut(letters).map(|piece| format!("{MARK}{piece}")).collect();
    pieces.join(" ")
}

/// Returns every [`PIECE`] letters in a row.
fn cut(letters: &str) -> impl Iterator<Item = &str> {
    let starts = letters.char_indices().map(|(at, _)| at);
    let ends = letters
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .skip(PIECE - 1);
    starts.zip(ends).map(|(start, end)| &letters[start..end])
}

/// Returns `text` in small letters without marks, in compatibility forms and composed.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    // The letter that marks stand on.
    let mut base = ' ';
    let unmarked = text.nfkd().filter(move |&c| match c {
        '\u{300}'..='\u{36F}' => is_cyrillic(base) && !matches!(base, 'е' | 'Е'),
        c if is_passed_over(c) => false,
        c => {
            base = c;
            true
        }
    });
    // Capitals come between, since some small letters, as ß and ς, have one in common with others.
    let small = unmarked.flat_map(|c| {
        c.to_lowercase()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
    });
    // What Cyrillic letters are composed with is theirs: й is not и. A stress is not.
    let composed = small.nfc().filter(|c| !matches!(c, '\u{300}'..='\u{36F}'));
    let mut folded = String::with_capacity(text.len());
    for c in composed {
        match plain(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    Cow::Owned(folded)
}

/// Returns what people write for a small letter with a stroke or of two letters, which Unicode takes for one of its own: those
/// who have no key for it, and names as passports and addresses have them.
fn plain(c: char) -> Option<&'static str> {
    match c {
        'đ' => Some("d"),
        'ħ' => Some("h"),
        'ł' => Some("l"),
        'ø' => Some("o"),
        'ŧ' => Some("t"),
        'æ' => Some("ae"),
        'œ' => Some("oe"),
        _ => None,
    }
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52F}' | '\u{1C80}'..='\u{1C8F}' | '\u{A640}'..='\u{A69F}')
}

/// Points of Hebrew and Arabic and the stroke that lengthens a word, joiners, variation selectors and skin tones: a word is
/// the same with and without them.
fn is_passed_over(c: char) -> bool {
    match c {
        // Signs between words.
        '\u{5BE}' | '\u{5C0}' | '\u{5C3}' | '\u{5C6}' => false,
        '\u{591}'..='\u{5C7}'
        | '\u{64B}'..='\u{65F}'
        | '\u{670}'
        | '\u{640}'
        | '\u{200C}'
        | '\u{200D}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{1F3FB}'..='\u{1F3FF}' => true,
        _ => false,
    }
}

fn kind(c: char) -> Kind {
    match c {
        // Thai, Lao; Myanmar; Khmer: letters, vowel signs and digits.
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        // Kana.
        | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309A}' | '\u{309D}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}'
        // Han, and what repeats one of it.
        | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}'
        // Hangul.
        | '\u{AC00}'..='\u{D7A3}'
        // Arrows, technical and other symbols, emoji.
        | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{2600}'..='\u{27BF}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{1F000}'..='\u{1FAFF}' => Kind::Alone,
        c if c.is_alphanumeric() || VIRAMAS_AND_NUKTAS.contains(&c) => Kind::Letter,
        _ => Kind::Separator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The terms of a text, those that were written together joined by a dot.
    fn terms(text: &str) -> String {
        let phrases = phrases(text);
        let joined: Vec<String> = phrases
            .iter()
            .map(|phrase| phrase.terms.join("·"))
            .collect();
        joined.join(" ")
    }

    #[test]
    fn each_script_is_cut_by_its_own_rules() {
        for (text, expected) in [
            ("Write_the Report-2!", "write the report 2"),
            (
                "Müllgebühren STRASSE Straße",
                "mullgebuhren strasse strasse",
            ),
            ("Đường Łódź Øre Æble", "duong lodz ore aeble"),
            ("đường ǿre ǣble œuvre", "duong ore aeble oeuvre"),
            ("会議資料を準備する", "会·議·資·料·を·準·備·す·る"),
            ("第3回 ﾌﾟﾛｼﾞｪｸﾄv", "第·3·回 プ·ロ·ジ·ェ·ク·ト·v"),
            ("주간회의를 준비", "주·간·회·의·를 준·비"),
            ("ประชุม", "ป·ร·ะ·ช·ุ·ม"),
            ("ກອງ", "ກ·ອ·ງ"),
            ("बैठक दिन दान", "बैठक दिन दान"),
            ("क्या", "क्या"),
            ("ВСТРЕЧА Ёлка й и", "встреча елка й и"),
            ("за\u{301}мок", "замок"),
            ("ΕΛΛΑΣ Ελλάς", "ελλασ ελλασ"),
            ("مُحَمَّد محـمد", "محمد محمد"),
            ("שָׁלוֹם שלום", "שלום שלום"),
            ("ＡＢＣ ﬁnance ½", "abc finance 1 2"),
            ("launch🚀now 20°C", "launch·🚀·now 20 c"),
            ("👍🏽 ❤\u{FE0F} 🇩🇪 👩\u{200D}💻", "👍 ❤ 🇩·🇪 👩·💻"),
            ("İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"),
            ("が か\u{3099}", "が が"),
            ("…—«»", ""),
        ] {
            assert_eq!(terms(text), expected, "{text}");
        }
    }

    #[test]
    fn the_index_is_given_the_terms_that_a_query_has() {
        for text in [
            "Write_the Report-2!",
            "第3回 ﾌﾟﾛｼﾞｪｸﾄv",
            "launch🚀now 20°C, ¡hola! «Müll»",
            "ประชุมทีมวันศุกร์",
            "ＡＢＣ",
            "…x…",
        ] {
            let spaced = spaced(text);
            // As the tokenizer cuts it.
            let stored: Vec<&str> = spaced
                .split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric())
                .filter(|term| !term.is_empty())
                .collect();
            let wanted: Vec<String> = phrases(text).into_iter().flat_map(|it| it.terms).collect();
            assert_eq!(stored, wanted, "{text}");
        }
    }

    #[test]
    fn words_of_five_letters_and_more_are_kept_in_pieces() {
        for (text, expected) in [
            ("müllen", "·ulle ·llen"),
            ("Müll", ""),
            ("12345", ""),
            ("00million", "·0mil ·mill ·illi ·llio ·lion · ·00"),
            ("会議資料を準備", ""),
            ("go-karting no winter", "·arti ·rtin ·ting · ·inte ·nter"),
            ("v1.2.3", "·1"),
            ("3rd 12.5km 123 1234", "·3 · ·5"),
            ("mp3 h264 utf-8", "·3 · ·264"),
            (
                "release2024a7",
                "·elea ·leas ·ease ·ase2 ·se20 ·e202 ·2024 ·024a ·24a7 · ·7",
            ),
        ] {
            let mut kept = String::new();
            push_pieces(&spaced(text), &mut kept);
            assert_eq!(kept, expected, "{text}");
        }
    }

    #[test]
    fn what_is_searched_for_inside_words_is_cut_like_them_up_to_a_limit() {
        assert_eq!(pieces("llen"), "·llen");
        assert_eq!(pieces("führen"), "·führ ·ühre ·hren");
        let long = "abcdefghij".repeat(5);
        assert_eq!(pieces(&long), pieces(&long[..LONGEST_INSIDE]));
        assert_eq!(pieces(&long).split(' ').count(), LONGEST_INSIDE - PIECE + 1);
    }
}
