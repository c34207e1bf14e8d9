//! bash, which takes words apart at colons and would put a blank into a line as it is: `project:My flat` is three words to
//! it, and what it replaces is the last. So its script hands over the line as it was typed, and it is read here.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

use clap_complete::{engine, env::EnvCompleter};

use super::dashed::marked;

/// Answers bash.
pub(super) struct Bash;

/// The variable in which the script hands over the line, up to the cursor.
const LINE: &str = "_TASKHOLD_LINE";

/// What comes between two candidates: a vertical tab, since a candidate may have blanks.
const BETWEEN: &str = "\x0b";

const SCRIPT: &str = r#"
_clap_complete_NAME() {
    local IFS=$'\013'
    COMPREPLY=( $( LINE="${COMP_LINE:0:COMP_POINT}" VAR="bash" "COMPLETER" -- "$1" "$2" ) )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
    elif [[ ! "${COMPREPLY-}" =~ [=/:,]$ ]]; then
        # A blank comes after what is complete. bash 3 cannot be told, and leaves it to the person.
        compopt +o nospace 2> /dev/null
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_NAME BIN
else
    complete -o nospace -o bashdefault -F _clap_complete_NAME BIN
fi
"#;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        bin: &str,
        completer: &str,
        script: &mut dyn Write,
    ) -> io::Result<()> {
        let text = SCRIPT
            .replace("LINE=", &format!("{LINE}="))
            .replace("NAME", name)
            .replace("BIN", bin)
            .replace("COMPLETER", completer)
            .replace("VAR", variable);
        script.write_all(text.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        answer: &mut dyn Write,
    ) -> io::Result<()> {
        let line = std::env::var(LINE).unwrap_or_default();
        let Line { words, quote } = Line::read(&line);
        let last = words.len() - 1;
        let current = words[last].clone();
        // bash replaces the second argument, a part of the current word, and keeps what is before it.
        let replaced = arguments.get(1).map(|word| word.to_string_lossy());
        let kept = kept(&current, &replaced.unwrap_or_default());
        let words = marked(words.into_iter().map(OsString::from).collect());
        let offered = engine::complete(command, words, last, folder)?;
        let texts: Vec<String> = offered
            .iter()
            .map(|one| one.get_value().to_string_lossy().into_owned())
            .filter_map(|text| Some(spelled(text.get(kept..)?, quote)))
            .collect();
        answer.write_all(texts.join(BETWEEN).as_bytes())
    }
}

/// Returns how much of `word` is before `part`, its end as bash has it: with backslashes, and maybe with the quote that is
/// open.
fn kept(word: &str, part: &str) -> usize {
    let unquoted = part.trim_start_matches(['"', '\'']);
    let unescaped = Line::read(part).words.pop().unwrap_or_default();
    let before = word
        .strip_suffix(unquoted)
        .or_else(|| word.strip_suffix(&*unescaped));
    before.map_or(0, str::len)
}

/// A line, read as the shell would.
struct Line {
    /// Its words without quotes; the last is the one at the cursor, which may be empty.
    words: Vec<String>,
    /// The quote that is open at the cursor.
    quote: Option<char>,
}

impl Line {
    fn read(line: &str) -> Self {
        let mut words = vec![String::new()];
        let mut quote = None;
        let mut is_begun = false;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            let is_blank = c.is_whitespace() && quote.is_none();
            if is_blank {
                if is_begun {
                    words.push(String::new());
                }
                is_begun = false;
                continue;
            }
            is_begun = true;
            let word = words.last_mut().expect("there is always one word");
            match (c, quote) {
                ('\'' | '"', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                ('\\', None | Some('"')) => word.extend(chars.next()),
                (c, _) => word.push(c),
            }
        }
        Self { words, quote }
    }
}

/// Returns `text` so that the shell reads it back as it is.
fn spelled(text: &str, quote: Option<char>) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,+@%^#=~".contains(c) || !c.is_ascii();
    let mut spelled = String::new();
    for c in text.chars() {
        let is_special = match quote {
            None => !is_plain(c),
            Some('"') => "\"\\$`".contains(c),
            Some(_) => false,
        };
        if is_special {
            spelled.push('\\');
        }
        spelled.push(c);
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_the_shell_reads_it() {
        let cases: [(&str, &[&str], Option<char>); 7] = [
            ("t list ", &["t", "list", ""], None),
            ("t list project:m", &["t", "list", "project:m"], None),
            (
                "t list project:My\\ f",
                &["t", "list", "project:My f"],
                None,
            ),
            (
                "t list project:\"My f",
                &["t", "list", "project:My f"],
                Some('"'),
            ),
            ("t  'a b'  c", &["t", "a b", "c"], None),
            ("t '' x", &["t", "", "x"], None),
            ("", &[""], None),
        ];
        for (line, words, quote) in cases {
            let read = Line::read(line);
            assert_eq!(read.words, words, "{line}");
            assert_eq!(read.quote, quote, "{line}");
        }
    }

    #[test]
    fn what_is_offered_is_read_back_as_it_is() {
        for text in [
            "My flat",
            "it's",
            "a$b",
            "家",
            "due:end of month",
            "+a,b",
            "!high",
        ] {
            let line = format!("t {}", spelled(text, None));
            assert_eq!(Line::read(&line).words[1], text);
            let line = format!("t \"{}\"", spelled(text, Some('"')));
            assert_eq!(Line::read(&line).words[1], text);
        }
    }
}
