//! The configuration of a sandbox as a checked model, and what is wrong with it.
//!
//! Reading never fails as a whole: what cannot be understood is told by a [`Diagnostic`] that names the place and the
//! remedy, and is left out. Knows [`crate::node`] and [`super::route`] only.

use alloc::{
    collections::BTreeSet,
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    diagnostic::{Diagnostic, Found, Severity},
    route::RouteModel,
};
use crate::{
    affinity::{Location, Space},
    node::Node,
    quota::{CapQuota, RamQuota},
};

bitflags::bitflags! {
    /// Parts of the state that go into the report (attributes of Genode's `<report>` node).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Details: u8 {
        /// Numbers of the children.
        const IDS = 1;
        /// Sessions that the children requested.
        const REQUESTED = 1 << 1;
        /// RAM of each child.
        const CHILD_RAM = 1 << 2;
        /// Capabilities of each child.
        const CHILD_CAPS = 1 << 3;
        /// RAM of the sandbox itself.
        const INIT_RAM = 1 << 4;
        /// Capabilities of the sandbox itself.
        const INIT_CAPS = 1 << 5;
        /// Sessions that the children provide.
        const PROVIDED = 1 << 6;
        /// Arguments of the sessions.
        const SESSION_ARGS = 1 << 7;
    }
}

impl Details {
    /// The attribute that asks for each.
    const ATTRIBUTES: [(&str, Self); 8] = [
        ("ids", Self::IDS),
        ("requested", Self::REQUESTED),
        ("child_ram", Self::CHILD_RAM),
        ("child_caps", Self::CHILD_CAPS),
        ("init_ram", Self::INIT_RAM),
        ("init_caps", Self::INIT_CAPS),
        ("provided", Self::PROVIDED),
        ("session_args", Self::SESSION_ARGS),
    ];
}

/// What to do when a child shows no sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heartbeat {
    /// Restart the child after that many missed signs; 0 is never.
    pub restart_after_skipped: u32,
    /// Milliseconds that it may take until its first sign. From then on every missed one counts.
    pub start_ms: u64,
}

impl Heartbeat {
    /// What a child may take to start unless its configuration says otherwise: long, since a restart too many is worse
    /// than one too late.
    const START_MS: u64 = 10_000;
}

/// A child as it is wanted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Start {
    /// Unique name.
    pub name: String,
    /// A changed version restarts the child.
    pub version: String,
    /// ROM module of the program.
    pub binary: String,
    /// All RAM that the child may cost.
    pub ram: RamQuota,
    /// All capabilities that the child may cost.
    pub caps: CapQuota,
    /// Services that it may announce.
    pub provides: Vec<String>,
    /// Inline configuration, handed out as its ROM `config`.
    pub config: Option<Node>,
    /// Its own routes; without them the default route counts.
    pub route: Option<RouteModel>,
    /// Its part of the affinity space.
    pub location: Location,
    /// Whether to watch for signs of life.
    pub heartbeat: Option<Heartbeat>,
    /// Whether its exit ends the sandbox's own component.
    pub exit_propagate: bool,
    /// Whether the program is loaded by the dynamic linker.
    pub ld: bool,
    /// Levels of priority below the highest that children can have.
    pub priority: u64,
    /// Whether its PD sessions may manage the system.
    pub managing_system: bool,
    /// The node itself, for extensions such as cells.
    pub node: Node,
    /// Tells whether there was nothing to remark on it.
    clean: bool,
}

/// Another name for a child, usable in routes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alias {
    /// The other name.
    pub name: String,
    /// The child that is meant.
    pub child: String,
}

/// A whole configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Told in the state report.
    pub version: String,
    /// Whether to tell what is done.
    pub verbose: bool,
    /// Services that may be requested from the parent.
    pub parent_provides: Vec<String>,
    /// Routes of children that have none of their own.
    pub default_route: Option<RouteModel>,
    /// The grid that children's locations refer to.
    pub space: Space,
    /// RAM that is never given to children.
    pub preserve_ram: RamQuota,
    /// Capabilities that are never given to children.
    pub preserve_caps: CapQuota,
    /// What to report; None for no report.
    pub report: Option<Report>,
    /// Milliseconds between two heartbeats.
    pub heartbeat_ms: Option<u64>,
    /// Children in the order of their start.
    pub starts: Vec<Rc<Start>>,
    /// Aliases of children.
    pub aliases: Vec<Alias>,
    /// Children's services that the sandbox's own parent may ask for.
    pub services: Vec<Provided>,
    /// Logarithm of the number of priority levels; 0 leaves priorities alone.
    pub prio_levels_log2: u32,
    context: Context,
}

