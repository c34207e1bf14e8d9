//! The entries of a log: which are there, and what they hold.
//!
//! One that is not there may be the end of the log, or may have been deleted. A listing tells: it names the first that stands behind a
//! number, however many are missing between.
//!
//! Source: Amazon S3 API Reference, `ListObjectsV2`.

use futures::{StreamExt as _, stream};

use super::{
    ENTRIES, Requests, WIDTH, entry_key,
    xml::{elements, text},
};
use crate::share::{
    http_client::Reply,
    log::{LogError, Number, Page, missing},
    sigv4::{encode_path, encode_value},
    visit::Visit,
};

/// How many entries are listed at once, as many as stores list.
pub(super) const MOST: usize = 1_000;

/// Entries that a store has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Their numbers, from the lowest.
    pub(super) numbers: Vec<Number>,
    /// There are no more.
    pub(super) is_whole: bool,
}

impl Listing {
    /// Returns how many there are from `first` on without a gap.
    pub(super) fn run(&self, first: Number) -> usize {
        let expected = self.numbers.iter().zip(first..);
        expected
            .take_while(|(is, expected)| *is == expected)
            .count()
    }
}

impl Requests {
    /// Returns the entries after `after`, at most `most` of them; none at all if the log ends there.
    pub(super) async fn listed(
        &self,
        after: Number,
        most: usize,
        visit: &Visit,
    ) -> Result<Listing, LogError> {
        let mut start = entry_key(after);
        loop {
            let (keys, is_whole) = self.keys(ENTRIES, &start, most, visit).await?;
            // What others put there is no entry.
            let names = keys.iter().filter_map(|key| key.strip_prefix(ENTRIES));
            let numbers = names.filter(|name| name.len() == 20);
            let numbers: Vec<Number> = numbers.filter_map(|name| name.parse().ok()).collect();
            match keys.into_iter().next_back() {
                Some(last) if numbers.is_empty() && !is_whole => start = last,
                _ => return Ok(Listing { numbers, is_whole }),
            }
        }
    }

    /// Returns the keys after `start` that begin with `prefix` (paths in the folder), at most `most` of them, and whether there are
    /// no more.
    pub(super) async fn keys(
        &self,
        prefix: &str,
        start: &str,
        most: usize,
        visit: &Visit,
    ) -> Result<(Vec<String>, bool), LogError> {
        let in_bucket = |key: &str| format!("{}/{key}", self.folder);
        let query = format!(
            "list-type=2&max-keys={most}&prefix={}&start-after={}",
            encode_value(&in_bucket(prefix)),
            encode_value(&in_bucket(start))
        );
        let path = encode_path(&format!("/{}", self.bucket));
        let reply = self.ask(&path, &query, visit).await?;
        let body = reply.as_ref().map(|reply| &reply.body[..]);
        let xml = body.and_then(|body| std::str::from_utf8(body).ok());
        let Some(xml) = xml.filter(|xml| xml.contains("<ListBucketResult")) else {
            return Err(self.no_listing(reply.as_ref()));
        };
        let mut keys = Vec::new();
        for object in elements(xml, "Contents") {
            let key = text(object, "Key").unwrap_or_default();
            let in_folder = key.strip_prefix(&in_bucket("")).unwrap_or_default();
            if !in_folder.starts_with(prefix) || in_folder <= start {
                let what = format!("{key:?}");
                return Err(self.other_listing(&in_bucket(prefix), &in_bucket(start), &what));
            }
            keys.push(in_folder.to_owned());
        }
        let is_whole = text(xml, "IsTruncated").is_none_or(|is| is != "true");
        if keys.is_empty() && !is_whole {
            let what = "none, and said that there are more";
            return Err(self.other_listing(&in_bucket(prefix), &in_bucket(start), what));
        }
        Ok((keys, is_whole))
    }

    /// Returns the first entry after `after`; `None` if the log ends there. That the next is missing and a later one is there is an error.
    pub(super) async fn next(
        &self,
        after: Number,
        visit: &Visit,
    ) -> Result<Option<Number>, LogError> {
        let listing = self.listed(after, 1, visit).await?;
        match listing.numbers.first() {
            Some(first) if *first > after + 1 => Err(self.gap(after + 1)),
            first => Ok(first.copied()),
        }
    }

