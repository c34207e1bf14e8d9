//! What a machine keeps of a shared log that nobody else may read: its place, its key, and credentials of the engine. The file
//! lies beside the database, and its owner alone can read it. It is not in the database: a copy of that is no second member.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{
    code::JoinCode,
    environment::{Environment, Login},
    log::{Digest, Log, LogError},
    place::Place,
    seal::{Key, LogId, Sealed},
};
use crate::disk;

/// A file that is longer is none of ours.
const LONGEST: u64 = 64 << 10;
/// How many bytes of the digest of what it says are kept in it.
const CHECK: usize = 8;

/// What opens one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Place, log and key.
    pub code: JoinCode,
    /// Credentials of the engine, where they are kept with the key; `None` if they come from elsewhere.
    pub login: Option<Login>,
    /// Whose machine it is, which changes are signed with beside the client's name; `None` where one person has them all.
    pub member: Option<String>,
    /// Which machine it is, for the entries that it writes.
    pub machine: String,
    /// Whether place, log and key are as taskhold wrote them, and not changed by hand.
    pub is_as_written: bool,
    /// What opens the log that takes the place of this one, while `share rekey` makes it.
    pub next: Option<Box<Secrets>>,
}

/// Why the secrets of a log cannot be had or kept. The messages are said of the file, which whoever passes them on names.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// There is no such file.
    #[error(
        "it is missing, and with it the key of the shared log; join again with: taskhold share join"
    )]
    Missing,
    /// The file cannot be read or written.
    #[error("cannot {action} it")]
    File {
        /// An infinitive: "read".
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error("it holds the key of the shared log, and others can read it; close it with: chmod 600 {}", disk::shell_word(path.display()))]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// Its content cannot be used.
    #[error("{reason}; join again with: taskhold share join")]
    Content {
        /// What is the matter with it.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    place: String,
    log: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    machine: String,
    /// The start of the digest of place, log and key: what was changed by hand does not fit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Box<Content>>,
}

impl Secrets {
    /// Makes those of a machine that begins to share.
    pub fn new(code: JoinCode, login: Option<Login>, member: Option<String>) -> Self {
        Self {
            code,
            login,
            member,
            machine: format!(
                "{:016x}",
                getrandom::u64().unwrap_or_else(|_| fastrand::u64(..))
            ),
            is_as_written: true,
            next: None,
        }
    }

    /// Returns those of the log with this id: these, or those that are to take their place.
    pub fn for_log(self, log: &str) -> Option<Self> {
        if self.code.log.to_string() == log {
            return Some(self);
        }
        self.next?.for_log(log)
    }

    /// Keeps them in the file at `path`, in place of what was kept there.
    pub fn save(&self, path: &Path) -> Result<(), SecretsError> {
        let failed = |source| SecretsError::File {
            action: "write",
            source,
        };
        let content = Content::of(self);
        let text =
            toml_edit::ser::to_string(&content).map_err(|error| failed(io::Error::other(error)))?;
        let text = format!(
            "# A shared log of taskhold, and the key to all its tasks. Show it to nobody.\n{text}"
        );
        disk::replace_private(path, text.as_bytes()).map_err(failed)
    }

    /// Returns what is kept in the file at `path`.
    pub fn load(path: &Path) -> Result<Self, SecretsError> {
        let mut bytes = Vec::new();
        let read = disk::open_own(path).and_then(|file| {
            let is_open_to_others = disk::is_open_to_others(&file)?;
            file.take(LONGEST).read_to_end(&mut bytes)?;
            Ok(is_open_to_others)
        });
        match read {
            Ok(false) => {}
            Ok(true) => {
                let path = path.to_owned();
                return Err(SecretsError::Open { path });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SecretsError::Missing);
            }
            Err(source) => {
                return Err(SecretsError::File {
                    action: "read",
                    source,
                });
            }
        }
        // What the parser would quote may be the key.
        let content: Result<Content, _> = toml_edit::de::from_slice(&bytes);
        let content = content.map_err(|_| "it is not what taskhold wrote".to_owned());
        content
            .and_then(Content::into_secrets)
            .map_err(|reason| SecretsError::Content { reason })
    }

    /// Removes the file at `path`. Reports whether it was there.
    pub fn remove(path: &Path) -> Result<bool, SecretsError> {
        match disk::remove(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(SecretsError::File {
                action: "remove",
                source,
            }),
        }
    }

    /// Opens the log: what goes to its engine is sealed. Nothing is sent yet.
    pub fn open(&self, environment: Environment) -> Result<Box<dyn Log>, LogError> {
        #[cfg(test)]
        if let Some(log) = super::memory::Memory::at(&self.code.place.to_string()) {
            return Ok(if log.is_sealed {
                Box::new(Sealed::new(log, self.code.log, &self.code.key))
            } else {
                Box::new(log)
            });
        }
        let engine = self.code.place.open(environment, self.login.as_ref())?;
        Ok(Box::new(Sealed::new(engine, self.code.log, &self.code.key)))
    }
}

