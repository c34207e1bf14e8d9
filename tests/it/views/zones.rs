//! One list, seen by clients in different zones: an instant is the same instant for all of them.

use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::json;

use super::titles;
use crate::planning::connect_in;
use crate::support::{Client, Home};

/// Two clients on the same tasks, a day of the clock apart.
fn far_apart(home: &Home) -> [Client; 2] {
    ["Pacific/Pago_Pago", "Pacific/Kiritimati"].map(|zone| connect_in(home, zone))
}

#[test]
fn what_is_deferred_in_one_zone_is_ready_in_none() {
    for setter in [0, 1] {
        let home = Home::new();
        let mut clients = far_apart(&home);
        let call = json!({ "title": "later", "defer_until": "in 2 hours" });
        clients[setter].call("add_task", call);
        for client in &mut clients {
            assert_eq!(titles(client, json!({ "view": "ready" })), [""; 0]);
        }
        let past = (Utc::now() - TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
        let call = json!({ "task_id": 1, "defer_until": past });
        clients[setter].call("update_task", call);
        for client in &mut clients {
            assert_eq!(titles(client, json!({ "view": "ready" })), ["later"]);
        }
    }
}

#[test]
fn what_is_overdue_in_one_zone_comes_first_in_all() {
    for setter in [0, 1] {
        let home = Home::new();
        let mut clients = far_apart(&home);
        let past = (Utc::now() - TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
        clients[setter].call("add_task", json!({ "title": "late", "due": past }));
        clients[1 - setter].call("add_task", json!({ "title": "soon", "due": "in 2 hours" }));
        for client in &mut clients {
            assert_eq!(titles(client, json!({ "view": "overdue" })), ["late"]);
            assert_eq!(titles(client, json!({})), ["late", "soon"]);
            assert_eq!(
                titles(client, json!({ "due_before": "in 1 hour" })),
                ["late"]
            );
            assert_eq!(
                titles(client, json!({ "due_after": "in 1 hour" })),
                ["soon"]
            );
        }
    }
}
