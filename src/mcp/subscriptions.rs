//! From commits to `notifications/resources/updated`, for both dialects of the protocol: `resources/subscribe` of the
//! versions up to 2025-11-25 and `subscriptions/listen` of 2026-07-28.
//!
//! # Invariants
//!
//! - A subscription listens to the database before it is acknowledged, so no change falls in between.
//! - Only resources whose text changed are told, once for all commits that have come by then.
//! - Nothing here holds a lock while it waits for a client to read.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, Weak},
};

use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{ResourceUpdatedNotificationParam, SubscriptionFilter},
    service::SubscriptionContext,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    internal, resources,
    uri::{ResourceUri, altered},
};
use crate::store::db::{Batch, Db, Subscription, locked};

/// The subscriptions of one session.
#[derive(Debug)]
pub(super) struct Subscriptions {
    db: Db,
    /// Cancelled when the session ends: open `subscriptions/listen` calls get their final answer.
    shutdown: CancellationToken,
    legacy: Arc<Mutex<Legacy>>,
    /// Taken before the acknowledgement, fetched by the `listen` that follows in the same Tokio task.
    early: Mutex<HashMap<tokio::task::Id, Subscription>>,
}

#[derive(Debug, Default)]
struct Legacy {
    watched: BTreeSet<ResourceUri>,
    /// Ends the forwarder when the last resource is unsubscribed, or the session is dropped.
    forwarder: Option<DropGuard>,
}

impl Subscriptions {
    pub(super) fn new(db: Db, shutdown: CancellationToken) -> Self {
        Self {
            db,
            shutdown,
            legacy: Arc::default(),
            early: Mutex::default(),
        }
    }

    /// Serves `resources/subscribe`.
    pub(super) fn subscribe(&self, uri: &str, peer: Peer<RoleServer>) -> Result<(), ErrorData> {
        let resource = ResourceUri::parse(uri).ok_or_else(|| resources::not_found(uri))?;
        let mut legacy = locked(&self.legacy);
        if legacy.forwarder.is_none() {
            let news = self.db.subscribe().map_err(|error| internal(&error))?;
            let stop = CancellationToken::new();
            tokio::spawn(forward(
                Arc::downgrade(&self.legacy),
                news,
                peer,
                stop.clone(),
            ));
            legacy.forwarder = Some(stop.drop_guard());
        }
        legacy.watched.insert(resource);
        Ok(())
    }

    /// Serves `resources/unsubscribe`. What was not subscribed is not missed.
    pub(super) fn unsubscribe(&self, uri: &str) -> Result<(), ErrorData> {
        let resource = ResourceUri::parse(uri).ok_or_else(|| resources::not_found(uri))?;
        let mut legacy = locked(&self.legacy);
        legacy.watched.remove(&resource);
        if legacy.watched.is_empty() {
            legacy.forwarder = None;
        }
        Ok(())
    }

    /// Returns the part of `requested` that is served, and begins to listen for it.
    pub(super) fn accept(&self, requested: &SubscriptionFilter) -> SubscriptionFilter {
        let mut accepted = requested.clone();
        let uris = accepted.resource_subscriptions.get_or_insert_default();
        uris.retain(|uri| ResourceUri::parse(uri).is_some());
        if !uris.is_empty()
            && let Some(id) = tokio::task::try_id()
        {
            match self.db.subscribe() {
                Ok(news) => drop(locked(&self.early).insert(id, news)),
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
        let news = tokio::task::try_id().and_then(|id| locked(&self.early).remove(&id));
        let watched: BTreeSet<ResourceUri> = context
            .accepted()
            .resource_subscriptions
            .iter()
            .flatten()
            .filter_map(|uri| ResourceUri::parse(uri))
            .collect();
        let tell = async {
            let Some(mut news) = news else {
                return std::future::pending().await;
            };
            while let Some(batch) = news.next().await {
                for uri in union(&batch, &mut news, &watched) {
                    if context
                        .sink()
                        .notify_resource_updated(uri.to_string())
                        .await
                        .is_err()
                    {
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

/// Forwards news to a legacy client until it is stopped.
async fn forward(
    legacy: Weak<Mutex<Legacy>>,
    mut news: Subscription,
    peer: Peer<RoleServer>,
    stop: CancellationToken,
) {
    let tell = async {
        while let Some(batch) = news.next().await {
            let Some(legacy) = legacy.upgrade() else {
                return;
            };
            let watched = locked(&legacy).watched.clone();
            drop(legacy);
            for uri in union(&batch, &mut news, &watched) {
                let updated = ResourceUpdatedNotificationParam::new(uri.to_string());
                if peer.notify_resource_updated(updated).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = tell => {}
    }
}

/// Returns what `first` and all news that have come since altered.
fn union(
    first: &Batch,
    news: &mut Subscription,
    watched: &BTreeSet<ResourceUri>,
) -> BTreeSet<ResourceUri> {
    let mut uris = altered(first, watched);
    while let Some(batch) = news.pending() {
        uris.extend(altered(&batch, watched));
    }
    uris
}
