//! Tokens: who may come in, and what they may do.
//!
//! The user's own token is in a file beside the database that only the user can read, so that `token show` can show it.
//! Further tokens are shown once, when they are made, and kept as hashes in another file. Both files are looked at for
//! each request, so that a token that is revoked stops working at once.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Instant, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    mcp::Principal,
    store::{Paths, db::locked, open_to_lock, replace_private},
};

/// The label of the user's own token.
pub const OWN: &str = "main";

const LONGEST_LABEL: usize = 24;

/// What can go wrong with tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A label cannot be used.
    #[error(
        "\"{label}\" cannot be a token's name: use 1 to {LONGEST_LABEL} letters, digits, - and _"
    )]
    Label {
        /// The label given.
        label: String,
    },
    /// There is such a token already.
    #[error("there is a token \"{label}\" already; revoke it first, or choose another name")]
    Taken {
        /// The label given.
        label: String,
    },
    /// There is no such token.
    #[error("there is no token \"{label}\"; taskhold token list shows those there are")]
    Unknown {
        /// The label given.
        label: String,
    },
    /// The user's own token is made anew, not revoked.
    #[error("\"{OWN}\" is your own token; make it anew with: taskhold token rotate")]
    Own,
    /// Others could have read a file of tokens.
    #[error(
        "{} can be read by others; make the tokens in it anew, or take their access away with: chmod 600 {}",
        path.display(), path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// A file of tokens cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A token as it is listed: without the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is called, and what its changes are signed with.
    pub label: String,
    /// Whether it may only look.
    pub read_only: bool,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// SHA-256 of the token, as base64url.
    hash: String,
}

/// The tokens of one database.
#[derive(Debug)]
pub struct Tokens {
    paths: Paths,
    known: Mutex<Option<Known>>,
    wrong: Mutex<Option<(Instant, u32)>>,
}

/// The tokens as they were last read.
#[derive(Clone, Debug)]
struct Known {
    stamps: [Option<Stamp>; 2],
    tokens: Arc<[Token]>,
}

#[derive(Debug)]
struct Token {
    hash: [u8; 32],
    principal: Principal,
}

/// Tells a file that was replaced from the one that was read.
type Stamp = (SystemTime, u64, u64);