/// Start nodes mean what they mean by this, too, besides themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Context {
    caps: Option<CapQuota>,
    ram: Option<RamQuota>,
    space: Option<Space>,
    prio_levels_log2: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: String::new(),
            verbose: false,
            parent_provides: Vec::new(),
            default_route: None,
            space: Space { width: 1, height: 1 },
            // Genode's Preservation: 40 machine words times 1 KiB, 20 capabilities
            preserve_ram: RamQuota::kib(40 * 8),
            preserve_caps: CapQuota(20),
            report: None,
            heartbeat_ms: None,
            starts: Vec::new(),
            aliases: Vec::new(),
            services: Vec::new(),
            prio_levels_log2: 0,
            context: Context::default(),
        }
    }
}

impl Config {
    /// Reads a `config` node.
    pub fn read(node: &Node) -> (Self, Vec<Diagnostic>) {
        Self::read_after(node, &Self::default())
    }

    /// Reads a `config` node, and takes start nodes that did not change over from the one before.
    pub(super) fn read_after(node: &Node, before: &Self) -> (Self, Vec<Diagnostic>) {
        let mut found = Found::default();
        let mut config = Self {
            version: node.attr("version").unwrap_or_default().to_string(),
            verbose: found.attr(node, "verbose").unwrap_or(false),
            ..Self::default()
        };
        found.known(node, &CONFIG);
        config.prio_levels_log2 = found.prio_levels(node);
        let mut defaults = Defaults::default();
        for child in node.children() {
            match child.tag() {
                "default" => {
                    found.leaf(child, &["caps", "ram"]);
                    defaults.caps = found.attr(child, "caps");
                    defaults.ram = found.attr(child, "ram");
                }
                "affinity-space" => {
                    found.leaf(child, &["width", "height"]);
                    defaults.space = true;
                    config.space = Space {
                        width: found.attr(child, "width").unwrap_or(1),
                        height: found.attr(child, "height").unwrap_or(1),
                    };
                }
                _ => {}
            }
        }
        config.context = Context {
            caps: defaults.caps,
            ram: defaults.ram,
            space: defaults.space.then_some(config.space),
            prio_levels_log2: config.prio_levels_log2,
        };
        if config.context == before.context {
            defaults.before = &before.starts;
        }
        for child in node.children() {
            match child.tag() {
                "default" | "affinity-space" => {}
                "parent-provides" => found.services(child, &mut config.parent_provides),
                "default-route" => {
                    config.default_route = Some(RouteModel::read(child, &mut found));
                }
                "start" => found.start(child, &mut defaults, &mut config),
                "alias" => found.alias(child, &mut config),
                "report" => config.report = Some(found.report(child)),
                "resource" => found.preserve(child, &mut config),
                "heartbeat" => {
                    found.leaf(child, &["rate_ms"]);
                    config.heartbeat_ms = Some(found.attr(child, "rate_ms").unwrap_or(1000));
                }
                "service" => found.provided(child, &mut config),
                _ => found.unknown_node(child, &PARTS),
            }
        }
        found.unknown_servers(&config, &defaults.names);
        found.hidden_children(&config);
        (config, found.0)
    }

    /// Reads what a `config` node wants to be reported, without the rest of it and without remarks.
    pub fn report_of(node: &Node) -> Option<Report> {
        node.child("report").map(|report| Found::default().report(report))
    }

    /// The child that `name` stands for, itself or by alias.
    pub fn deref_alias<'a>(&'a self, name: &'a str) -> &'a str {
        self.aliases.iter().find(|a| a.name == name).map_or(name, |a| &a.child)
    }

    /// The routes of `start`: its own or the default.
    pub fn route_of<'a>(&'a self, start: &'a Start) -> Option<&'a RouteModel> {
        start.route.as_ref().or(self.default_route.as_ref())
    }
}

