//! Rules by which a bucket deletes objects by itself, or puts them where they cannot be read at once. One that does so to entries
//! ends the log.
//!
//! Source: Amazon S3 API Reference, `GetBucketLifecycleConfiguration`.

use bytes::Bytes;
use http::Method;

use super::{
    Requests,
    refusal::error_code,
    xml::{elements, text},
};
use crate::share::{http_client::SendError, log::LogError, sigv4::encode_path};

/// What is known of the rules of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// None of them deletes what the log needs, or there are none.
    Harmless,
    /// Those that do, each with what it does.
    Harmful(Vec<String>),
    /// The credentials may not read them: `s3:GetLifecycleConfiguration`.
    Hidden,
    /// The store has no such rules, or does not show them.
    NotOffered,
    /// The store did not answer.
    Unknown(LogError),
}

/// The folders in the log's folder of which no object may be lost.
const NEEDED: [&str; 3] = ["log/", "part/", "snapshot/"];
/// Classes of storage that an object must be fetched back from, for hours, before it can be read.
const AWAY: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

impl Requests {
    /// Asks for the rules of the bucket, once.
    pub(super) async fn lifecycle(&self) -> Lifecycle {
        let path = encode_path(&format!("/{}", self.bucket));
        let visit = self.patience.visit();
        let sent = self.send(Method::GET, &path, "lifecycle=", Bytes::new(), &visit);
        let reply = match sent.await {
            Ok(reply) => reply,
            Err(
                SendError::NotSent(text) | SendError::NoAnswer(text) | SendError::TooLong(text),
            ) => {
                return Lifecycle::Unknown(self.unreachable(&text));
            }
        };
        match (reply.status, error_code(&reply.body)) {
            (200, _) => match std::str::from_utf8(&reply.body) {
                Ok(xml) if xml.contains("LifecycleConfiguration") => read(xml, &self.folder),
                // A store that does not know the question may list the bucket.
                _ => Lifecycle::NotOffered,
            },
            (404, Some("NoSuchLifecycleConfiguration")) => Lifecycle::Harmless,
            (401 | 403, _) => Lifecycle::Hidden,
            (400 | 404 | 405 | 501, _) => Lifecycle::NotOffered,
            _ => Lifecycle::Unknown(self.refusal(&reply)),
        }
    }
}

/// Reads the configuration of a bucket that keeps a log in `folder`.
fn read(xml: &str, folder: &str) -> Lifecycle {
    let rules = elements(xml, "Rule").filter_map(|rule| harm(rule, folder));
    let rules: Vec<String> = rules.collect();
    if rules.is_empty() {
        Lifecycle::Harmless
    } else {
        Lifecycle::Harmful(rules)
    }
}

/// Says what a rule does to objects of the log; `None` if nothing.
fn harm(rule: &str, folder: &str) -> Option<String> {
    let is_enabled = text(rule, "Status").is_some_and(|status| status == "Enabled");
    let prefix = text(rule, "Prefix").unwrap_or_default();
    let is_ours = NEEDED.iter().any(|needed| {
        let needed = format!("{folder}/{needed}");
        needed.starts_with(&prefix) || prefix.starts_with(&needed)
    });
    // Objects of ours have no tags.
    if !is_enabled || !is_ours || elements(rule, "Tag").next().is_some() {
        return None;
    }
    let expires = elements(rule, "Expiration").find_map(when);
    let expires = expires.map(|when| format!("deletes objects {when}"));
    let moves = || {
        elements(rule, "Transition").find_map(|transition| {
            let class = text(transition, "StorageClass")?;
            let when = when(transition)?;
            AWAY.contains(&class.as_str())
                .then(|| format!("moves objects to {class} {when}"))
        })
    };
    let what = expires.or_else(moves)?;
    let name = text(rule, "ID").unwrap_or_else(|| "without a name".to_owned());
    Some(format!("{name} {what}"))
}

/// Says when a rule does something; `None` where it says neither a day nor a number of days, as one does that only tidies up.
fn when(action: &str) -> Option<String> {
    let days = text(action, "Days").map(|days| format!("after {days} days"));
    days.or_else(|| text(action, "Date").map(|date| format!("on {date}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(inside: &str) -> Lifecycle {
        let xml = format!(
            "<?xml version=\"1.0\"?>\n<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n<Rule>\n\
             <ID>tidy</ID>{inside}</Rule></LifecycleConfiguration>"
        );
        read(&xml, "a&b/tasks")
    }

    #[test]
    fn rules_that_delete_or_put_away_what_the_log_needs_are_named() {
        let expires = "<Expiration><Days>30</Days></Expiration><Status>Enabled</Status>";
        for filter in [
            "",
            "<Filter/>",
            "<Filter><Prefix></Prefix></Filter>",
            "<Prefix>a&amp;b/</Prefix>",
            "<Filter><Prefix>a&amp;b/tasks/log/</Prefix></Filter>",
            "<Filter><And><Prefix>a&amp;b/tasks</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And></Filter>",
            "<Filter><Prefix>a&amp;b/tasks/part/0</Prefix></Filter>",
        ] {
            assert_eq!(
                rule(&format!("{filter}{expires}")),
                Lifecycle::Harmful(vec!["tidy deletes objects after 30 days".to_owned()]),
                "{filter}"
            );
        }
        let on = "<Status>Enabled</Status><Expiration><Date>2027-01-01</Date></Expiration>";
        let away = "<Status>Enabled</Status><Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition>\
                    <Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>";
        for (inside, what) in [
            (on, "tidy deletes objects on 2027-01-01"),
            (away, "tidy moves objects to GLACIER after 90 days"),
        ] {
            assert_eq!(rule(inside), Lifecycle::Harmful(vec![what.to_owned()]));
        }
    }

    #[test]
    fn rules_for_other_objects_or_that_only_tidy_up_are_harmless() {
        let expires = "<Expiration><Days>30</Days></Expiration>";
        for inside in [
            format!("<Status>Disabled</Status>{expires}"),
            format!("<Status>Enabled</Status><Prefix>b/</Prefix>{expires}"),
            format!("<Status>Enabled</Status><Prefix>a&amp;b/tasks/probe/</Prefix>{expires}"),
            format!(
                "<Status>Enabled</Status><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>{expires}"
            ),
            "<Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>".to_owned(),
            "<Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration>".to_owned(),
            "<Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>".to_owned(),
        ] {
            assert_eq!(rule(&inside), Lifecycle::Harmless, "{inside}");
        }
        assert_eq!(
            read("<LifecycleConfiguration/>", "tasks"),
            Lifecycle::Harmless
        );
    }
}
