//! Names and numbers that dates and rules are said with.

/// Reads a number in figures, of four digits at most, or in words.
pub(crate) fn amount(word: &str) -> Option<u32> {
    const WORDS: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if matches!(word, "a" | "an") {
        return Some(1);
    }
    match WORDS.iter().position(|name| *name == word) {
        Some(index) => u32::try_from(index + 1).ok(),
        None if word.len() <= 4 && word.bytes().all(|b| b.is_ascii_digit()) => word.parse().ok(),
        None => None,
    }
}

/// The weekdays, from Monday.
pub(crate) const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The months, from January.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Returns the full name of a weekday given by at least three letters.
pub(crate) fn weekday(word: &str) -> Option<&'static str> {
    named(word, &WEEKDAYS).or((word == "weds").then_some("wednesday"))
}

/// Returns the full name of a month given by at least three letters.
pub(crate) fn month(word: &str) -> Option<&'static str> {
    named(word, &MONTHS)
}

fn named(word: &str, names: &[&'static str]) -> Option<&'static str> {
    if word.len() < 3 {
        return None;
    }
    names.iter().copied().find(|name| name.starts_with(word))
}

/// Reads `5`, `5th` or `31st`.
pub(crate) fn day_number(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|suffix| word.strip_suffix(suffix))
        .unwrap_or(word);
    number(digits).filter(|day| (1..=31).contains(day))
}

/// Reads one or two digits.
pub(crate) fn number(word: &str) -> Option<u32> {
    if word.is_empty() || word.len() > 2 || !word.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    word.parse().ok()
}

/// Reports whether a word is one of `known`, the name of a day or of a month, or several of it.
pub(crate) fn is_known(word: &str, known: &[&str]) -> bool {
    let one = word.strip_suffix('s').unwrap_or(word);
    let mut all = known.iter().chain(&WEEKDAYS).chain(&MONTHS);
    all.any(|known| *known == word || *known == one)
        || weekday(word).is_some()
        || month(word).is_some()
}

/// Returns the words with each unknown one replaced by the nearest of `known` and the names of days and months; `None` when
/// there is nothing to correct, or nothing near.
pub(crate) fn corrected(words: &[&str], known: &[&str]) -> Option<String> {
    /// Shorter words have too many others near them.
    const SHORTEST: usize = 4;
    let all = || known.iter().chain(&WEEKDAYS).chain(&MONTHS).copied();
    let mut is_changed = false;
    let mut corrected = Vec::new();
    for word in words {
        let is_word = word.len() >= SHORTEST && word.bytes().all(|b| b.is_ascii_alphabetic());
        if !is_word || is_known(word, known) {
            corrected.push(*word);
            continue;
        }
        let distance = |known: &&str| strsim::osa_distance(known, word);
        let most = if word.len() > 5 { 2 } else { 1 };
        let nearest = all().min_by_key(distance)?;
        if distance(&nearest) > most {
            return None;
        }
        is_changed = true;
        corrected.push(nearest);
    }
    is_changed.then(|| corrected.join(" "))
}
