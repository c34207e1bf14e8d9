//! From commits to `notifications/resources/updated`, for both dialects of the protocol: `resources/subscribe` of the
//! versions up to 2025-11-25 and `subscriptions/listen` of 2026-07-28.
//!
//! # Invariants
//!
//! - A subscription listens to the database before it is acknowledged, so no change falls in between.
//! - Only resources whose text changed are told, once for all commits that have come by then.
//! - What turns with the time, as `tasks://today` does at midnight, is told like a change.
//! - Nothing here holds a lock while it waits for a client to read.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{ErrorCode, ResourceUpdatedNotificationParam, SubscriptionFilter},
    service::SubscriptionContext,
};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    internal, resources,
    uri::{ResourceUri, altered},
};
use crate::{
    clock,
    domain::{
        error::Result,
        query::{Moment, View},
        task::Timestamp,
        when::Zone,
    },
    jsonrpc::refusal::refusal,
    store::db::{Session, Subscription},
};

/// The subscriptions of one session.
#[derive(Debug)]
pub(super) struct Subscriptions {
    session: Session,
    zone: Zone,
    /// Cancelled when the session ends: open `subscriptions/listen` calls get their final answer.
    shutdown: CancellationToken,
    /// How many resources the session may watch, and each `subscriptions/listen`.
    pub(super) most: usize,
    legacy: Arc<Legacy>,
    /// Taken before the acknowledgement, fetched by the `listen` that follows in the same Tokio task.
    early: Mutex<HashMap<tokio::task::Id, Watch>>,
}

/// What `resources/subscribe` has asked for so far, in the client's own spelling.
#[derive(Debug, Default)]
struct Legacy {
    watched: Mutex<BTreeMap<ResourceUri, String>>,
    /// Rung when `watched` changes.
    altered: Notify,
    /// Ends the forwarder when the last resource is unsubscribed, or the session is dropped.
    forwarder: Mutex<Option<DropGuard>>,
}

impl Subscriptions {
    pub(super) fn new(session: Session, zone: Zone, shutdown: CancellationToken) -> Self {
        Self {
            session,
            zone,
            shutdown,
            most: usize::MAX,
            legacy: Arc::default(),
            early: Mutex::default(),
        }
    }

    /// Begins to listen to the database.
    fn watch(&self) -> Result<Watch> {
        Ok(Watch {
            news: self.session.db().subscribe()?,
            session: self.session.clone(),
            zone: self.zone,
            seen: clock::now(),
        })
    }

    /// Serves `resources/subscribe`.
    pub(super) fn subscribe(
        &self,
        uri: &str,
        peer: Peer<RoleServer>,
    ) -> std::result::Result<(), ErrorData> {
        let resource = ResourceUri::parse(uri).ok_or_else(|| resources::not_found(uri))?;
        let mut forwarder = self.legacy.forwarder.lock();
        let is_too_many = {
            let watched = self.legacy.watched.lock();
            watched.len() >= self.most && !watched.contains_key(&resource)
        };
        if is_too_many {
            let message = format!(
                "too many subscriptions: a session may watch {} resources; unsubscribe from some, or watch tasks://all",
                self.most
            );
            return Err(refusal(ErrorCode::INVALID_REQUEST, message));
        }
        if forwarder.is_none() {
            let watch = self.watch().map_err(|error| internal(&error))?;
            let stop = CancellationToken::new();
            let forwarding = forward(Arc::downgrade(&self.legacy), watch, peer);
            tokio::spawn(stop.clone().run_until_cancelled_owned(forwarding));
            *forwarder = Some(stop.drop_guard());
        }
        self.legacy.watched.lock().insert(resource, uri.to_owned());
        self.legacy.altered.notify_one();
        Ok(())
    }

    /// Serves `resources/unsubscribe`. What was not subscribed is not missed.
    pub(super) fn unsubscribe(&self, uri: &str) -> std::result::Result<(), ErrorData> {
        let resource = ResourceUri::parse(uri).ok_or_else(|| resources::not_found(uri))?;
        let mut forwarder = self.legacy.forwarder.lock();
        let mut watched = self.legacy.watched.lock();
        watched.remove(&resource);
        if watched.is_empty() {
            *forwarder = None;
        }
        self.legacy.altered.notify_one();
        Ok(())
    }

    /// Returns the part of `requested` that is served, and begins to listen for it.
    pub(super) fn accept(&self, requested: &SubscriptionFilter) -> SubscriptionFilter {
        let mut accepted = requested.clone();
        let uris = accepted.resource_subscriptions.get_or_insert_default();
        uris.retain(|uri| ResourceUri::parse(uri).is_some());
        uris.truncate(self.most);
        if !uris.is_empty()
            && let Some(id) = tokio::task::try_id()
        {
            match self.watch() {
                Ok(watch) => drop(self.early.lock().insert(id, watch)),
                // Nothing is promised that cannot be kept.
                Err(error) => {
                    tracing::error!("cannot subscribe: {}", error.with_causes());
                    uris.clear();
                }
            }
        }
        accepted
    }

