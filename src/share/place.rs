//! Where a log is kept, in one line: `s3://bucket/folder` or `rqlite://host:port,host`.
//!
//! ```text
//! s3://BUCKET/FOLDER?endpoint=URL&region=REGION     an object store; without endpoint it is AWS's own
//! rqlite://HOST:PORT,HOST/NAME                      nodes of a cluster, by TLS where they are other machines than this
//! rqlite+http://HOST:PORT,HOST/NAME                 the same in clear, for a network that is private by itself
//! ```

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{
    environment::{Environment, Login},
    log::{Log, LogError},
    probe::{Probed, probe_rqlite, probe_s3},
    rqlite::Rqlite,
    s3::S3,
};

/// The port of rqlite, where none is given.
const RQLITE_PORT: u16 = 4001;
/// What a log in rqlite is called, where no name is given.
const USUAL_NAME: &str = "tasks";
/// The longest place that is read: it goes into a join code.
const LONGEST: usize = 1_024;
/// What stands in a place as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b':');

/// Where a log is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In an object store with an S3 API.
    S3 {
        /// The bucket, which must be there already.
        bucket: String,
        /// The folder in it, without slashes at its ends; never empty.
        folder: String,
        /// The URL of the store; `None` is AWS, or what the environment says.
        endpoint: Option<String>,
        /// The region; `None` is what the environment says.
        region: Option<String>,
    },
    /// In an rqlite cluster.
    Rqlite {
        /// Its nodes, each as `host:port`.
        nodes: Vec<String>,
        /// Which of the logs there.
        name: String,
        /// Whether the way there is never encrypted.
        is_clear: bool,
    },
}

/// Why a text is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It begins with neither of the schemes.
    #[error(
        "\"{0}\" is no place for a shared log: give s3://BUCKET/FOLDER, or rqlite://HOST:PORT,HOST:PORT"
    )]
    Scheme(String),
    /// A part of it is missing or cannot be used.
    #[error("the place \"{place}\" cannot be used: {reason}")]
    Part {
        /// The place.
        place: String,
        /// What is the matter with it.
        reason: &'static str,
    },
    /// It is too long.
    #[error("the place is longer than {LONGEST} bytes")]
    Long,
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if text.len() > LONGEST {
            return Err(PlaceError::Long);
        }
        let part = |reason| PlaceError::Part {
            place: shown(text),
            reason,
        };
        if let Some(rest) = text.strip_prefix("s3://") {
            return read_s3(rest).map_err(part);
        }
        let scheme = |scheme, is_clear| text.strip_prefix(scheme).map(|rest| (rest, is_clear));
        match scheme("rqlite://", false).or_else(|| scheme("rqlite+http://", true)) {
            Some((rest, is_clear)) => read_rqlite(rest, is_clear).map_err(part),
            None => Err(PlaceError::Scheme(shown(text))),
        }
    }
}

/// Returns what is shown of a text that is no place: no part in which a password can stand.
fn shown(text: &str) -> String {
    let (start, rest) = text.split_at(text.find("://").map_or(0, |at| at + 3));
    let is_secret = rest.contains('@') || rest.to_ascii_lowercase().contains("%40");
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let ending = if query.is_empty() { "" } else { "?…" };
    match is_secret {
        true if start.is_empty() => "…".to_owned(),
        true => format!("{}…", start.chars().take(80).collect::<String>()),
        false => format!("{start}{path}")
            .chars()
            .take(80)
            .chain(ending.chars())
            .collect(),
    }
}

fn read_s3(rest: &str) -> Result<Place, &'static str> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, folder) = path.split_once('/').unwrap_or((path, ""));
    // A key may have a slash in it, which is taken for the end of the bucket.
    if bucket.contains([':', '@']) {
        return Err(
            "a key does not belong into it: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use the files of the AWS tools",
        );
    }
    let is_of_bucket = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if bucket.is_empty() || !bucket.chars().all(is_of_bucket) {
        return Err("a bucket's name consists of letters, digits, dots and hyphens");
    }
    let folder = decode(folder.trim_matches('/'))?;
    if folder.is_empty() {
        return Err("name a folder in the bucket for the log alone, as in s3://BUCKET/FOLDER");
    }
    if folder
        .split('/')
        .any(|name| ["", ".", ".."].contains(&name))
        || folder.contains(char::is_control)
    {
        return Err("the folder has an empty name, a dot name or a control character in it");
    }
    let (mut endpoint, mut region) = (None, None);
    for setting in query.split('&').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let value = decode(value)?;
        match name {
            "endpoint" => endpoint = Some(checked_endpoint(&value)?),
            "region"
                if value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                    && !value.is_empty() =>
            {
                region = Some(value);
            }
            "region" => return Err("a region consists of letters, digits and hyphens"),
            _ => return Err("after ? it takes endpoint=URL and region=REGION"),
        }
    }
    Ok(Place::S3 {
        bucket: bucket.to_owned(),
        folder,
        endpoint,
        region,
    })
}

