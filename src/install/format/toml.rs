//! TOML, by way of `toml_edit`.

use serde::Serialize as _;
use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table, TableLike, ser::ValueSerializer};

use super::{Members, Spot};

pub(super) fn parse(text: &str) -> Result<Value, String> {
    toml_edit::de::from_str(text).map_err(|error| error.to_string().trim_end().replace('\n', " "))
}

pub(super) fn set(text: &str, spot: Spot<'_>, members: Members<'_>) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let [container] = spot.container else {
        return None;
    };
    let servers = document.entry(container).or_insert_with(|| {
        // Not a heading of its own: that of its first table says it too.
        let mut servers = Table::new();
        servers.set_implicit(true);
        Item::Table(servers)
    });
    let is_inline = servers.is_inline_table();
    let servers = servers.as_table_like_mut()?;
    if servers.get(spot.name).is_none() {
        let entry = if is_inline {
            toml_edit::value(toml_edit::InlineTable::new())
        } else {
            Item::Table(Table::new())
        };
        servers.insert(spot.name, entry);
    }
    let entry = servers.get_mut(spot.name)?.as_table_like_mut()?;
    for (key, value) in members {
        set_member(entry, key, value)?;
    }
    Some(document.to_string())
}

/// Sets one value, keeping the comment beside the one it replaces.
fn set_member(entry: &mut dyn TableLike, key: &str, value: &Value) -> Option<()> {
    let mut value = value.serialize(ValueSerializer::new()).ok()?;
    match entry.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => drop(entry.insert(key, Item::Value(value))),
    }
    Some(())
}

pub(super) fn remove(text: &str, spot: Spot<'_>) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let [container] = spot.container else {
        return None;
    };
    let servers = document
        .get_mut(container)
        .and_then(Item::as_table_like_mut)?;
    servers.remove(spot.name)?;
    Some(document.to_string())
}
