//! Where a session request goes: rules of `<route>` and `<default-route>`, and what they lead to.
//!
//! Pure decision: the same request with the same rules and services always gives the same answer. The semantics are
//! those of Genode's `repos/os/src/lib/sandbox` (26.02): the first rule that matches decides, a rule for a named
//! service is final, `any-service` falls through to the next rule if none of its targets has the service.

use alloc::{
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::diagnostic::{Found, meant};
use crate::{
    label::{self, Label, Score},
    node::{Node, Pos},
};

/// A session request, as far as routes look at it.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Name of the child that requests.
    pub child: &'a str,
    /// Service that it wants.
    pub service: &'a str,
    /// Full label, the child's name in front; bare for environment sessions.
    pub label: &'a str,
}

/// What there is to route to.
pub trait Services {
    /// Whether the parent may be asked for `service`.
    fn parent(&self, service: &str) -> bool;
    /// Whether the user of the sandbox serves `service` itself.
    fn local(&self, service: &str) -> bool;
    /// The child meant by `name`, an alias resolved.
    fn child<'a>(&'a self, name: &'a str) -> &'a str;
    /// The children that provide `service`.
    fn providers<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a str>;
    /// Whether there is a child `name`.
    fn exists(&self, name: &str) -> bool;
}

/// Who serves a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum To {
    /// The sandbox's own parent.
    Parent,
    /// A child, by its name.
    Child(String),
    /// The user of the sandbox.
    Local,
    /// The sandbox itself: the inline configuration.
    Config,
}

/// The answer to a request: who serves it, and the label that the server sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// Who serves.
    pub to: To,
    /// What the server sees.
    pub label: Label,
}

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// No rule is for this service and label.
    NoRule,
    /// A rule is, but what it leads to does not provide the service.
    NotProvided {
        /// Place of the rule.
        pos: Pos,
        /// What the last target lacks.
        reason: Unserved,
    },
    /// The label for the server exceeds 159 characters.
    Label(Pos),
}

/// Why a target cannot serve.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unserved {
    /// The rule has no target.
    NoTarget,
    /// `<parent-provides>` does not name the service.
    Parent,
    /// Nobody serves it locally.
    Local,
    /// There is no such child.
    NoChild(String),
    /// The child does not provide it.
    Child(String),
    /// No child provides it.
    AnyChild,
    /// Several children provide it.
    Ambiguous,
}

impl Denial {
    /// Writes what is wrong with a request of `service` and what to do.
    fn explain(&self, service: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pos, reason) = match self {
            Self::NoRule => {
                return write!(
                    f,
                    "no rule matches; add <service name=\"{service}\"> to its <route> or to <default-route>"
                );
            }
            Self::Label(pos) => {
                return write!(
                    f,
                    "the label of the rule at {pos} exceeds 159 characters; shorten it"
                );
            }
            Self::NotProvided { pos, reason } => (pos, reason),
        };
        write!(f, "the rule at {pos} ")?;
        match reason {
            Unserved::NoTarget => f.write_str("has no target; add <parent/>, <any-child/> or <child name=\"..\"/>"),
            Unserved::Parent => write!(f, "leads to the parent; add <service name=\"{service}\"/> to <parent-provides>"),
            Unserved::Local => f.write_str("leads to a local service that does not exist; use <parent/> or <child name=\"..\"/>"),
            Unserved::NoChild(server) => write!(f, "leads to unknown child \"{server}\"; add <start name=\"{server}\"> or correct the name"),
            Unserved::Child(server) => write!(f, "leads to \"{server}\"; add <provides><service name=\"{service}\"/></provides> to <start name=\"{server}\">"),
            Unserved::AnyChild => write!(f, "finds no child that provides it; add <provides><service name=\"{service}\"/></provides> to its server"),
            Unserved::Ambiguous => f.write_str("finds several children that provide it; name one by <child name=\"..\"/>"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.explain("..", f)
    }
}

impl core::error::Error for Denial {}

/// Prints a denial with the request that it answers.
pub(super) struct Explained<'a>(pub(super) Query<'a>, pub(super) &'a Denial);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Query { child, service, label } = self.0;
        write!(f, "{child}: no route to service \"{service}\" (label=\"{label}\"): ")?;
        self.1.explain(service, f)
    }
}

/// The rules of a `<route>` or `<default-route>` node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteModel {
    /// Shared by the configuration and the routing table made of it.
    rules: Rc<[Rule]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// None for `any-service`.
    service: Option<String>,
    node: Node,
    pos: Pos,
    targets: Vec<Target>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    kind: Kind,
    node: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Parent,
    Local,
    Child(String),
    AnyChild,
}

/// Attributes of a rule; `any-service` has all but the first.
const SERVICE: [&str; 6] =
    ["name", "label", "label_prefix", "label_suffix", "label_last", "unscoped_label"];

/// Attributes of a target; one that is no named child has all but the first.
const TARGET: [&str; 5] = ["name", "label", "identity", "resource", "prepend_resource"];

impl RouteModel {
    /// Reads the rules; what is no rule is left out and told.
    pub(super) fn read(node: &Node, found: &mut Found) -> Self {
        found.known(node, &[]);
        let rules = node.children().iter().filter_map(|rule| Rule::read(rule, found)).collect();
        Self { rules }
    }

    /// The children that are named as targets, and where.
    pub(super) fn servers(&self) -> impl Iterator<Item = (Pos, &str)> {
        self.rules.iter().flat_map(|r| &r.targets).filter_map(|t| match &t.kind {
            Kind::Child(name) => Some((t.node.pos(), name.as_str())),
            _ => None,
        })
    }