/// Attributes of a configuration; those of the dynamic linker are its own business.
const CONFIG: [&str; 7] =
    ["version", "verbose", "prio_levels", "ld_verbose", "ld_bind_now", "ld_check_ctors", "system"];

/// Nodes of a configuration.
const PARTS: [&str; 10] = [
    "start",
    "parent-provides",
    "default-route",
    "default",
    "alias",
    "affinity-space",
    "report",
    "resource",
    "heartbeat",
    "service",
];

#[derive(Default)]
struct Defaults<'n> {
    caps: Option<CapQuota>,
    ram: Option<RamQuota>,
    space: bool,
    /// Names that children have by now.
    names: BTreeSet<&'n str>,
    /// Children of the configuration before that were not passed yet, if the rest of it means the
    /// same to them.
    before: &'n [Rc<Start>],
}

impl Defaults<'_> {
    /// Finds the child of the configuration before that is as `node` wants it, and at the same
    /// place of the text. Children are expected in the same order, with one that came or went in
    /// between.
    fn unchanged(&mut self, name: &str, node: &Node) -> Option<Rc<Start>> {
        let at = self.before.iter().take(2).position(|start| start.name == name)?;
        let start = &self.before[at];
        self.before = &self.before[at + 1..];
        let same = start.clean && start.node.pos() == node.pos() && start.node == *node;
        same.then(|| start.clone())
    }
}

