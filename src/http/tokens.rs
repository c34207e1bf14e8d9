//! Tokens: who may come in, and what they may do.
//!
//! The user's own token is in a file beside the database that only the user can read, so that `token show` can show it.
//! Further tokens are shown once, when they are made, and kept as hashes in another file. Both files are looked at for
//! each request that brings a token, so that one that is taken back stops working at once, and every second for what is
//! open.
//!
//! # Invariants
//!
//! - Who comes in is known by the token, not by its label: a token that takes the place of another inherits nothing.
//! - What is shorter than [`SHORTEST`] is nobody's token, whatever the files hold.
//! - A file that cannot be used keeps out the tokens in it, and no others; but where the own token was and is none now,
//!   nobody comes in until it is made anew: someone wrote to a file that is the owner's alone.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Instant, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use subtle::ConstantTimeEq as _;

use crate::{
    disk::{Lock, OF_DATABASE, TOO_FEW, are_used_up, lock, replace_private, shell_word},
    mcp::Principal,
    store::Paths,
};

mod entry;
mod file;

pub use entry::TokenEntry;
use entry::{Hash, is_label};
use file::Refusal;

/// The label of the user's own token.
pub const OWN: &str = "main";

const LONGEST_LABEL: usize = 24;
/// The fewest characters that a token has. Ours have 43.
const SHORTEST: usize = 32;

/// What to do where the own token cannot be used.
const OWN_ANEW: &str =
    "move it away if it is not yours, and make your token anew with: taskhold token rotate";
/// What to do where further tokens cannot be used.
const FURTHER_ANEW: &str = "move it away, and make the tokens in it anew with: taskhold token add";

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
        path.display(), shell_word(path.display())
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// What lies where a file of tokens should be is none that we wrote.
    #[error("{} cannot be used: {what}; {way_out}", path.display())]
    Unfit {
        /// What lies there.
        path: PathBuf,
        /// What is wrong with it: "it is a link".
        what: String,
        /// How it is mended.
        way_out: &'static str,
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

impl TokenError {
    /// Returns what to do where a file of tokens cannot be used.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Unfit { way_out, .. } => way_out,
            Self::File { source, .. } if are_used_up(source) => TOO_FEW,
            _ => "see who owns it and its folder",
        }
    }
}

/// The tokens of one database.
#[derive(Debug)]
pub struct Tokens {
    paths: Paths,
    own: Known,
    further: Known,
    wrong: Mutex<Option<(Instant, u32)>>,
    /// What was last said in the log of a file that cannot be used.
    told: Mutex<Option<String>>,
}

/// Who may come in by one of the files, as it was last read.
type Known = Mutex<Option<(Stamp, Arc<[Principal]>)>>;

/// Tells a file that was replaced, or opened to others, from the one that was read; `None` if there is none.
type Stamp = Option<[i64; 4]>;

impl Tokens {
    /// Returns the tokens of the database at `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            paths: Paths::new(path),
            own: Known::default(),
            further: Known::default(),
            wrong: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Reports whether a file of tokens is there, whatever is in it.
    pub fn are_there(&self) -> bool {
        let files = [&self.paths.token, &self.paths.tokens];
        files.iter().any(|file| file.symlink_metadata().is_ok())
    }

