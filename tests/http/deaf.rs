//! Clients that ask to be told and do not read: what the system holds between the two is full soon, and then the daemon
//! cannot send.

use serde_json::json;

use crate::daemon::Daemon;
use crate::support::{Dialect, listen};
use crate::wire::Wire;

const TAGS: usize = 60;
/// Changes after which nothing more can be sent: each is told of all tags, at length.
pub(crate) const CHANGES: usize = 50;

/// A task, and what of it deaf clients ask to be told.
pub(crate) struct Subject {
    pub(crate) id: i64,
    pub(crate) uris: Vec<String>,
}

impl Subject {
    pub(crate) fn new(writer: &mut Wire) -> Self {
        let tags: Vec<String> = (0..TAGS).map(|n| format!("tag{n}")).collect();
        // A resource is told of as the client has spelled it, and what stands before a tag's name is passed over.
        let spelled = |tag: &String| format!("tasks://tag/{}{tag}", "%23".repeat(1_300));
        let uris: Vec<String> = tags.iter().map(spelled).collect();
        let arguments = json!({ "title": "one", "tags": tags });
        let added = writer.call(Dialect::Modern, "add_task", arguments);
        let length: usize = uris.iter().map(String::len).sum();
        assert!(length * CHANGES > 10_000_000, "{length}");
        let id = added["id"].as_i64().unwrap();
        Self { id, uris }
    }

    /// Changes it so often that what the deaf have not read fills whatever holds it. Says after each that it is done.
    pub(crate) fn change(&self, writer: &mut Wire, mut done: impl FnMut()) {
        for n in 0..CHANGES {
            let arguments = json!({ "task_id": self.id, "title": format!("number {n}") });
            writer.call(Dialect::Modern, "update_task", arguments);
            done();
        }
    }

    /// Has a session watch it, and returns the session's stream, which is open and not read.
    pub(crate) fn unread_session(&self, session: &mut Wire, more: &str) -> Wire {
        for uri in self.uris.iter().map(String::as_str).chain([more]) {
            let params = json!({ "uri": uri });
            session.request(Dialect::Legacy, "resources/subscribe", params);
        }
        session.ask_for_stream("")
    }

    /// Returns a stream of the newer dialect that is open and not read.
    pub(crate) fn unread_stream(&self, daemon: &Daemon, more: &str) -> Wire {
        let uris: Vec<&str> = self.uris.iter().map(String::as_str).chain([more]).collect();
        let mut wire = daemon.wire();
        wire.send_message(Dialect::Modern, json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": listen(&uris) }));
        wire
    }
}