impl Found {
    fn start<'n>(&mut self, node: &'n Node, defaults: &mut Defaults<'n>, config: &mut Config) {
        let Some(name) = node.attr("name").filter(|n| !n.is_empty()) else {
            self.known_start(node);
            return self.error(node, "<start> without a name is skipped; add name=\"..\"");
        };
        if !defaults.names.contains(name)
            && let Some(start) = defaults.unchanged(name, node)
        {
            defaults.names.insert(name);
            return config.starts.push(start);
        }
        let remarks = self.0.len();
        self.known_start(node);
        if name.len() > 63 || name.contains(crate::label::SEPARATOR) {
            return self.error(
                node,
                &format!(
                    "child '{name}' is skipped: names have at most 63 characters and no \" -> \""
                ),
            );
        }
        if defaults.names.contains(name) {
            return self.error(
                node,
                &format!("child '{name}' is skipped: the name is taken; choose another"),
            );
        }
        let (ram, caps) = self.quotas(node, name, defaults);
        let binary = self.binary(node, name);
        let mut provides = Vec::new();
        if let Some(node) = node.child("provides") {
            self.services(node, &mut provides);
        }
        let heartbeat = node.child("heartbeat").map(|heartbeat| self.heartbeat(heartbeat));
        let exit_propagate = match node.child("exit") {
            Some(exit) => self.attr(exit, "propagate").unwrap_or(false),
            None => false,
        };
        let start = Start {
            name: name.to_string(),
            version: node.attr("version").unwrap_or_default().to_string(),
            binary: binary.to_string(),
            ram,
            caps,
            provides,
            config: node.child("config").cloned(),
            route: node.child("route").map(|r| RouteModel::read(r, self)),
            location: self.location(node, name, defaults.space, config.space),
            heartbeat,
            exit_propagate,
            ld: self.attr(node, "ld").unwrap_or(true),
            priority: self.priority(node, name, config.prio_levels_log2),
            managing_system: self.attr(node, "managing_system").unwrap_or(false),
            node: node.clone(),
            clean: false,
        };
        defaults.names.insert(name);
        let clean = self.0.len() == remarks;
        config.starts.push(Rc::new(Start { clean, ..start }));
    }

    /// Reads RAM and capabilities of the child `name`, in either of their two notations.
    fn quotas(&mut self, node: &Node, name: &str, defaults: &Defaults<'_>) -> (RamQuota, CapQuota) {
        let mut told = self.0.len();
        let mut ram = self.attr(node, "ram");
        let mut caps = self.attr(node, "caps");
        for resource in node.children_of("resource") {
            match resource.attr("name") {
                Some("RAM") if ram.is_some() => self.warn(resource, &format!("child '{name}': RAM is given twice; remove the 'ram' attribute or <resource name=\"RAM\">")),
                Some("RAM") => ram = self.attr(resource, "quantum"),
                Some("CAP" | "CAPS") => caps = self.attr(resource, "quantum"),
                other => {
                    self.resource(resource, name, other);
                    told += 1; // which does not say that RAM is missing
                }
            }
        }
        let ram = ram.or(defaults.ram).unwrap_or_default();
        let caps = caps.or(defaults.caps).unwrap_or_default();
        let told = self.0.len() > told; // what is malformed is not missing as well
        if ram.0 == 0 && !told {
            self.error(
                node,
                &format!(
                    "child '{name}' has no RAM quota; add <resource name=\"RAM\" quantum=\"1M\"/>"
                ),
            );
        }
        if caps.0 == 0 && !told {
            self.error(node, &format!("child '{name}' has no capability quota; add caps=\"100\" or <default caps=\"100\"/>"));
        }
        (ram, caps)
    }

    fn heartbeat(&mut self, node: &Node) -> Heartbeat {
        Heartbeat {
            restart_after_skipped: self.attr(node, "restart_after_skipped").unwrap_or(0),
            start_ms: self.attr(node, "start_ms").unwrap_or(Heartbeat::START_MS),
        }
    }

    /// Reads the ROM module of the program of the child `name`.
    fn binary<'a>(&mut self, node: &'a Node, name: &'a str) -> &'a str {
        let Some(binary) = node.child("binary") else { return name };
        binary.attr("name").unwrap_or_else(|| {
            let text = format!("child '{name}': <binary> without a name; add name=\"..\"");
            self.error(binary, &text);
            name
        })
    }

    fn location(&mut self, start: &Node, name: &str, declared: bool, space: Space) -> Location {
        let all = Location { x: 0, y: 0, width: space.width, height: space.height };
        let Some(node) = start.child("affinity") else { return all };
        if !declared {
            self.plain(&format!(
                "affinity-space configuration missing, but affinity defined for child {name}"
            ));
        }
        let x = self.attr(node, "xpos").unwrap_or(0i32);
        let y = self.attr(node, "ypos").unwrap_or(0i32);
        let rest = |all: u32, at: i32| all.saturating_sub(at.max(0) as u32);
        let location = Location {
            x,
            y,
            width: self.attr(node, "width").unwrap_or(rest(space.width, x)),
            height: self.attr(node, "height").unwrap_or(rest(space.height, y)),
        };
        if location.within(space) {
            return location;
        }
        self.warn(
            node,
            &format!(
                "child '{name}': affinity location exceeds the {}x{} affinity space; it may run anywhere",
                space.width, space.height
            ),
        );
        all
    }

    fn alias(&mut self, node: &Node, config: &mut Config) {
        self.leaf(node, &["name", "child"]);
        match (node.attr("name"), node.attr("child")) {
            (Some(name), Some(child)) if config.aliases.iter().all(|a| a.name != name) => {
                config.aliases.push(Alias { name: name.to_string(), child: child.to_string() });
            }
            (Some(name), Some(_)) => {
                self.error(node, &format!("alias '{name}' is given twice; remove one"));
            }
            _ => self.error(node, "<alias> expects name=\"..\" and child=\"..\""),
        }
    }

    fn preserve(&mut self, node: &Node, config: &mut Config) {
        self.leaf(node, &["name", "preserve"]);
        match node.attr("name") {
            Some("RAM") => {
                if let Some(ram) = self.attr(node, "preserve") {
                    config.preserve_ram = ram;
                }
            }
            Some("CAP") => {
                if let Some(caps) = self.attr(node, "preserve") {
                    config.preserve_caps = caps;
                }
            }
            _ => self.warn(
                node,
                "<resource> at this place expects name=\"RAM\" or \"CAP\" and preserve=\"..\"",
            ),
        }
    }

    /// Routes to children that are not there.
    fn unknown_servers(&mut self, config: &Config, names: &BTreeSet<&str>) {
        let models =
            config.starts.iter().filter_map(|s| s.route.as_ref()).chain(&config.default_route);
        for (pos, server) in models.flat_map(RouteModel::servers) {
            let child = config.deref_alias(server);
            if !names.contains(child) {
                let text = format!(
                    "route to unknown child '{server}'; add <start name=\"{server}\"> or correct the name"
                );
                self.tell(Severity::Warning, pos, &text);
            }
        }
    }
}

mod rules;
#[cfg(test)]
mod tests;

pub use rules::{Provided, Report};
