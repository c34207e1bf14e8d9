//! Reads the little XML that an object store answers with: elements without attributes.

/// Returns what is inside of each element of this name.
pub(super) fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (inside, after) = after.split_once(&close)?;
        rest = after;
        Some(inside)
    })
}

/// Returns the text of the first element of this name.
pub(super) fn text(xml: &str, name: &str) -> Option<String> {
    let mut rest = elements(xml, name).next()?;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let entity = after.split_once(';');
        let decoded = entity.and_then(|(entity, after)| Some((character(entity)?, after)));
        // What is no entity stands for itself.
        let (character, after) = decoded.unwrap_or(('&', after));
        text.push(character);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// Returns the character that stands as `&entity;`: those with a name, and any by its number.
fn character(entity: &str) -> Option<char> {
    let Some(number) = entity.strip_prefix('#') else {
        return match entity {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "amp" => Some('&'),
            _ => None,
        };
    };
    let number = match number.strip_prefix('x') {
        Some(number) => u32::from_str_radix(number, 16),
        None => number.parse(),
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_write_a_character_is_read_once() {
        for (written, read) in [
            ("anna&#39;s &#34;log&#34;", "anna's \"log\""),
            ("&lt;&gt;&quot;&apos;&amp;", "<>\"'&"),
            ("&#x27;&#xe9;&#128;", "'é\u{80}"),
            ("&amp;#39; &amp;amp;", "&#39; &amp;"),
            (
                " a & b; &other; &#x110000; &#; &",
                " a & b; &other; &#x110000; &#; &",
            ),
        ] {
            let xml = format!("<Key>{written}</Key>");
            assert_eq!(text(&xml, "Key").as_deref(), Some(read), "{written}");
        }
    }
}