/// Returns an endpoint without a slash at its end.
pub(super) fn checked_endpoint(url: &str) -> Result<String, &'static str> {
    let url = url.trim().trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    if rest.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@'])) {
        return Err(
            "the endpoint is an URL of a host, as in https://store.example, without a path or a user in it",
        );
    }
    Ok(url.to_owned())
}

fn read_rqlite(rest: &str, is_clear: bool) -> Result<Place, &'static str> {
    let (hosts, name) = rest.split_once('/').unwrap_or((rest, ""));
    if rest.contains('@') {
        return Err(
            "a password does not belong into it: set TASKHOLD_RQLITE_USER and TASKHOLD_RQLITE_PASSWORD",
        );
    }
    let nodes = hosts.split(',').map(|host| {
        let has_port = host.rsplit_once(':').is_some_and(|(before, port)| {
            !before.is_empty()
                && (before.ends_with(']') || !before.contains(':'))
                && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        let is_bare = !host.is_empty()
            && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')));
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        match (has_port, is_bare) {
            _ if !host.chars().all(is_host) => Err("a node is HOST or HOST:PORT"),
            (true, _) => Ok(host.to_owned()),
            (_, true) => Ok(format!("{host}:{RQLITE_PORT}")),
            _ => Err("a node is HOST or HOST:PORT; an address of IPv6 stands in brackets"),
        }
    });
    let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
    let name = match name.trim_end_matches('/') {
        "" => USUAL_NAME,
        name if name.len() <= 64
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) =>
        {
            name
        }
        _ => {
            return Err(
                "the name of a log in rqlite consists of at most 64 letters, digits, - and _",
            );
        }
    };
    Ok(Place::Rqlite {
        nodes,
        name: name.to_owned(),
        is_clear,
    })
}

fn decode(text: &str) -> Result<String, &'static str> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| "it has bytes in it that are not UTF-8")
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 {
                bucket,
                folder,
                endpoint,
                region,
            } => {
                write!(out, "s3://{bucket}/{}", utf8_percent_encode(folder, KEPT))?;
                let mut before = '?';
                for (name, value) in [("endpoint", endpoint), ("region", region)] {
                    if let Some(value) = value {
                        write!(out, "{before}{name}={}", utf8_percent_encode(value, KEPT))?;
                        before = '&';
                    }
                }
                Ok(())
            }
            Self::Rqlite {
                nodes,
                name,
                is_clear,
            } => {
                let scheme = if *is_clear { "rqlite+http" } else { "rqlite" };
                write!(out, "{scheme}://{}/{name}", nodes.join(","))
            }
        }
    }
}

