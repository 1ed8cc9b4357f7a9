//! Configurations at random: children, routes, versions, quotas, services, priorities.

use alloc::{boxed::Box, format, string::String};
use core::fmt::Write;

use fastrand::Rng;

/// Children that a configuration may have, beside the keeper.
const CHILDREN: usize = 5;

/// A child as it is wanted at the moment.
#[derive(Default)]
struct Child {
    present: bool,
    version: u32,
    kib: u32,
    caps: u32,
    priority: u32,
    value: u32,
    role: u32,
    provides: u32,
    log: usize,
    test: usize,
}

/// Makes configurations, each of which differs from the one before in one child.
pub(super) struct Weather {
    random: Rng,
    children: [Child; CHILDREN],
    /// The children of the first child, which is an init of this name.
    nested: Option<(String, Box<Weather>)>,
}

/// The child that is always there: it serves sessions and keeps what others log to itself. Its
/// accounts tell whether anything is left of sessions that are gone.
const KEEPER: &str = r#"<start name="keeper" ram="4M" caps="400">
  <binary name="rs_init_test"/>
  <provides> <service name="Test"/> <service name="LOG"/> </provides>
  <config role="keeper"/>
  <route> <any-service> <parent/> </any-service> </route>
</start>"#;

/// Puts `starts` into a configuration, beside the keeper.
///
/// Reports are delayed by the least there is: without a delay, Genode's init tells of no change.
pub(super) fn with_keeper(version: u32, levels: u32, starts: &str) -> String {
    format!(
        r#"<config version="{version}" prio_levels="{levels}">
<report ids="yes" child_ram="yes" child_caps="yes" init_ram="yes" init_caps="yes" delay_ms="1"/>
<parent-provides>
  <service name="ROM"/> <service name="LOG"/> <service name="PD"/> <service name="CPU"/> <service name="Timer"/>
</parent-provides>
<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>
<default caps="150"/>
{KEEPER}
{starts}
</config>"#
    )
}

/// A client whose session, and whose log, are at the keeper; it exits once it was served.
pub(super) fn visitor(version: u32) -> String {
    format!(
        r#"<start name="visitor" ram="2M" version="{version}">
  <binary name="rs_init_test"/> <config role="visitor" visits="1"/>
  <route>
    <service name="LOG"> <child name="keeper"/> </service>
    <service name="Test"> <child name="keeper"/> </service>
    <any-service> <parent/> </any-service>
  </route>
</start>"#
    )
}

impl Weather {
    pub(super) fn new(seed: u64, init: &str) -> Self {
        let below = Self::calm(seed.wrapping_add(1), None);
        Self::calm(seed, Some((init.into(), Box::new(below))))
    }

    fn calm(seed: u64, nested: Option<(String, Box<Self>)>) -> Self {
        let mut weather =
            Self { random: Rng::with_seed(seed), children: <[Child; CHILDREN]>::default(), nested };
        for index in 0..CHILDREN {
            for change in 0..CHANGES {
                weather.change(index, change);
            }
        }
        weather
    }

    /// Makes the next configuration.
    pub(super) fn next(&mut self, version: u32) -> String {
        self.blow();
        with_keeper(version, LEVELS, &self.starts())
    }

    /// Changes something: most of the time what a child that runs can bear.
    fn blow(&mut self) {
        let index = self.random.usize(..CHILDREN);
        if let (0, Some((_, below))) = (index, &mut self.nested)
            && self.random.u32(..8) > 0
        {
            return below.blow();
        }
        let change = self.random.u32(..2 * CHANGES);
        self.change(index, if change < CHANGES { change } else { change % 3 });
    }

    fn change(&mut self, index: usize, what: u32) {
        let random = &mut self.random;
        let child = &mut self.children[index];
        match what {
            0 => child.value = random.u32(..4),
            1 => child.kib = 1024 + 256 * random.u32(..6),
            2 => child.caps = 100 + 10 * random.u32(..6),
            3 => child.priority = random.u32(..LEVELS),
            4 => child.version = random.u32(..3),
            5 => child.present = random.u32(..4) > 0,
            6 => child.role = random.u32(..6),
            7 => child.provides = random.u32(..4),
            8 => child.log = random.usize(..3),
            _ => child.test = random.usize(..6),
        }
    }

