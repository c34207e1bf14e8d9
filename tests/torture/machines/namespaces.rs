//! Networks that can be cut off: a network namespace for each node of a cluster, all on one bridge. It takes root, and Linux.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
};

/// The addresses are of the range that is kept for measurements (RFC 2544), which no network has.
const NET: &str = "198.18.77";
const NODES: usize = 3;
/// What the names of all begin with; the process that made them comes after it.
const PREFIX: &str = "th";

/// Three namespaces and their bridge, for as long as the program runs.
pub(crate) struct Network {
    /// What their names begin with.
    name: String,
}

impl Network {
    /// Makes them. An error says why they cannot be had here.
    pub(crate) fn make() -> Result<Self, String> {
        remove_stale();
        let network = Self {
            name: format!("{PREFIX}{}", std::process::id()),
        };
        let Self { name } = &network;
        ip(&format!("link add {name} type bridge"))?;
        ip(&format!("address add {NET}.1/24 dev {name}"))?;
        ip(&format!("link set {name} up"))?;
        for (node, host) in Self::hosts().iter().enumerate() {
            let (space, outer) = (network.space(node), network.outer(node));
            let inner = format!("{name}i{node}");
            ip(&format!("netns add {space}"))?;
            ip(&format!("link add {outer} type veth peer name {inner}"))?;
            ip(&format!("link set {inner} netns {space}"))?;
            ip(&format!("link set {outer} master {name}"))?;
            ip(&format!("link set {outer} up"))?;
            ip(&format!("-n {space} address add {host}/24 dev {inner}"))?;
            ip(&format!("-n {space} link set {inner} up"))?;
            ip(&format!("-n {space} link set lo up"))?;
        }
        Ok(network)
    }

    /// Returns the address of each node.
    pub(crate) fn hosts() -> [String; NODES] {
        std::array::from_fn(|node| format!("{NET}.{}", node + 2))
    }

    /// Returns the arguments of `ip` after which a program follows that is to run in the network of `node`.
    pub(crate) fn enter(&self, node: usize) -> Vec<String> {
        let space = self.space(node);
        ["netns", "exec", &space].map(str::to_owned).to_vec()
    }

    /// Connects a node, or cuts it off.
    pub(crate) fn connect(&self, node: usize, is_connected: bool) {
        let state = if is_connected { "up" } else { "down" };
        ip(&format!("link set {} {state}", self.outer(node))).unwrap();
    }

    fn space(&self, node: usize) -> String {
        format!("{}-{node}", self.name)
    }

    /// The end outside of the wire that leads into a namespace.
    fn outer(&self, node: usize) -> String {
        format!("{}o{node}", self.name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // What was not made cannot be removed.
        for node in 0..NODES {
            let _ = ip(&format!("link delete {}", self.outer(node)));
            let _ = ip(&format!("netns delete {}", self.space(node)));
        }
        let _ = ip(&format!("link delete {}", self.name));
    }
}

/// Removes what was made by runs that were killed.
fn remove_stale() {
    let Ok(listed) = Command::new("ip").args(["netns", "list"]).output() else {
        return;
    };
    let listed = String::from_utf8_lossy(&listed.stdout);
    let names = listed
        .lines()
        .filter_map(|line| Some(line.split_once('-')?.0));
    let is_of_dead_process = |name: &str| {
        let process = name.strip_prefix(PREFIX);
        let process = process.and_then(|process| process.parse::<u32>().ok());
        process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists())
    };
    let stale: BTreeSet<&str> = names.filter(|name| is_of_dead_process(name)).collect();
    for name in stale {
        println!("machines: the network of a run that was killed is removed: {name}");
        drop(Network {
            name: name.to_owned(),
        });
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let run = Command::new("ip")
        .args(arguments.split(' '))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("ip: {error}"))?;
    if run.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&run.stderr);
    Err(format!("ip {arguments}: {}", said.trim()))
}