impl Place {
    /// Reports whether a log at `other` would be this one, as far as the places tell: an endpoint that is not named may be any.
    pub fn is_where(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::S3 {
                    bucket,
                    folder,
                    endpoint,
                    ..
                },
                Self::S3 {
                    bucket: other_bucket,
                    folder: other_folder,
                    endpoint: other_endpoint,
                    ..
                },
            ) => {
                let mut endpoints = endpoint.iter().zip(other_endpoint);
                (bucket, folder) == (other_bucket, other_folder)
                    && endpoints.all(|(one, two)| one == two)
            }
            (
                Self::Rqlite { nodes, name, .. },
                Self::Rqlite {
                    nodes: other_nodes,
                    name: other_name,
                    ..
                },
            ) => name == other_name && nodes.iter().any(|node| other_nodes.contains(node)),
            _ => false,
        }
    }

    /// Reports whether a log at `other` would be kept by the same engine, which then knows the same credentials.
    pub fn is_same_engine(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::S3 {
                    endpoint, region, ..
                },
                Self::S3 {
                    endpoint: other_endpoint,
                    region: other_region,
                    ..
                },
            ) => (endpoint, region) == (other_endpoint, other_region),
            (
                Self::Rqlite { nodes, .. },
                Self::Rqlite {
                    nodes: other_nodes, ..
                },
            ) => nodes.iter().any(|node| other_nodes.contains(node)),
            _ => false,
        }
    }

    /// Returns the place in the object store of `other`, if it names none.
    #[must_use]
    pub fn in_store_of(self, other: &Self) -> Self {
        match (self, other) {
            (
                Self::S3 {
                    bucket,
                    folder,
                    endpoint: None,
                    region: None,
                },
                Self::S3 {
                    endpoint, region, ..
                },
            ) => Self::S3 {
                bucket,
                folder,
                endpoint: endpoint.clone(),
                region: region.clone(),
            },
            (place, _) => place,
        }
    }

    /// Returns the place with what the environment adds to it, so that it leads to the same store on every machine: what
    /// `share init` keeps and puts into the join code.
    pub fn resolved(self, environment: &Environment) -> Result<Self, PlaceError> {
        let text = self.to_string();
        match self {
            Self::S3 {
                bucket,
                folder,
                endpoint,
                region,
            } => {
                let part = |reason| PlaceError::Part {
                    place: text.clone(),
                    reason,
                };
                let of_environment = || {
                    environment
                        .endpoint()
                        .map(|url| checked_endpoint(&url).map_err(part))
                };
                let endpoint = endpoint.map(Ok).or_else(of_environment).transpose()?;
                let region = region.or_else(|| environment.region());
                // Read again, so that what the environment said is checked too.
                Self::S3 {
                    bucket,
                    folder,
                    endpoint,
                    region,
                }
                .to_string()
                .parse()
            }
            rqlite @ Self::Rqlite { .. } => Ok(rqlite),
        }
    }

    /// Returns credentials that the environment has for this place, if it has any that do not expire: what `share init` and
    /// `share join` keep, since an AI host starts its servers without the variables of a shell.
    pub fn login_to_keep(&self, environment: &Environment) -> Option<Login> {
        match self {
            Self::S3 { .. } => {
                if environment.variable("AWS_SESSION_TOKEN").is_some() {
                    return None;
                }
                Some(Login {
                    user: environment.variable("AWS_ACCESS_KEY_ID")?,
                    password: environment.variable("AWS_SECRET_ACCESS_KEY")?,
                })
            }
            Self::Rqlite { .. } => environment.rqlite_login().ok()?,
        }
    }

    /// Returns the file that the credentials for this place come from, if others than its owner can read it too.
    pub fn open_credentials_file(
        &self,
        environment: &Environment,
        saved: Option<&Login>,
    ) -> Option<PathBuf> {
        match self {
            Self::S3 { .. } => environment.open_credentials_file(saved),
            Self::Rqlite { .. } => None,
        }
    }

    /// Opens the log there, with the credentials of the environment or else those that were `saved`. Nothing is sent yet.
    pub fn open(
        &self,
        environment: Environment,
        saved: Option<&Login>,
    ) -> Result<Box<dyn Log>, LogError> {
        Ok(match self.engine(environment, saved)? {
            Engine::S3(store) => store,
            Engine::Rqlite(cluster) => Box::new(cluster),
        })
    }

    /// Examines the engine there: whether it answers, keeps what was written first when eight write at once, and what time
    /// it has. It leaves some small objects behind, since the credentials need not be able to delete any.
    pub fn probe(
        &self,
        environment: Environment,
        saved: Option<&Login>,
    ) -> Result<Probed, LogError> {
        match self.engine(environment, saved)? {
            Engine::S3(mut store) => probe_s3(&mut store),
            Engine::Rqlite(mut cluster) => probe_rqlite(&mut cluster),
        }
    }

    fn engine(&self, environment: Environment, saved: Option<&Login>) -> Result<Engine, LogError> {
        Ok(match self {
            Self::S3 {
                bucket,
                folder,
                endpoint,
                region,
            } => Engine::S3(Box::new(S3::open(
                bucket,
                folder,
                endpoint.as_deref(),
                region.as_deref(),
                environment,
                saved.cloned(),
            )?)),
            Self::Rqlite {
                nodes,
                name,
                is_clear,
            } => Engine::Rqlite(Rqlite::open(nodes, name, *is_clear, &environment, saved)?),
        })
    }
}

enum Engine {
    S3(Box<S3>),
    Rqlite(Rqlite),
}

#[cfg(test)]
mod tests;
