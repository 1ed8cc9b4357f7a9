//! Parts of a configuration that concern more than one child: priorities, reports, services for the parent, names.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Config, Details};
use crate::{
    label,
    node::Node,
    quota::RamQuota,
    sandbox::diagnostic::{Found, Severity},
};

/// Attributes of a start node.
const START: [&str; 7] = ["name", "caps", "ram", "version", "ld", "priority", "managing_system"];

/// Nodes of a start node.
const START_PARTS: [&str; 8] =
    ["binary", "resource", "provides", "route", "config", "affinity", "heartbeat", "exit"];

/// Contents of the state report, and when it is sent (Genode's `<report>` node).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Parts of the state that go into it.
    pub details: Details,
    /// Milliseconds by which reports are held back, to send several changes at once.
    pub delay_ms: u64,
    /// Largest report, in bytes; `None` leaves it to the user of the sandbox.
    pub buffer: Option<RamQuota>,
}

/// A service of children that the sandbox's own parent may ask for, with a policy for each client (Genode's `<service>`
/// node).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provided {
    /// The service.
    pub name: String,
    /// Policies by label; each names a child.
    node: Node,
}

impl Provided {
    /// Finds the child that serves a client, and the label that it sees; `None` if no policy matches.
    pub fn target<'a>(&'a self, label: &'a str) -> Option<(&'a str, &'a str)> {
        let child = label::policy(&self.node, label)?.child("child")?;
        Some((child.attr("name")?, child.attr("label").unwrap_or(label)))
    }
}

impl Found {
    /// Reads the names of services.
    pub(super) fn services(&mut self, node: &Node, into: &mut Vec<String>) {
        self.known(node, &[]);
        for service in node.children() {
            if !service.has_tag("service") {
                self.unknown_node(service, &["service"]);
                continue;
            }
            self.leaf(service, &["name"]);
            match service.attr("name").filter(|name| !name.is_empty()) {
                Some(name) if into.iter().any(|n| n == name) => {}
                Some(name) => into.push(name.to_string()),
                None => {
                    self.warn(service, &format!("<{}> expects <service name=\"..\"/>", node.tag()));
                }
            }
        }
    }

    /// Reads the logarithm of the number of priority levels.
    pub(super) fn prio_levels(&mut self, node: &Node) -> u32 {
        let levels: u64 = self.attr(node, "prio_levels").unwrap_or(0);
        if levels > 0 && !levels.is_power_of_two() || levels > 1 << 15 {
            self.plain("prio levels is not power of two, priorities are disabled");
            return 0;
        }
        levels.checked_ilog2().unwrap_or(0)
    }

    /// Reads the priority of the child `name`: how many levels it is below the highest.
    pub(super) fn priority(&mut self, node: &Node, name: &str, levels_log2: u32) -> u64 {
        let given: i64 = self.attr(node, "priority").unwrap_or(0);
        let lowest = (1i64 << levels_log2) - 1;
        let level = given.saturating_neg();
        if (0..=lowest).contains(&level) {
            return level as u64;
        }
        let used = level.clamp(0, lowest);
        let text = format!("{name}: invalid priority, upgrading from {given} to {}", -used);
        self.warn(node, &format!("{text}; expected 0 to {}", -lowest));
        used as u64
    }

    /// Reads what to report.
    pub(super) fn report(&mut self, node: &Node) -> Report {
        let more = ["delay_ms", "buffer"];
        let known: Vec<&str> =
            Details::ATTRIBUTES.iter().map(|(name, _)| *name).chain(more).collect();
        self.leaf(node, &known);
        let mut details = Details::empty();
        for (name, detail) in Details::ATTRIBUTES {
            details.set(detail, self.attr(node, name).unwrap_or(false));
        }
        Report {
            details,
            delay_ms: self.attr(node, "delay_ms").unwrap_or(100),
            buffer: self.attr(node, "buffer"),
        }
    }

    /// Reads a service for the parent.
    pub(super) fn provided(&mut self, node: &Node, config: &mut Config) {
        self.known(node, &["name"]);
        let Some(name) = node.attr("name").filter(|name| !name.is_empty()) else {
            return self.warn(node, "<service> without a name is skipped; add name=\"..\"");
        };
        if config.services.iter().any(|s| s.name == name) {
            return self.warn(node, &format!("service '{name}' is given twice; remove one"));
        }
        for policy in node.children() {
            match policy.tag() {
                "policy" => self.known(policy, &["label", "label_prefix", "label_suffix"]),
                "default-policy" => self.known(policy, &[]),
                _ => {
                    self.unknown_node(policy, &["policy", "default-policy"]);
                    continue;
                }
            }
            for child in policy.children() {
                match child.tag() {
                    "child" => self.leaf(child, &["name", "label"]),
                    _ => self.unknown_node(child, &["child"]),
                }
            }
            if policy.child("child").and_then(|c| c.attr("name")).is_none() {
                self.warn(policy, "<service> expects <policy label=\"..\"> or <default-policy> with <child name=\"..\"/>");
            }
        }
        config.services.push(Provided { name: name.to_string(), node: node.clone() });
    }

    /// Remarks on what a start node has that means nothing.
    pub(super) fn known_start(&mut self, node: &Node) {
        self.known(node, &START);
        for child in node.children() {
            match child.tag() {
                tag if !START_PARTS.contains(&tag) => self.unknown_node(child, &START_PARTS),
                "binary" => self.leaf(child, &["name"]),
                "resource" => self.leaf(child, &["name", "quantum"]),
                "affinity" => self.leaf(child, &["xpos", "ypos", "width", "height"]),
                "heartbeat" => self.leaf(child, &["restart_after_skipped", "start_ms"]),
                "exit" => self.leaf(child, &["propagate"]),
                _ => {}
            }
        }
    }

    /// Remarks on aliases that have the name of a child, which hides the child from routes.
    pub(super) fn hidden_children(&mut self, config: &Config) {
        for start in &config.starts {
            if let Some(alias) = config.aliases.iter().find(|a| a.name == start.name) {
                let text = format!(
                    "alias '{}' has the name of a child, so that routes lead to '{}'; rename one",
                    alias.name, alias.child
                );
                self.tell(Severity::Warning, start.node.pos(), &text);
            }
        }
    }
}
