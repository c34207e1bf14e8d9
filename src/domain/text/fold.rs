//! Comparing names whatever the case of their letters, in every alphabet.

use std::borrow::Cow;

const DOT_ABOVE: char = '\u{307}';

/// Returns `text`, which is NFC, such that two texts that differ in the case of letters alone are equal: `straße` and
/// `STRASSE`, `Σίσυφος` and `ΣΊΣΥΦΟΣ`. Its classes are those of Unicode's full case folding, but that `İ` is
/// `i`, as those who write it have it. Accents count.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    let is_folded = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(is_folded) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            // Its capital is I, which is another letter's.
            'ı' => folded.push(letter),
            // The dot of İ in small letters, which i has anyway.
            DOT_ABOVE if folded.ends_with('i') => {}
            'İ' => folded.push('i'),
            letter => folded.extend(
                letter
                    .to_lowercase()
                    .flat_map(char::to_uppercase)
                    .flat_map(char::to_lowercase),
            ),
        }
    }
    Cow::Owned(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_alone_are_the_same_in_every_alphabet() {
        for (one, other) in [
            ("web", "WEB"),
            ("äpfel", "ÄPFEL"),
            ("straße", "STRASSE"),
            ("straße", "STRAẞE"),
            ("σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("встреча", "ВСТРЕЧА"),
            ("ﬁnanzen", "FINANZEN"),
            ("iş", "İş"),
            ("i̇ş", "İŞ"),
            ("DİYARBAKIR", "diyarbakir"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
            assert_eq!(folded(&folded(one)), folded(one), "{one}");
        }
        for (one, other) in [("Müller", "Muller"), ("ı", "i"), ("a", "b")] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }
}
