//! Where the server learns the machine, in which order, and what becomes of disagreement.
//!
//! A `<machine>` in the configuration is all that counts. Else `source` names who is asked, in that order of trust; else
//! the server looks for what is there: core's `machine` ROM tells all where it exists (host); on Genode, what TOPO, the
//! TIP and the ACPI tables tell is merged, and `platform_info` says which of them there can be.

mod acpi;
mod element;
mod tip;
mod topo;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use element::Described;
use genode::{node::Node, prelude::*, session::rom::RomConnection, signal::SignalContext};
use genode_xml::Document;
use topology::{
    Claims, CpuGrid, Machine,
    source::{
        description::{self, DescriptionError},
        element::Element,
        platform_info::{self, Kernel, PlatformInfo},
    },
};

/// Largest configuration or ROM that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 4 << 20;

/// Disagreements and oddities that are told one by one; hostile tables must not flood the log.
const MAX_LINES: usize = 16;

/// A machine and the grid of its CPUs.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) machine: Machine,
    pub(crate) space: CpuGrid,
    /// Who told.
    pub(crate) source: String,
    /// What was refused on the way. A machine that is known already is better than one with such gaps.
    pub(crate) refused: Vec<String>,
}

/// The configuration, and the machine that it describes.
pub(crate) struct Config {
    /// All but the description.
    pub(crate) node: Node,
    machine: Option<Result<Claims, DescriptionError>>,
}

impl Config {
    /// Reads the configuration. A description may be long: where it is XML it is read from the text, and left out of the
    /// tree of nodes.
    pub(crate) fn read(rom: &mut RomConnection) -> Result<Self, String> {
        let mut bytes = rom.read(MAX_TEXT).map_err(|error| format!("config: {error}"))?;
        let described = core::str::from_utf8(&bytes).ok().and_then(|text| {
            let document = Document::parse(text).ok()?;
            let node = document.root().children().find(|node| node.name() == "machine")?;
            Some((description::read(&node), node.range()))
        });
        let mut machine = None;
        if let Some((claims, range)) = described {
            machine = Some(claims);
            for byte in bytes.get_mut(range).unwrap_or_default() {
                // lines stay where they are
                *byte = if *byte == b'\n' { b'\n' } else { b' ' };
            }
        }
        let node = Node::parse(&bytes).map_err(|error| format!("config: {error}"))?;
        if machine.is_none() {
            machine = node.child("machine").map(|node| description::read(&Described(node)));
        }
        Ok(Self { node, machine })
    }
}

/// What one source says.
struct Told {
    claims: Vec<Claims>,
    refused: Vec<String>,
}

impl From<Claims> for Told {
    fn from(claims: Claims) -> Self {
        Self { claims: alloc::vec![claims], refused: Vec::new() }
    }
}

/// Who can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Rom,
    Topo,
    Tip,
    Acpi,
}

impl Asked {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "rom" => Self::Rom,
            "topo" => Self::Topo,
            "tip" => Self::Tip,
            "acpi" => Self::Acpi,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rom => "ROM \"machine\"",
            Self::Topo => "TOPO",
            Self::Tip => "TIP",
            Self::Acpi => "ACPI",
        }
    }
}

/// The sources, and what is kept between two looks at them.
pub(crate) struct Sources {
    env: Env,
    topo: topo::Server,
}

impl Sources {
    pub(crate) fn new(env: Env, changed: Capability<SignalContext>) -> Self {
        Self { env, topo: topo::Server::new(env, changed) }
    }

    /// Finds out what the machine is.
    pub(crate) fn find(&mut self, config: &Config) -> Result<Known, String> {
        if let Some(machine) = &config.machine {
            let claims = machine.as_ref().map_err(|error| format!("config: <machine>: {error}"))?;
            let claims = core::slice::from_ref(claims);
            return build(claims, "its configuration".to_string(), Vec::new());
        }
        let config = &config.node;
        match config.attr("source") {
            Some(names) => {
                let mut asked = Vec::new();
                for word in names.split_ascii_whitespace() {
                    asked.push(Asked::named(word).ok_or_else(|| {
                        format!(
                            "config: source=\"{names}\": \"{word}\" is unknown: use rom, topo, tip, acpi, several \
                             of them, or a <machine> node"
                        )
                    })?);
                }
                self.ask(&asked, config, None)
            }
            None => self.look(config),
        }
    }