    /// Returns the user's own token, making it if there is none.
    pub fn own(&self) -> Result<String, TokenError> {
        let _alone = self.alone()?;
        match self.read_own()? {
            Some(token) => Ok(token),
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
        if !is_label(label) {
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
        entries.push(TokenEntry {
            label: label.to_owned(),
            read_only,
            created: since_1970.map_or(0, |since| since.as_secs()),
            hash: Hash::of(token.as_bytes()),
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
    pub fn entries(&self) -> Result<Vec<TokenEntry>, TokenError> {
        let path = &self.paths.tokens;
        let Some(text) = read(path, FURTHER_ANEW)? else {
            return Ok(Vec::new());
        };
        serde_json::from_slice(&text).map_err(|source| TokenError::Unfit {
            path: path.clone(),
            what: format!("it is damaged ({source}), and the tokens in it do not work"),
            way_out: FURTHER_ANEW,
        })
    }

    /// Returns what is wrong with each of the files. What they could be opened to others by is not looked at here.
    pub fn faults(&self) -> Vec<TokenError> {
        let own = self.read_own().err();
        let further = self.entries().err();
        let mut faults: Vec<TokenError> = own.into_iter().chain(further).collect();
        faults.retain(|fault| !matches!(fault, TokenError::Open { .. }));
        faults
    }

    /// Returns whose token `given` is; `None` if it is nobody's. How long it takes does not tell how much of it fits.
    pub(super) fn principal(&self, given: &[u8]) -> Result<Option<Principal>, TokenError> {
        if given.len() < SHORTEST {
            return Ok(None);
        }
        let files = [self.of_own_file(), self.of_further_file()];
        let keeps_all_out = matches!(files[0], Err(TokenError::Unfit { .. }));
        let given = Hash::of(given).0;
        let mut found = None;
        for principal in files.iter().flatten().flat_map(|known| known.iter()) {
            if bool::from(principal.token_hash.ct_eq(&given)) {
                found = Some(principal.clone());
            }
        }
        let unusable = files.into_iter().find_map(Result::err);
        self.tell(unusable.as_ref());
        match unusable {
            // Without one that fits, it may be one of those that cannot be read.
            Some(error) if found.is_none() || keeps_all_out => Err(error),
            _ => Ok(found),
        }
    }

    /// Says in the log what is wrong with a file: once, and again when something else is.
    fn tell(&self, error: Option<&TokenError>) {
        let mut told = self.told.lock();
        let words = error.map(ToString::to_string);
        if *told != words {
            if let Some(words) = &words {
                tracing::error!("{words}");
            }
            *told = words;
        }
    }

    /// Reports whether `principal` may still come in.
    pub(super) fn holds(&self, principal: &Principal) -> bool {
        let known = match principal.label.as_deref() {
            None => return true,
            Some(OWN) => self.of_own_file(),
            Some(_) => self.of_further_file(),
        };
        // What cannot be read just now revokes nothing.
        known.map_or(true, |known| known.contains(principal))
    }

    /// Reports whether `principal`, who came in by one of the files, would now. Unlike [`Tokens::holds`], it fails where that
    /// cannot be told.
    pub(super) fn lets_in(&self, principal: &Principal) -> Result<bool, TokenError> {
        let own = match self.of_own_file() {
            Err(error @ TokenError::Unfit { .. }) => return Err(error),
            own => own,
        };
        let known = match principal.label.as_deref() {
            None => return Ok(true),
            Some(OWN) => own?,
            Some(_) => self.of_further_file()?,
        };
        Ok(known.contains(principal))
    }

    /// Counts a wrong token. Reports whether there have been more than `most` within a second.
    pub(super) fn is_one_too_many(&self, most: u32) -> bool {
        let mut wrong = self.wrong.lock();
        let (since, count) = wrong
            .filter(|(since, _)| since.elapsed().as_secs() < 1)
            .unwrap_or_else(|| (Instant::now(), 0));
        *wrong = Some((since, count + 1));
        count >= most
    }

    fn of_own_file(&self) -> Result<Arc<[Principal]>, TokenError> {
        current(&self.own, &self.paths.token, || {
            let own = self.read_own()?.map(|token| Principal {
                label: Some(OWN.into()),
                is_read_only: false,
                token_hash: Hash::of(token.as_bytes()).0,
                is_page: false,
                session: None,
            });
            Ok(own.into_iter().collect())
        })
    }

    fn of_further_file(&self) -> Result<Arc<[Principal]>, TokenError> {
        current(&self.further, &self.paths.tokens, || {
            let principals = self.entries()?.into_iter().map(|entry| Principal {
                label: Some(entry.label.into()),
                is_read_only: entry.read_only,
                token_hash: entry.hash.0,
                is_page: false,
                session: None,
            });
            Ok(principals.collect())
        })
    }

    /// Returns the user's own token; `None` if there is none yet.
    fn read_own(&self) -> Result<Option<String>, TokenError> {
        let path = &self.paths.token;
        let Some(content) = read(path, OWN_ANEW)? else {
            return Ok(None);
        };
        let is_token =
            |text: &&str| text.len() >= SHORTEST && text.chars().all(|c| c.is_ascii_graphic());
        let token = str::from_utf8(&content).ok().map(str::trim);
        let token = token.filter(is_token).map(ToOwned::to_owned);
        token.map(Some).ok_or_else(|| TokenError::Unfit {
            path: path.clone(),
            what: format!(
                "it holds no token, which has {SHORTEST} characters or more and no blanks"
            ),
            way_out: OWN_ANEW,
        })
    }

    fn make_own(&self) -> Result<String, TokenError> {
        let token = random_token(&self.paths.token)?;
        let line = format!("{token}\n");
        replace_private(&self.paths.token, line.as_bytes())
            .map_err(|source| file_error(&self.paths.token, source))?;
        Ok(token)
    }

    fn keep(&self, entries: &[TokenEntry]) -> Result<(), TokenError> {
        let path = &self.paths.tokens;
        serde_json::to_vec_pretty(entries)
            .map_err(io::Error::from)
            .and_then(|text| replace_private(path, &text))
            .map_err(|source| file_error(path, source))
    }

    /// Keeps other processes from changing the tokens until the lock is dropped.
    fn alone(&self) -> Result<Lock, TokenError> {
        lock(&self.paths.lock, OF_DATABASE)
            .map_err(|error| file_error(&self.paths.lock, error.into()))
    }
}

/// Returns what a file says now: what is `known` of it, or what `read` finds if it was changed since.
fn current(
    known: &Known,
    path: &Path,
    read: impl FnOnce() -> Result<Arc<[Principal]>, TokenError>,
) -> Result<Arc<[Principal]>, TokenError> {
    let stamp = stamp(path);
    if let Some((earlier, principals)) = &*known.lock()
        && *earlier == stamp
    {
        return Ok(Arc::clone(principals));
    }
    let principals = read()?;
    *known.lock() = Some((stamp, Arc::clone(&principals)));
    Ok(principals)
}

/// 32 bytes from the system, as 43 characters.
fn random_token(path: &Path) -> Result<String, TokenError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| file_error(path, io::Error::other(error)))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn file_error(path: &Path, source: io::Error) -> TokenError {
    TokenError::File {
        path: path.to_owned(),
        source,
    }
}

fn read(path: &Path, way_out: &'static str) -> Result<Option<Vec<u8>>, TokenError> {
    file::read(path).map_err(|refusal| {
        let path = path.to_owned();
        match refusal {
            Refusal::Open => TokenError::Open { path },
            Refusal::Unfit(what) => TokenError::Unfit {
                path,
                what: what.to_owned(),
                way_out,
            },
            Refusal::System(source) => TokenError::File { path, source },
        }
    })
}

/// The time of the last change is also that of its owner, its mode and its names.
#[cfg(unix)]
fn stamp(path: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::symlink_metadata(path).ok()?;
    let number = metadata.ino().cast_signed();
    Some([
        metadata.ctime(),
        metadata.ctime_nsec(),
        number,
        metadata.size().cast_signed(),
    ])
}

#[cfg(not(unix))]
fn stamp(path: &Path) -> Stamp {
    let metadata = fs::symlink_metadata(path).ok()?;
    let modified = metadata
        .modified()
        .ok()?
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    let parts = [
        u128::from(modified.as_secs()),
        modified.subsec_nanos().into(),
        0,
        metadata.len().into(),
    ];
    Some(parts.map(|part| i64::try_from(part).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests;