    /// Serves `subscriptions/listen` until the client cancels it or the session ends.
    pub(super) async fn listen(&self, context: SubscriptionContext) {
        let watch = tokio::task::try_id().and_then(|id| self.early.lock().remove(&id));
        let watched: BTreeMap<ResourceUri, String> = context
            .accepted()
            .resource_subscriptions
            .iter()
            .flatten()
            .filter_map(|uri| Some((ResourceUri::parse(uri)?, uri.clone())))
            .collect();
        let uris: BTreeSet<ResourceUri> = watched.keys().cloned().collect();
        let tell = async {
            let Some(mut watch) = watch else {
                return std::future::pending().await;
            };
            while let Some(altered) = watch.next(&uris).await {
                for uri in altered.iter().filter_map(|uri| watched.get(uri)) {
                    if context.sink().notify_resource_updated(uri).await.is_err() {
                        return;
                    }
                }
            }
        };
        // Also while a notification waits to be written: a session that ends must not wait for it.
        tokio::select! {
            () = context.cancelled() => {}
            () = self.shutdown.cancelled() => {}
            () = tell => {}
        }
    }
}

/// Forwards news to a legacy client.
async fn forward(legacy: Weak<Legacy>, mut watch: Watch, peer: Peer<RoleServer>) {
    while let Some(legacy) = legacy.upgrade() {
        let watched = legacy.watched.lock().clone();
        let uris = watched.keys().cloned().collect();
        let told = tokio::select! {
            told = watch.next(&uris) => told,
            () = legacy.altered.notified() => continue,
        };
        let Some(altered) = told else { return };
        // What was unsubscribed while the news came is not told any more.
        let watched = legacy.watched.lock().clone();
        drop(legacy);
        for uri in altered.iter().filter_map(|uri| watched.get(uri)) {
            let updated = ResourceUpdatedNotificationParam::new(uri);
            if peer.notify_resource_updated(updated).await.is_err() {
                return;
            }
        }
    }
}

/// The longest a turn of the time is waited for without looking again: clocks are set, and computers sleep.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Waits for what alters resources: commits, and the time.
#[derive(Debug)]
struct Watch {
    news: Subscription,
    session: Session,
    zone: Zone,
    /// When resources that turn with the time were last compared.
    seen: Timestamp,
}

impl Watch {
    /// Waits until one of `watched` is altered, and returns which are. `None` when no more can come. Dropping the
    /// future loses nothing.
    async fn next(&mut self, watched: &BTreeSet<ResourceUri>) -> Option<BTreeSet<ResourceUri>> {
        let turning: Vec<ResourceUri> = watched
            .iter()
            .filter(|uri| uri.turns_with_time())
            .cloned()
            .collect();
        loop {
            let turn = next_turn(&self.session, self.zone);
            let altered = tokio::select! {
                batch = self.news.next() => {
                    let mut batch = Some(batch?);
                    let mut uris = BTreeSet::new();
                    // One notification for all that has come by now.
                    while let Some(news) = batch {
                        uris.extend(altered(&news, watched, clock::now(), self.zone));
                        batch = self.news.pending();
                    }
                    uris
                }
                () = turn, if !turning.is_empty() => {
                    let (before, now) = (self.seen, clock::now());
                    self.seen = now;
                    turned(&self.session, turning.clone(), before, now, self.zone).await
                }
            };
            if !altered.is_empty() {
                return Some(altered);
            }
        }
    }
}

/// Waits until midnight, or until the next task becomes overdue.
async fn next_turn(session: &Session, zone: Zone) {
    let now = clock::now();
    let moment = Moment::new(now, zone);
    let due = session
        .read(move |store| store.next_turn(View::Overdue, &moment))
        .await
        .ok()
        .flatten();
    let next = zone
        .next_midnight(now.as_millis())
        .min(due.map_or(i64::MAX, Timestamp::as_millis));
    // A moment later, so that it is past by then.
    let wait =
        u64::try_from(next - now.as_millis() + 1).map_or(LONGEST_WAIT, Duration::from_millis);
    tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
}

/// Returns the resources whose text the time alone altered.
async fn turned(
    session: &Session,
    turning: Vec<ResourceUri>,
    before: Timestamp,
    now: Timestamp,
    zone: Zone,
) -> BTreeSet<ResourceUri> {
    session
        .read(move |store| {
            let mut altered = BTreeSet::new();
            for uri in turning {
                if resources::text(store, &uri, before, zone, usize::MAX)?
                    != resources::text(store, &uri, now, zone, usize::MAX)?
                {
                    altered.insert(uri);
                }
            }
            Ok(altered)
        })
        .await
        .unwrap_or_default()
}
