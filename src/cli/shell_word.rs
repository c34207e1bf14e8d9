//! Paths in commands that a person is to type.

use std::path::Path;

/// Returns a path as a word of a shell: quoted where it has blanks or what the shell would read otherwise.
pub(super) fn shell_word(path: &Path) -> String {
    let path = path.display().to_string();
    if cfg!(windows) {
        let is_plain = !path.contains([' ', '&', '(', ')', '^', ';', ',', '=', '\'']);
        return if is_plain {
            path
        } else {
            format!("\"{path}\"")
        };
    }
    shlex::try_quote(&path).map_or_else(|_| path.clone(), Into::into)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_would_take_it_apart() {
        for (path, word) in [
            ("/home/anna/tasks.db", "/home/anna/tasks.db"),
            ("/home/anna b/tasks.db", "'/home/anna b/tasks.db'"),
            ("/home/$anna/x", "'/home/$anna/x'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
