//! Words in commands that a person is to type.

use std::fmt::Display;

/// Returns a word for a shell, such as a path: quoted where it is empty, or has blanks or what the shell would read otherwise.
pub(crate) fn shell_word(word: impl Display) -> String {
    let word = word.to_string();
    if cfg!(windows) {
        // In double quotes `cmd` and PowerShell take it alike.
        let is_plain = !word.is_empty()
            && !word.contains([' ', '&', '(', ')', '^', ';', ',', '=', '\'', '$', '@', '`']);
        return if is_plain {
            word
        } else {
            format!("\"{word}\"")
        };
    }
    shlex::try_quote(&word).map_or_else(|_| word.clone(), Into::into)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        for given in [
            "/home/anna/tasks.db",
            "/home/anna b/tasks.db",
            "/home/$anna/x",
            "/it's/$HOME",
            r"a\b",
            "",
        ] {
            let word = shell_word(given);
            assert_eq!(shlex::split(&word).unwrap(), [given], "{word}");
        }
        assert_eq!(shell_word("/home/anna/tasks.db"), "/home/anna/tasks.db");
    }
}