    /// The route of a request.
    pub fn resolve(&self, query: Query<'_>, services: &impl Services) -> Result<Route, Denial> {
        let mut denial = Denial::NoRule;
        for rule in self.rules.iter().filter(|r| r.matches(query)) {
            match rule.resolve(query, services) {
                Ok(route) => return Ok(route),
                Err(e) if rule.service.is_some() => return Err(e),
                Err(e) => denial = e, // a wildcard may fail, the next rule decides
            }
        }
        Err(denial)
    }
}

impl Rule {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        match node.tag() {
            "service" => found.known(node, &SERVICE),
            "any-service" => found.known(node, &SERVICE[1..]),
            _ => {}
        }
        let service = match (node.tag(), node.attr("name")) {
            ("any-service", _) => None,
            ("service", Some(name)) => Some(name.to_string()),
            ("service", None) => {
                found.warn(node, "<service> without a name is skipped; add name=\"..\"");
                return None;
            }
            (other, _) => {
                let meant = meant(other, &["service", "any-service"]);
                found.warn(node, &format!("unknown node <{other}> in a route; {meant}"));
                return None;
            }
        };
        if node.attr("unscoped_label").is_some() && selects_by_scoped_label(node) {
            found.warn(node, "'unscoped_label' makes the other label attributes void; remove them");
        }
        let targets: Vec<_> =
            node.children().iter().filter_map(|t| Target::read(t, found)).collect();
        if targets.is_empty() {
            found.warn(
                node,
                "rule without target denies; add <parent/>, <any-child/> or <child name=\"..\"/>",
            );
        }
        Some(Self { service, node: node.clone(), pos: node.pos(), targets })
    }

    fn matches(&self, query: Query<'_>) -> bool {
        if self.service.as_ref().is_some_and(|s| s != query.service) {
            return false;
        }
        if let Some(label) = self.node.attr("unscoped_label") {
            return label == query.label;
        }
        if let Some(last) = self.node.attr("label_last") {
            return last == label::last_element(query.label);
        }
        if !selects_by_scoped_label(&self.node) {
            return true;
        }
        // label, label_prefix and label_suffix speak of what the child itself gave as label
        label::scoped(query.label, query.child).is_some_and(|l| Score::of(&self.node, l).is_some())
    }

    fn resolve(&self, query: Query<'_>, services: &impl Services) -> Result<Route, Denial> {
        let mut reason = Unserved::NoTarget;
        for target in &self.targets {
            match target.find(query, services) {
                Ok(to) => {
                    let label = target.label(query.label).ok_or(Denial::Label(self.pos))?;
                    return Ok(Route { to, label });
                }
                Err(e) => reason = e,
            }
        }
        Err(Denial::NotProvided { pos: self.pos, reason })
    }
}

fn selects_by_scoped_label(node: &Node) -> bool {
    ["label", "label_prefix", "label_suffix", "label_last"].iter().any(|a| node.attr(a).is_some())
}

impl Target {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        match node.tag() {
            "child" => found.leaf(node, &TARGET),
            "parent" | "local" | "any-child" => found.leaf(node, &TARGET[1..]),
            _ => {}
        }
        let kind = match (node.tag(), node.attr("name")) {
            ("parent", _) => Kind::Parent,
            ("local", _) => Kind::Local,
            ("any-child", _) => Kind::AnyChild,
            ("child", Some(name)) => Kind::Child(name.to_string()),
            ("child", None) => {
                found.warn(node, "<child> without a name is skipped; add name=\"..\"");
                return None;
            }
            (other, _) => {
                let meant = meant(other, &["parent", "child", "any-child", "local"]);
                found.warn(node, &format!("unknown target <{other}>; {meant}"));
                return None;
            }
        };
        Some(Self { kind, node: node.clone() })
    }

    fn find(&self, query: Query<'_>, services: &impl Services) -> Result<To, Unserved> {
        let service = query.service;
        match &self.kind {
            Kind::Parent if services.parent(service) => Ok(To::Parent),
            Kind::Parent => Err(Unserved::Parent),
            Kind::Local if services.local(service) => Ok(To::Local),
            Kind::Local => Err(Unserved::Local),
            Kind::Child(name) => {
                let server = services.child(name);
                if services.providers(service).any(|p| p == server) {
                    Ok(To::Child(server.to_string()))
                } else if services.exists(server) {
                    Err(Unserved::Child(server.to_string()))
                } else {
                    Err(Unserved::NoChild(server.to_string()))
                }
            }
            Kind::AnyChild => {
                let mut providers = services.providers(service);
                match (providers.next(), providers.next()) {
                    (None, _) => Err(Unserved::AnyChild),
                    (Some(server), None) => Ok(To::Child(server.to_string())),
                    (Some(_), Some(_)) => Err(Unserved::Ambiguous),
                }
            }
        }
    }

    /// The label that the server sees; None if it gets too long.
    fn label(&self, requested: &str) -> Option<Label> {
        if let Some(label) = self.node.attr("label") {
            return Label::new(label).ok();
        }
        let identity = self.node.attr("identity").unwrap_or(label::prefix(requested));
        let resource = self.node.attr("resource").unwrap_or(label::last_element(requested));
        let mut result = Label::default();
        if !identity.is_empty() {
            result.push_str(identity).ok()?;
            result.push_str(label::SEPARATOR).ok()?;
        }
        result.push_str(self.node.attr("prepend_resource").unwrap_or_default()).ok()?;
        result.push_str(resource).ok()?;
        Some(result)
    }
}

#[cfg(test)]
mod tests;
