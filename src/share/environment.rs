//! Credentials, region and endpoint, as the AWS tools find them: environment variables first, then the shared files.
//!
//! Source: "Configuration and credential file settings in the AWS CLI" and "Service-specific endpoints", AWS CLI User Guide.
//! What those tools fetch from elsewhere (single sign-on, roles, programs, the metadata of a virtual machine) is not read here;
//! `aws configure export-credentials` turns them into what is.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{log::LogError, sigv4::Credentials};
use crate::{disk, home::Folders};

/// Looks up a variable.
type Variables = dyn Fn(&str) -> Option<String> + Send;

/// Environment variables and the home folder. In tests they are made up.
pub struct Environment {
    variables: Box<Variables>,
    home: Option<PathBuf>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Environment({:?})", self.home)
    }
}

/// A user and a password, or an access key and its secret. [`Debug`] shows the user alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user, or the id of the access key.
    pub user: String,
    /// The password, or the secret of the access key.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Login({})", self.user)
    }
}

/// A section of an INI file: names and values.
type Section = BTreeMap<String, String>;

impl Environment {
    /// Returns that of this process.
    pub fn of_process() -> Self {
        Self {
            variables: Box::new(|name| std::env::var(name).ok()),
            home: Folders::here().map(|folders| folders.home),
        }
    }

    /// Returns one that consists of `variables` alone, with the home folder `home`.
    pub fn of(variables: &[(&str, &str)], home: Option<&Path>) -> Self {
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self {
            variables: Box::new(move |name| variables.get(name).cloned()),
            home: home.map(Path::to_owned),
        }
    }