impl Tokens {
    /// Returns the tokens of the database at `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            paths: Paths::new(path),
            known: Mutex::default(),
            wrong: Mutex::default(),
        }
    }

    /// Returns the user's own token, making it if there is none.
    pub fn own(&self) -> Result<String, TokenError> {
        let _alone = self.alone()?;
        match read_private(&self.paths.token)? {
            Some(token) => Ok(token.trim().to_owned()),
            None => self.make_own(),
        }
    }

    /// Makes the user's own token anew and returns it. The old one stops working at once.
    pub fn rotate(&self) -> Result<String, TokenError> {
        let _alone = self.alone()?;
        self.make_own()
    }

    /// Makes a further token and returns it. It is kept as a hash, so it is shown now or never.
    pub fn add(&self, label: &str, read_only: bool) -> Result<String, TokenError> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if label.is_empty() || label.len() > LONGEST_LABEL || !label.chars().all(is_word) {
            let label = label.to_owned();
            return Err(TokenError::Label { label });
        }
        let _alone = self.alone()?;
        let mut entries = self.entries()?;
        if label == OWN || entries.iter().any(|entry| entry.label == label) {
            let label = label.to_owned();
            return Err(TokenError::Taken { label });
        }
        let token = random_token(&self.paths.tokens)?;
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        entries.push(Entry {
            label: label.to_owned(),
            read_only,
            created: since_1970.map_or(0, |since| since.as_secs()),
            hash: URL_SAFE_NO_PAD.encode(hash(&token)),
        });
        self.keep(&entries)?;
        Ok(token)
    }

    /// Takes a token back. It stops working at once, and what it has open is ended.
    pub fn revoke(&self, label: &str) -> Result<(), TokenError> {
        if label == OWN {
            return Err(TokenError::Own);
        }
        let _alone = self.alone()?;
        let mut entries = self.entries()?;
        let before = entries.len();
        entries.retain(|entry| entry.label != label);
        if entries.len() == before {
            let label = label.to_owned();
            return Err(TokenError::Unknown { label });
        }
        self.keep(&entries)
    }

    /// Returns the further tokens, oldest first.
    pub fn entries(&self) -> Result<Vec<Entry>, TokenError> {
        let path = &self.paths.tokens;
        let Some(text) = read_private(path)? else {
            return Ok(Vec::new());
        };
        serde_json::from_str(&text).map_err(|error| TokenError::File {
            path: path.clone(),
            source: error.into(),
        })
    }

    /// Returns whose token `given` is; `None` if it is nobody's. How long it takes does not tell how much of it fits.
    pub(super) fn principal(&self, given: &[u8]) -> Result<Option<Principal>, TokenError> {
        let given: [u8; 32] = Sha256::digest(given).into();
        let mut found = None;
        for token in &*self.current()? {
            if bool::from(token.hash.ct_eq(&given)) {
                found = Some(token.principal.clone());
            }
        }
        Ok(found)
    }

    /// Reports whether `principal` may still come in.
    pub(super) fn holds(&self, principal: &Principal) -> bool {
        let Some(label) = &principal.label else {
            return true;
        };
        // What cannot be read just now revokes nothing.
        self.current().map_or(true, |tokens| {
            let mut tokens = tokens.iter();
            tokens.any(|token| token.principal.label.as_ref() == Some(label))
        })
    }

    /// Counts a wrong token. Reports whether there have been more than `most` within a second.
    pub(super) fn is_one_too_many(&self, most: u32) -> bool {
        let mut wrong = locked(&self.wrong);
        let (since, count) = wrong
            .filter(|(since, _)| since.elapsed().as_secs() < 1)
            .unwrap_or_else(|| (Instant::now(), 0));
        *wrong = Some((since, count + 1));
        count >= most
    }

    /// Returns the tokens as they are on the disk now.
    fn current(&self) -> Result<Arc<[Token]>, TokenError> {
        let stamps = [stamp(&self.paths.token), stamp(&self.paths.tokens)];
        if let Some(known) = &*locked(&self.known)
            && known.stamps == stamps
        {
            return Ok(Arc::clone(&known.tokens));
        }
        let mut tokens = Vec::new();
        if let Some(own) = read_private(&self.paths.token)? {
            tokens.push(Token {
                hash: hash(own.trim()),
                principal: Principal {
                    label: Some(OWN.into()),
                    is_read_only: false,
                },
            });
        }
        tokens.extend(self.entries()?.into_iter().filter_map(|entry| {
            let hash = URL_SAFE_NO_PAD.decode(&entry.hash).ok()?;
            Some(Token {
                hash: hash.try_into().ok()?,
                principal: Principal {
                    label: Some(entry.label.into()),
                    is_read_only: entry.read_only,
                },
            })
        }));
        let tokens: Arc<[Token]> = tokens.into();
        *locked(&self.known) = Some(Known {
            stamps,
            tokens: Arc::clone(&tokens),
        });
        Ok(tokens)
    }

    fn make_own(&self) -> Result<String, TokenError> {
        let token = random_token(&self.paths.token)?;
        let line = format!("{token}\n");
        replace_private(&self.paths.token, line.as_bytes())
            .map_err(|source| file_error(&self.paths.token, source))?;
        Ok(token)
    }

    fn keep(&self, entries: &[Entry]) -> Result<(), TokenError> {
        let path = &self.paths.tokens;
        serde_json::to_vec_pretty(entries)
            .map_err(io::Error::from)
            .and_then(|text| replace_private(path, &text))
            .map_err(|source| file_error(path, source))
    }

    /// Keeps other processes from changing the tokens until the file is dropped.
    fn alone(&self) -> Result<fs::File, TokenError> {
        open_to_lock(&self.paths.lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|source| file_error(&self.paths.lock, source))
    }
}