    /// Asks whoever is there, and says who was not asked, and why.
    fn look(&mut self, config: &Node) -> Result<Known, String> {
        let no_rom = match from_rom(self.env) {
            Ok(claims) => {
                log!("source: ROM \"machine\" is there and tells all");
                return build(&[claims], "core".to_string(), Vec::new());
            }
            Err(error) => error,
        };
        let info = match platform_info(self.env) {
            Ok(info) => info,
            Err(error) => return Err(format!("{no_rom}; {error}")),
        };
        log!("source: {no_rom}");
        let mut asked = Vec::new();
        // A route that leads TOPO to this very server would block it for ever: only a core that has the service is asked
        // unbidden.
        if info.kernel == Kernel::Nova && info.lists_cpus_without_locations() {
            asked.push(Asked::Topo);
        } else {
            log!(
                "source: TOPO is not asked: the fork's NOVA has it, others are asked with source=\"topo\""
            );
        }
        if info.kernel == Kernel::Tukija {
            asked.push(Asked::Tip);
        } else {
            log!("source: no TIP: base-tukija has it, a ROM is read with source=\"tip\"");
        }
        asked.push(Asked::Acpi);
        self.ask(&asked, config, Some(info))
    }

    /// Asks each, merges what they say, the first most trusted. Those that fail are left out, unless all do.
    fn ask(
        &mut self,
        asked: &[Asked],
        config: &Node,
        info: Option<PlatformInfo>,
    ) -> Result<Known, String> {
        let mut claims: Vec<Claims> = Vec::new();
        let (mut names, mut refused) = (Vec::new(), Vec::new());
        let mut info = info;
        for one in asked {
            let told = match one {
                Asked::Rom => from_rom(self.env).map(Told::from),
                Asked::Topo => self.topo.ask(config, info.as_ref()).map(Told::from),
                Asked::Tip => tip::read(self.env).map(Told::from),
                Asked::Acpi => info
                    .take()
                    .map_or_else(|| platform_info(self.env), Ok)
                    .and_then(|info| acpi::read(self.env, info, &claims))
                    .map(|(claims, refused)| Told { claims, refused }),
            };
            match told {
                Ok(told) => {
                    claims.extend(told.claims);
                    refused.extend(told.refused);
                    names.push(one.name());
                }
                Err(error) => refused.push(error),
            }
        }
        if names.is_empty() {
            return Err(refused.join("; "));
        }
        build(&claims, names.join(" and "), refused)
    }
}

fn build(claims: &[Claims], source: String, refused: Vec<String>) -> Result<Known, String> {
    let machine = Machine::build(claims).map_err(|error| format!("{source}: {error}"))?;
    let space = machine.space_or_default().map_err(|error| format!("{source}: {error}"))?;
    Ok(Known { machine, space, source, refused })
}

/// Tells who disagrees, and what else was odd.
pub(crate) fn report(known: &Known) {
    let more = |all: usize| all.checked_sub(MAX_LINES).filter(|more| *more > 0);
    for conflict in known.machine.conflicts().iter().take(MAX_LINES) {
        warning!("sources disagree: {conflict}");
    }
    if let Some(more) = more(known.machine.conflicts().len()) {
        warning!("sources disagree about {more} more");
    }
    for note in known.machine.notes().iter().take(MAX_LINES) {
        log!("note: {note}");
    }
    if let Some(more) = more(known.machine.notes().len()) {
        log!("note: {more} more");
    }
}

/// The bytes of a ROM up to its first zero.
fn text(env: Env, rom: &'static str) -> Result<String, String> {
    let mut session =
        RomConnection::open(env, rom).map_err(|error| format!("ROM \"{rom}\": {error}"))?;
    let bytes = session.read(MAX_TEXT).map_err(|error| format!("ROM \"{rom}\": {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("ROM \"{rom}\" is not text"))
}

/// The `machine` ROM of the host's core: a description of the real machine, or of the one that the user chose.
fn from_rom(env: Env) -> Result<Claims, String> {
    let text = text(env, "machine")?;
    description::parse(&text).map_err(|error| format!("ROM \"machine\": {error}"))
}

/// Core's `platform_info` ROM: XML in 26.02, as core's generator is fixed to it; other cores may write HID.
fn platform_info(env: Env) -> Result<PlatformInfo, String> {
    let explain = |error: &dyn core::fmt::Display| format!("ROM \"platform_info\": {error}");
    let text = text(env, "platform_info")?;
    let node = Node::parse(text.as_bytes()).map_err(|error| explain(&error))?;
    platform_info::read(&Described(&node)).map_err(|error| explain(&error))
}