    fn starts(&self) -> String {
        let mut out = String::new();
        for (index, child) in self.children.iter().enumerate().filter(|(_, child)| child.present) {
            match &self.nested {
                Some((init, below)) if index == 0 => {
                    let (version, starts) = (child.version, below.starts());
                    nested(version, init, &starts, &mut out);
                }
                nested => child.start(index, nested.is_some(), &mut out),
            }
        }
        out
    }
}

/// Things that can change.
const CHANGES: u32 = 10;

/// Levels of priority.
const LEVELS: u32 = 4;

impl Child {
    fn start(&self, index: usize, beside_keeper: bool, out: &mut String) {
        let Self { version, kib, caps, priority, .. } = self;
        // writing to a string cannot fail
        let _ = writeln!(
            out,
            "<start name=\"c{index}\" ram=\"{kib}K\" caps=\"{caps}\" version=\"{version}\" priority=\"-{priority}\">\
             <binary name=\"rs_init_test\"/>{}{}{}</start>",
            self.provides(index),
            self.role(index),
            if beside_keeper { self.route() } else { String::new() }
        );
    }

    fn provides(&self, index: usize) -> &'static str {
        match (index, self.provides) {
            (1, 1..) | (2, 0) => "<provides> <service name=\"Test\"/> </provides>",
            (3, 0) => "<provides> <service name=\"Other\"/> </provides>",
            _ => "",
        }
    }

    /// Says what a child does: two serve, and die of it; the others are clients, or idle, or done
    /// at once.
    fn role(&self, index: usize) -> String {
        let value = self.value;
        match (index, self.role) {
            (1 | 2, role @ 0..4) => {
                let crash = if role == 0 { "yes" } else { "no" };
                format!("<config role=\"mortal\" sessions=\"{}\" crash=\"{crash}\"/>", 8 * value)
            }
            (_, 0..4) => format!("<config role=\"visitor\" visits=\"{}\"/>", 8 * value),
            (_, 4) => format!("<config role=\"idle\" value=\"{value}\"/>"),
            _ => format!("<config role=\"exit\" value=\"{value}\"/>"),
        }
    }

    /// Says where sessions of a child go that has the keeper beside it; below, everything comes
    /// from the parent.
    fn route(&self) -> String {
        let log = ["<child name=\"keeper\"/>", "<parent/>", "<any-child/>"][self.log];
        let test = match self.test {
            0 => String::new(),
            1 | 2 => "<service name=\"Test\"> <child name=\"keeper\"/> </service>".into(),
            other => {
                format!("<service name=\"Test\"> <child name=\"c{}\"/> </service>", other - 2)
            }
        };
        format!(
            "<route> <service name=\"LOG\"> {log} </service> {test} <any-service> <parent/> <any-child/> </any-service> </route>"
        )
    }
}

/// Adds an init with children, whose sessions come from the keeper.
fn nested(version: u32, init: &str, starts: &str, out: &mut String) {
    let _ = writeln!(
        out,
        r#"<start name="c0" ram="16M" caps="1000" version="{version}">
  <binary name="{init}"/>
  <config prio_levels="{LEVELS}">
    <parent-provides>
      <service name="ROM"/> <service name="LOG"/> <service name="PD"/> <service name="CPU"/> <service name="Test"/>
    </parent-provides>
    <default-route> <any-service> <parent/> </any-service> </default-route>
    <default caps="150"/>
    {starts}
  </config>
  <route>
    <service name="LOG"> <child name="keeper"/> </service>
    <service name="Test"> <child name="keeper"/> </service>
    <any-service> <parent/> </any-service>
  </route>
</start>"#
    );
}