    /// Returns a variable; `None` if it is not set or is empty.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.trim().is_empty())
    }

    /// Returns the file with the certificates to trust, if there is to be another than the system's.
    pub(super) fn ca_bundle(&self) -> Option<PathBuf> {
        self.variable("AWS_CA_BUNDLE").map(PathBuf::from)
    }

    /// Returns the region of the object store, if one is set.
    pub(super) fn region(&self) -> Option<String> {
        self.variable("AWS_REGION")
            .or_else(|| self.variable("AWS_DEFAULT_REGION"))
            .or_else(|| self.setting("region"))
    }

    /// Returns the URL of the object store, if it is another than AWS's.
    pub(super) fn endpoint(&self) -> Option<String> {
        self.variable("AWS_ENDPOINT_URL_S3")
            .or_else(|| self.variable("AWS_ENDPOINT_URL"))
            .or_else(|| self.setting("endpoint_url"))
    }

    /// Returns the credentials for the object store: those of the environment, else `saved`, else those of the shared
    /// credentials file.
    pub(super) fn credentials(&self, saved: Option<&Login>) -> Result<Credentials, LogError> {
        match (
            self.variable("AWS_ACCESS_KEY_ID"),
            self.variable("AWS_SECRET_ACCESS_KEY"),
        ) {
            (Some(access_key_id), Some(secret_access_key)) => {
                return Ok(Credentials {
                    access_key_id,
                    secret_access_key,
                    session_token: self.variable("AWS_SESSION_TOKEN"),
                });
            }
            (None, None) => {}
            (is_set, _) => {
                let (set, missing) = if is_set.is_some() {
                    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
                } else {
                    ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")
                };
                return Err(LogError::Refused(format!(
                    "{set} is set, and {missing} is not: set both"
                )));
            }
        }
        if let Some(login) = saved {
            return Ok(Credentials {
                access_key_id: login.user.clone(),
                secret_access_key: login.password.clone(),
                session_token: None,
            });
        }
        let path = self.file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let profile = self.profile();
        let section = path.as_deref().map(|path| read_section(path, &[&profile]));
        let mut section = section.transpose()?.flatten().unwrap_or_default();
        let mut take = |name: &str| section.remove(name);
        match (take("aws_access_key_id"), take("aws_secret_access_key")) {
            (Some(access_key_id), Some(secret_access_key)) => Ok(Credentials {
                access_key_id,
                secret_access_key,
                session_token: take("aws_session_token"),
            }),
            _ => Err(LogError::Refused(format!(
                "there are no credentials for the object store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or put \
                 aws_access_key_id and aws_secret_access_key under [{profile}] in {}",
                path.map_or("~/.aws/credentials".to_owned(), |path| path
                    .display()
                    .to_string())
            ))),
        }
    }

    /// Returns the file from which [`credentials`](Self::credentials) would be read, if others than its owner can read it too. Other
    /// tools take such a file, and so do we.
    pub(super) fn open_credentials_file(&self, saved: Option<&Login>) -> Option<PathBuf> {
        if saved.is_some() || self.variable("AWS_ACCESS_KEY_ID").is_some() {
            return None;
        }
        let path = self.file("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        let is_open = fs::File::open(&path).and_then(|file| disk::is_open_to_others(&file));
        is_open.is_ok_and(|is_open| is_open).then_some(path)
    }

    /// Returns the user and password for rqlite, if there are any: those of the environment.
    pub(super) fn rqlite_login(&self) -> Result<Option<Login>, LogError> {
        match (self.variable("TASKHOLD_RQLITE_USER"), self.variable("TASKHOLD_RQLITE_PASSWORD")) {
            (Some(user), Some(password)) => Ok(Some(Login { user, password })),
            (None, None) => Ok(None),
            _ => Err(LogError::Refused(
                "one of TASKHOLD_RQLITE_USER and TASKHOLD_RQLITE_PASSWORD is set, and the other is not: set both".to_owned(),
            )),
        }
    }

    fn profile(&self) -> String {
        self.variable("AWS_PROFILE")
            .unwrap_or_else(|| "default".to_owned())
    }

    fn file(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        self.variable(variable)
            .map(PathBuf::from)
            .or_else(|| Some(self.home.as_ref()?.join(".aws").join(usual)))
    }

    /// Returns a setting of the profile in the shared configuration file. A file that cannot be read sets nothing: what is
    /// missing then is named when it is needed.
    fn setting(&self, name: &str) -> Option<String> {
        let path = self.file("AWS_CONFIG_FILE", "config")?;
        let profile = self.profile();
        // Profiles other than the default are called [profile NAME] in this file alone.
        let long = format!("profile {profile}");
        read_section(&path, &[&long, &profile]).ok()??.remove(name)
    }
}

/// Returns the first section with one of `names`; `None` if there is none, or no file.
fn read_section(path: &Path, names: &[&str]) -> Result<Option<Section>, LogError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(LogError::Refused(format!(
                "cannot read {}: {error}",
                path.display()
            )));
        }
    };
    Ok(names.iter().find_map(|name| section(&text, name)))
}