    /// Says that an entry is missing and later ones are there.
    pub(super) fn gap(&self, number: Number) -> LogError {
        missing(number, &self.place())
    }

    /// Returns entries after `after`, about `bytes` of them, and the end of the log if that was seen; `is_end` says that `after` is known to
    /// be the end.
    pub(super) async fn read(
        &self,
        after: Number,
        bytes: usize,
        is_end: bool,
    ) -> Result<(Page, Option<Number>), LogError> {
        let visit = &self.patience.visit();
        let mut page = Page::default();
        let key = entry_key(after + 1);
        let mut first = self.get(&key, visit).await?;
        // Whoever asks for news finds none most of the time, with one request.
        if first.is_none() && !is_end && self.next(after, visit).await?.is_some() {
            // It was written meanwhile.
            first = self.get(&key, visit).await?;
            if first.is_none() {
                return Err(LogError::Unreachable(format!(
                    "{} lists {key}, and does not have it",
                    self.place()
                )));
            }
        }
        let Some(first) = first else {
            page.is_last = true;
            return Ok((page, Some(after).filter(|_| !is_end)));
        };
        let mut left = bytes.saturating_sub(first.len());
        page.entries.push(Vec::from(first));
        if left == 0 {
            return Ok((page, None));
        }
        // It is asked for before it is known to be there: most who are behind are so by little.
        let next = after + 2;
        let key = entry_key(next);
        let (second, listing) =
            futures::join!(self.get(&key, visit), self.listed(next - 1, MOST, visit));
        let listing = listing?;
        // Those that the listing is too early for come with the next call.
        let run = listing.run(next);
        let later = stream::iter(next + 1..next + run.max(1) as Number)
            .map(|number| async move { self.get(&entry_key(number), visit).await })
            .buffered(WIDTH);
        let mut bodies = stream::iter([second]).chain(later);
        while left > 0
            && let Some(body) = bodies.next().await
        {
            // What was read so far is good, and the next call says what is wrong.
            let Ok(Some(body)) = body else {
                break;
            };
            left = left.saturating_sub(body.len());
            page.entries.push(Vec::from(body));
        }
        page.is_last =
            listing.is_whole && listing.numbers.len() == run && page.entries.len() == 1 + run;
        let end = page.is_last.then_some(after + 1 + run as Number);
        Ok((page, end))
    }

    /// Returns the first entry that is missing after `after` while later ones are there; `None` if there is none.
    pub(super) async fn first_missing(&self, after: Number) -> Result<Option<Number>, LogError> {
        let visit = &self.patience.visit();
        let mut last = after;
        loop {
            let listing = self.listed(last, MOST, visit).await?;
            let run = listing.run(last + 1);
            last += run as Number;
            if run < listing.numbers.len() {
                return Ok(Some(last + 1));
            }
            if listing.is_whole || run == 0 {
                return Ok(None);
            }
        }
    }

    /// Says that a listing is of something else than was asked for, so that it does not tell where the log ends.
    fn other_listing(&self, prefix: &str, start: &str, what: &str) -> LogError {
        LogError::Refused(format!(
            "{} lists other objects than it was asked for: asked for those that begin with {prefix:?} and come after {start:?}, it listed \
             {what}. That does not tell where the log ends, and a shared log cannot be kept so",
            self.place()
        ))
    }

    /// Says that what answers is not a store, or none that lists.
    fn no_listing(&self, reply: Option<&Reply>) -> LogError {
        let what = match reply {
            None => "404".to_owned(),
            Some(reply) if reply.body.is_empty() => "nothing at all".to_owned(),
            Some(reply) => match reply.headers.get(http::header::CONTENT_TYPE) {
                Some(kind) => format!(
                    "{} bytes of {}",
                    reply.body.len(),
                    kind.to_str().unwrap_or("something")
                ),
                None => format!("{} bytes", reply.body.len()),
            },
        };
        LogError::Refused(format!(
            "{} was asked to list the entries of the log, and answered with {what}, which is no listing: another server, or the page of a \
             proxy or of a network to sign in to, seems to answer in its place",
            self.place()
        ))
    }
}