/// 32 bytes from the system, as 43 characters.
fn random_token(path: &Path) -> Result<String, TokenError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| file_error(path, io::Error::other(error)))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn file_error(path: &Path, source: io::Error) -> TokenError {
    TokenError::File {
        path: path.to_owned(),
        source,
    }
}

fn read_private(path: &Path) -> Result<Option<String>, TokenError> {
    let read = fs::metadata(path).and_then(|metadata| {
        let is_open = is_open_to_others(&metadata);
        Ok((is_open, fs::read_to_string(path)?))
    });
    match read {
        Ok((true, _)) => Err(TokenError::Open {
            path: path.to_owned(),
        }),
        Ok((false, text)) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(file_error(path, source)),
    }
}

#[cfg(unix)]
fn is_open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o077 != 0 || metadata.uid() != rustix::process::geteuid().as_raw()
}

/// On Windows what is in the user's profile is the user's alone.
#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((
        metadata.modified().ok()?,
        metadata.len(),
        file_number(&metadata),
    ))
}

#[cfg(unix)]
fn file_number(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn file_number(_: &fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> (tempfile::TempDir, Tokens) {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(&folder.path().join("tasks.db"));
        (folder, tokens)
    }

    fn label(tokens: &Tokens, token: &str) -> Option<String> {
        let principal = tokens.principal(token.as_bytes()).unwrap()?;
        principal.label.map(|label| label.to_string())
    }

    #[test]
    fn the_own_token_is_made_once_and_stops_working_when_it_is_made_anew() {
        let (_folder, tokens) = tokens();
        let first = tokens.own().unwrap();
        assert_eq!(first.len(), 43);
        assert_eq!(tokens.own().unwrap(), first);
        assert_eq!(label(&tokens, &first).as_deref(), Some(OWN));
        let second = tokens.rotate().unwrap();
        assert_ne!(first, second);
        assert_eq!(label(&tokens, &first), None);
        assert_eq!(label(&tokens, &second).as_deref(), Some(OWN));
    }

    #[test]
    fn a_further_token_is_kept_as_a_hash_until_it_is_revoked() {
        let (_folder, tokens) = tokens();
        let token = tokens.add("work", true).unwrap();
        let kept = fs::read_to_string(&tokens.paths.tokens).unwrap();
        assert!(!kept.contains(&token), "{kept}");
        let principal = tokens.principal(token.as_bytes()).unwrap().unwrap();
        assert!(principal.is_read_only);
        assert_eq!(tokens.entries().unwrap()[0].label, "work");
        assert!(tokens.holds(&principal));
        tokens.revoke("work").unwrap();
        assert_eq!(label(&tokens, &token), None);
        assert!(!tokens.holds(&principal));
    }

    #[test]
    fn what_cannot_be_a_label_or_is_none_is_refused() {
        let (_folder, tokens) = tokens();
        tokens.add("a", false).unwrap();
        for label in ["", "a b", "ä", "a\n", OWN, "a", &"x".repeat(25)] {
            assert!(tokens.add(label, false).is_err(), "{label:?}");
        }
        assert!(tokens.revoke("b").is_err());
        assert!(tokens.revoke(OWN).is_err());
    }

    #[test]
    fn nothing_but_a_whole_token_fits() {
        let (_folder, tokens) = tokens();
        let token = tokens.own().unwrap();
        for given in [
            "",
            " ",
            &token[..42],
            &format!("{token}x"),
            &token.to_lowercase(),
        ] {
            assert_eq!(label(&tokens, given), None, "{given:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, tokens) = tokens();
        let token = tokens.own().unwrap();
        let mode = fs::metadata(&tokens.paths.token)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&tokens.paths.token, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(tokens.own(), Err(TokenError::Open { .. })));
        let fresh = Tokens::new(&tokens.paths.database);
        assert!(fresh.principal(token.as_bytes()).is_err());
    }

    #[test]
    fn wrong_tokens_are_counted_by_the_second() {
        let (_folder, tokens) = tokens();
        let one_too_many: Vec<bool> = (0..4).map(|_| tokens.is_one_too_many(3)).collect();
        assert_eq!(one_too_many, [false, false, false, true]);
    }
}