impl Content {
    fn of(secrets: &Secrets) -> Self {
        let login = secrets.login.as_ref();
        let mut content = Self {
            place: secrets.code.place.to_string(),
            log: secrets.code.log.to_string(),
            key: URL_SAFE_NO_PAD.encode(secrets.code.key.as_bytes()),
            user: login.map(|login| login.user.clone()),
            password: login.map(|login| login.password.clone()),
            member: secrets.member.clone(),
            machine: secrets.machine.clone(),
            check: None,
            next: secrets.next.as_deref().map(|next| Box::new(Self::of(next))),
        };
        content.check = Some(content.sum());
        content
    }

    /// Returns what `check` is where nothing was changed by hand.
    fn sum(&self) -> String {
        let text = [&*self.place, &self.log, &self.key].join("\n");
        URL_SAFE_NO_PAD.encode(&Digest::of(text.as_bytes()).as_bytes()[..CHECK])
    }

    fn into_secrets(self) -> Result<Secrets, String> {
        let is_as_written = self.check.as_ref() == Some(&self.sum());
        let log = LogId::from_hex(&self.log).ok_or("it does not say which log it is of")?;
        let place: Place = self
            .place
            .parse()
            .map_err(|error: super::place::PlaceError| error.to_string())?;
        let key = URL_SAFE_NO_PAD
            .decode(&self.key)
            .ok()
            .and_then(|key| key.try_into().ok());
        let key = Key::from_bytes(key.ok_or("its key is not one of 32 bytes")?);
        let login = match (self.user, self.password) {
            (Some(user), Some(password)) => Some(Login { user, password }),
            (None, None) => None,
            _ => {
                return Err(
                    "it has a user without a password, or a password without a user".to_owned(),
                );
            }
        };
        Ok(Secrets {
            code: JoinCode { place, log, key },
            login,
            member: self.member,
            machine: self.machine,
            is_as_written,
            next: match self.next {
                Some(next) => Some(Box::new(next.into_secrets()?)),
                None => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn secrets(login: Option<Login>) -> Secrets {
        let place = "s3://tasks/anna?endpoint=https://store.example"
            .parse()
            .unwrap();
        let code = JoinCode {
            place,
            log: LogId::from_bytes([1; 16]),
            key: Key::from_bytes([2; 32]),
        };
        let member = login.as_ref().map(|login| login.user.clone());
        Secrets::new(code, login, member)
    }

    #[test]
    fn secrets_are_read_as_they_were_kept_and_only_their_owner_can() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db.share");
        let login = Login {
            user: "anna".to_owned(),
            password: "a \"b\" = 'c'".to_owned(),
        };
        for login in [None, Some(login)] {
            let kept = secrets(login);
            kept.save(&path).unwrap();
            assert_eq!(Secrets::load(&path).unwrap(), kept);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let error = Secrets::load(&path).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        assert!(Secrets::remove(&path).unwrap());
        assert!(!Secrets::remove(&path).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn those_of_a_log_that_is_to_come_are_kept_with_those_of_today() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db.share");
        let mut next = secrets(None);
        next.code.log = LogId::from_bytes([9; 16]);
        let mut kept = secrets(None);
        kept.next = Some(Box::new(next.clone()));
        kept.save(&path).unwrap();
        let loaded = Secrets::load(&path).unwrap();
        assert_eq!(loaded, kept);
        let of = |log: &LogId| loaded.clone().for_log(&log.to_string());
        assert_eq!(of(&next.code.log), Some(next));
        assert_eq!(of(&kept.code.log), Some(kept));
        assert_eq!(of(&LogId::from_bytes([7; 16])), None);
    }

    #[test]
    fn a_file_that_is_missing_or_spoilt_says_how_to_join_again_and_quotes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db.share");
        let kept = secrets(None);
        let refusal = || Secrets::load(&path).unwrap_err().to_string();
        assert!(refusal().contains("taskhold share join"), "{}", refusal());
        kept.save(&path).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let key = URL_SAFE_NO_PAD.encode([2; 32]);
        for spoilt in [
            whole[..whole.len() - 5].to_owned(),
            whole.replace("01", "0x"),
            whole.replace(&key, &key[1..]),
            whole.replace("s3://", "ftp://"),
            format!("{whole}user = \"anna\"\n"),
            "\u{feff}".to_owned(),
        ] {
            assert_ne!(spoilt, whole);
            disk::replace_private(&path, spoilt.as_bytes()).unwrap();
            let said = refusal();
            assert!(
                said.contains("share join") && !said.contains(&key[2..20]),
                "{said}"
            );
        }
        disk::replace_private(&path, &[0xff, 0, 0xfe]).unwrap();
        let said = refusal();
        assert!(said.contains("not what taskhold wrote"), "{said}");
    }
}