/// Returns the section of an INI file. Indented lines belong to a nested setting, and are passed over.
fn section(text: &str, name: &str) -> Option<Section> {
    let mut found = None;
    let mut is_in = false;
    for line in text.lines() {
        let line_text = line.trim();
        if line_text.is_empty() || line_text.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line_text
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            is_in = header.split_whitespace().eq(name.split_whitespace());
            if is_in {
                found.get_or_insert_with(Section::new);
            }
        } else if let (true, false, Some((key, value)), Some(section)) = (
            is_in,
            line.starts_with([' ', '\t']),
            line_text.split_once('='),
            found.as_mut(),
        ) {
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".aws");
        fs::create_dir(&folder).unwrap();
        fs::write(
            folder.join("credentials"),
            "# keys\n[default]\naws_access_key_id = FILE\naws_secret_access_key=secret/file=\n\n[ work ]\n\
             aws_access_key_id = WORK\naws_secret_access_key = w\naws_session_token = t\n[half]\naws_access_key_id = HALF\n",
        )
        .unwrap();
        fs::write(
            folder.join("config"),
            "[default]\nregion = eu-central-1\ns3 =\n  endpoint_url = http://nested\n[profile work]\nregion = auto\n\
             endpoint_url = https://store.example\n",
        )
        .unwrap();
        home
    }

    #[test]
    fn the_environment_goes_before_what_was_saved_and_that_before_the_file() {
        let home = home();
        let saved = Login {
            user: "SAVED".to_owned(),
            password: "s".to_owned(),
        };
        let of = |variables: &[(&str, &str)], saved: Option<&Login>| {
            let environment = Environment::of(variables, Some(home.path()));
            environment.credentials(saved).map(|found| {
                (
                    found.access_key_id,
                    found.secret_access_key,
                    found.session_token,
                )
            })
        };
        let keys = [
            ("AWS_ACCESS_KEY_ID", "ENV"),
            ("AWS_SECRET_ACCESS_KEY", "e"),
            ("AWS_SESSION_TOKEN", "t"),
        ];
        let expected = |id: &str, secret: &str, token: Option<&str>| {
            Ok((id.to_owned(), secret.to_owned(), token.map(str::to_owned)))
        };
        assert_eq!(of(&keys, Some(&saved)), expected("ENV", "e", Some("t")));
        assert_eq!(of(&[], Some(&saved)), expected("SAVED", "s", None));
        assert_eq!(of(&[], None), expected("FILE", "secret/file=", None));
        assert_eq!(
            of(&[("AWS_PROFILE", "work")], None),
            expected("WORK", "w", Some("t"))
        );
    }

    #[test]
    fn credentials_that_are_missing_or_half_there_are_named() {
        let home = home();
        let refusal = |variables: &[(&str, &str)]| {
            let environment = Environment::of(variables, Some(home.path()));
            environment.credentials(None).unwrap_err().to_string()
        };
        let text = refusal(&[("AWS_ACCESS_KEY_ID", "ENV")]);
        assert!(text.contains("AWS_SECRET_ACCESS_KEY is not"), "{text}");
        for profile in ["half", "none"] {
            let text = refusal(&[("AWS_PROFILE", profile)]);
            assert!(
                text.contains(&format!("[{profile}]")) && text.contains(".aws"),
                "{text}"
            );
        }
        let text = refusal(&[("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/at/all")]);
        assert!(text.contains("/nowhere/at/all"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_credentials_that_others_can_read_is_named_where_it_is_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = home();
        let path = home.path().join(".aws/credentials");
        let found = |variables: &[(&str, &str)], saved: Option<&Login>| {
            Environment::of(variables, Some(home.path())).open_credentials_file(saved)
        };
        let saved = Login {
            user: "anna".to_owned(),
            password: "secret".to_owned(),
        };
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(found(&[], None), Some(path.clone()));
        assert_eq!(found(&[("AWS_ACCESS_KEY_ID", "ENV")], None), None);
        assert_eq!(found(&[], Some(&saved)), None);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(found(&[], None), None);
        assert_eq!(
            found(&[("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")], None),
            None
        );
    }

    #[test]
    fn region_and_endpoint_come_from_the_environment_or_the_profile() {
        let home = home();
        let of = |variables: &[(&str, &str)]| {
            let environment = Environment::of(variables, Some(home.path()));
            (
                environment.region().unwrap_or_default(),
                environment.endpoint().unwrap_or_default(),
            )
        };
        let pair = |region: &str, endpoint: &str| (region.to_owned(), endpoint.to_owned());
        assert_eq!(of(&[]), pair("eu-central-1", ""));
        assert_eq!(
            of(&[("AWS_PROFILE", "work")]),
            pair("auto", "https://store.example")
        );
        assert_eq!(
            of(&[
                ("AWS_DEFAULT_REGION", "us-west-2"),
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            ]),
            pair("us-west-2", "http://127.0.0.1:9")
        );
        assert_eq!(
            of(&[("AWS_REGION", "  "), ("AWS_CONFIG_FILE", "/nowhere")]),
            pair("", "")
        );
    }
}
