//! The machine as a drawing: boxes in boxes, nodes of memory above the objects that they are local to, and below them
//! the distances and latencies between nodes as tables, the farther the darker. No script, no fonts of its own; colours follow
//! the reader's light or dark scheme.

use super::tree::{Kind, Object, tree};
use super::{Bytes, Escaped, Thousandths};
use crate::{AccessKind, CacheType, Machine, NodeId};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

const PAD: u32 = 7;
const LINE: u32 = 17;
/// Width of a character of the 12-pixel font, on the safe side.
const CHAR: u32 = 7;
/// A cell of a table.
const CELL: u32 = 44;
/// Tables of more nodes than this are left out, which is said: they are for programs.
const MAX_TABLE: usize = 32;
/// Of more equal neighbours than this, two and the last are drawn, and the others counted.
const MAX_EQUAL: usize = 16;
/// Steps from near to far.
const SHADES: u64 = 6;
/// A row of children is broken when it would become wider than this.
const ROW: u32 = 1400;

struct Box {
    label: String,
    class: &'static str,
    width: u32,
    height: u32,
    /// Where in the parent.
    x: u32,
    y: u32,
    inside: Vec<Box>,
}

impl Box {
    fn leaf(label: String, class: &'static str) -> Box {
        let width = label.chars().count() as u32 * CHAR + 2 * PAD;
        Box { label, class, width, height: LINE + PAD, x: 0, y: 0, inside: Vec::new() }
    }

    /// Put `above` in a column over the rows of `children`.
    fn around(mut self, above: Vec<Box>, children: Vec<Box>) -> Box {
        let mut y = LINE + PAD;
        let mut width = self.width;
        let below = above.len();
        for mut b in above {
            (b.x, b.y) = (PAD, y);
            y += b.height + PAD;
            width = width.max(b.width + 2 * PAD);
            self.inside.push(b);
        }
        let (mut x, mut tallest) = (PAD, 0);
        for mut b in children {
            if x > PAD && x + b.width > ROW {
                y += tallest + PAD;
                (x, tallest) = (PAD, 0);
            }
            (b.x, b.y) = (x, y);
            x += b.width + PAD;
            tallest = tallest.max(b.height);
            width = width.max(x);
            self.inside.push(b);
        }
        self.width = width;
        self.height = if tallest > 0 { y + tallest + PAD } else { y };
        // memory and single caches span their object, as lstopo draws them
        let count = self.inside.len();
        for (i, b) in self.inside.iter_mut().enumerate() {
            if i < below || count == below + 1 {
                b.stretch(width - 2 * PAD);
            }
        }
        self
    }

    /// Sets the width, and that of an only box inside likewise.
    fn stretch(&mut self, width: u32) {
        self.width = width;
        if let [only] = self.inside.as_mut_slice() {
            only.stretch(width - 2 * PAD);
        }
    }

    fn draw(&self, x: u32, y: u32, out: &mut impl Write) -> fmt::Result {
        let middle = self.class == "pu" || self.class.starts_with('h');
        let text = if middle { self.width / 2 } else { PAD };
        writeln!(
            out,
            "<rect class=\"{0}\" x=\"{x}\" y=\"{y}\" width=\"{1}\" height=\"{2}\" rx=\"4\"/>\
             <text{3} x=\"{4}\" y=\"{5}\">{6}</text>",
            self.class,
            self.width,
            self.height,
            if middle { " class=\"c\"" } else { "" },
            x + text,
            y + LINE - 1,
            Escaped(&self.label)
        )?;
        self.inside.iter().try_for_each(|b| b.draw(x + b.x, y + b.y, out))
    }

    /// A table between nodes, with a title; `None` where there is nothing to be told.
    fn table(
        machine: &Machine,
        title: &str,
        more_is_near: bool,
        value: impl Fn(NodeId, NodeId) -> Option<u64>,
        label: impl Fn(u64) -> String,
    ) -> Option<Box> {
        let ids: Vec<NodeId> = machine.nodes().iter().map(|n| n.id.value).collect();
        let all = || ids.iter().flat_map(|a| ids.iter().map(|b| (*a, *b)));
        let known = || all().filter_map(|(a, b)| value(a, b));
        let (low, high) = (known().min()?, known().max()?);
        if ids.len() < 2 {
            return None;
        }
        if ids.len() > MAX_TABLE {
            let (n, low, high) = (ids.len(), label(low), label(high));
            let text = format!("{title}: {low} to {high} between {n} nodes, too many for a table");
            return Some(Box::leaf(text, "table"));
        }
        let mut table = Box::leaf(String::from(title), "table");
        let top = LINE + PAD;
        let mut cell = |column: usize, row: usize, label: String, class| {
            let mut cell = Box::leaf(label, class);
            (cell.x, cell.y) = (PAD + column as u32 * CELL, top + row as u32 * (LINE + PAD));
            (cell.width, cell.height) = (CELL - 2, LINE + PAD - 2);
            table.inside.push(cell);
        };
        for (i, id) in ids.iter().enumerate() {
            cell(i + 1, 0, format!("{id}"), "head");
            cell(0, i + 1, format!("{id}"), "head");
        }
        for (i, a) in ids.iter().enumerate() {
            for (j, b) in ids.iter().enumerate() {
                let Some(n) = value(*a, *b) else { continue };
                let far = u128::from(if more_is_near { high - n } else { n - low });
                let shade = far * u128::from(SHADES - 1) / u128::from((high - low).max(1));
                let class = ["h0", "h1", "h2", "h3", "h4", "h5"].get(shade as usize).copied();
                cell(j + 1, i + 1, label(n), class.unwrap_or("h5"));
            }
        }
        let side = ids.len() as u32 + 1;
        table.width = table.width.max(side * CELL + 2 * PAD - 2);
        table.height = top + side * (LINE + PAD) + PAD - 2;
        Some(table)
    }
}

/// Gives equal things one number.
#[derive(Default)]
struct Shapes {
    known: BTreeMap<(String, Vec<u32>), u32>,
}

impl Shapes {
    fn of(&mut self, text: String, parts: Vec<u32>) -> u32 {
        let next = self.known.len() as u32;
        *self.known.entry((text, parts)).or_insert(next)
    }
}

/// What stands in a box: `Core 3` and, behind it, what makes it unlike others of its kind.
struct Label {
    name: &'static str,
    number: Option<u32>,
    rest: String,
    class: &'static str,
}

impl Label {
    fn text(&self) -> String {
        let number = self.number.map_or(String::new(), |n| format!(" {n}"));
        format!("{}{number}{}", self.name, self.rest)
    }
}

fn memory_label(machine: &Machine, node: NodeId) -> Label {
    let size = machine.memory_of(node).map_or(String::new(), |m| format!("  {}", Bytes(m)));
    let alone = machine.cpus_of(node).is_none_or(crate::CpuSet::is_empty);
    let allowed = machine.is_node_allowed(node);
    let rest = if allowed { size } else { format!("{size}  not allowed") };
    let class = match (allowed, alone) {
        (false, _) => "memory off",
        (true, true) => "memory alone",
        (true, false) => "memory",
    };
    Label { name: "NUMANode", number: Some(node.0), rest, class }
}

/// A node's memory, inside its memory-side caches.
fn memory(machine: &Machine, node: NodeId) -> Box {
    let label = memory_label(machine, node);
    let mut inner = Box::leaf(label.text(), label.class);
    let caches: Vec<_> = machine.memory_caches_of(node).collect();
    for c in caches.iter().rev() {
        let label = format!("MemCache L{}  {}", c.level, Bytes(c.size));
        inner = Box::leaf(label, "cache").around(alloc::vec![inner], Vec::new());
    }
    inner
}

fn label(machine: &Machine, o: &Object) -> Label {
    let (name, number, class) = match o.kind {
        Kind::Machine => ("Machine", None, "machine"),
        Kind::Group => ("Group", None, "group"),
        Kind::Package(n) => ("Package", Some(n), "package"),
        Kind::Die(n) => ("Die", Some(n), "die"),
        Kind::Core(n) => ("Core", Some(n), "core"),
        Kind::Pu(id) => ("PU", Some(id.0), "pu"),
        Kind::Cache(_) => ("L", None, "cache"),
    };
    let mut label = Label { name, number, rest: String::new(), class };
    match o.kind {
        Kind::Machine => {
            let nodes = machine.nodes().len();
            let (cpus, s) = (machine.cpus().len(), if nodes == 1 { "" } else { "s" });
            label.rest = format!(": {nodes} node{s}, {cpus} CPUs");
        }
        Kind::Pu(id) => {
            let Some(cpu) = machine.cpu(id) else { return label };
            if let Some(kind) = cpu.kind {
                label.rest = format!(" {}", kind.value.letter());
            }
            if !machine.is_usable(cpu) {
                label.rest += if cpu.offline.is_some() { " offline" } else { " not allowed" };
                label.class = "pu off";
            }
        }
        Kind::Cache(i) => {
            let Some(c) = machine.caches().get(i) else { return label };
            let letter = match c.kind {
                CacheType::Data => "d",
                CacheType::Instruction => "i",
                CacheType::Unified => "",
            };
            let size = c.size.map_or(String::new(), |s| format!("  {}", Bytes(s)));
            label.rest = format!("{}{letter}{size}", c.level);
        }
        _ => {}
    }
    label
}

/// A child that is laid out: its box, its shape, and what to call it among its equals.
struct Child {
    inner: Box,
    shape: u32,
    name: String,
    number: Option<u32>,
}

fn lay_out(machine: &Machine, o: &Object, shapes: &mut Shapes) -> Child {
    let label = label(machine, o);
    let mut parts = Vec::new();
    let mut above = Vec::new();
    for node in &o.memory {
        let caches = machine.memory_caches_of(*node).map(|c| format!("{} {}", c.level, c.size));
        let text = memory_label(machine, *node).rest + &caches.collect::<String>();
        parts.push(shapes.of(text, Vec::new()));
        above.push(memory(machine, *node));
    }
    let children: Vec<Child> = o.children.iter().map(|c| lay_out(machine, c, shapes)).collect();
    parts.extend(children.iter().map(|c| c.shape));
    let children = collapse(children);
    let shape = shapes.of(format!("{}\0{}", label.name, label.rest), parts);
    let name = if matches!(o.kind, Kind::Cache(_)) {
        format!("{}{}", label.name, label.rest)
    } else {
        String::from(label.name)
    };
    let leaf = Box::leaf(label.text(), label.class);
    let inner =
        if above.is_empty() && children.is_empty() { leaf } else { leaf.around(above, children) };
    Child { inner, shape, name, number: label.number }
}

/// The boxes of neighbours; of many equal ones the first two, how many follow, and the last.
fn collapse(children: Vec<Child>) -> Vec<Box> {
    let mut runs: Vec<Vec<Child>> = Vec::new();
    for child in children {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|c| c.shape == child.shape) => run.push(child),
            _ => runs.push(alloc::vec![child]),
        }
    }
    let mut out = Vec::new();
    for mut run in runs {
        if run.len() <= MAX_EQUAL {
            out.extend(run.into_iter().map(|c| c.inner));
            continue;
        }
        let last = run.pop();
        let mut rest = run.split_off(2);
        out.extend(run.into_iter().map(|c| c.inner));
        let hidden = rest.len();
        if let (Some(from), Some(to)) = (rest.first(), rest.last()) {
            let numbers = match (from.number, to.number) {
                (Some(a), Some(b)) => format!(" {a} to {b}"),
                _ => String::new(),
            };
            let text = format!("{hidden} × {}{numbers}, as before", from.name);
            let mut more = Box::leaf(text, "more");
            more.height = more.height.max(rest.pop().map_or(0, |c| c.inner.height));
            out.push(more);
        }
        out.extend(last.map(|c| c.inner));
    }
    out
}

const STYLE: &str = "<style>\
    text{font:12px Inter,'Segoe UI','Helvetica Neue',Arial,sans-serif;fill:#1f2937}.c{text-anchor:middle}\
    rect{stroke:#94a3b8;fill:#fff}.ground{stroke:none;fill:#f1f5f9}.machine{fill:#fff;stroke:#64748b}\
    .group{fill:#f8fafc}.package{fill:#eef2ff;stroke:#a5b4fc}.die{fill:#e0e7ff;stroke:#a5b4fc}\
    .memory{fill:#d1fae5;stroke:#34d399}.alone{stroke-dasharray:5 3}\
    .cache{fill:#e0f2fe;stroke:#7dd3fc}.core{fill:#e2e8f0}.pu{fill:#fff}\
    .off{fill:#f1f5f9;stroke-dasharray:2 2}.more{fill:none;stroke-dasharray:1 4}\
    .table{fill:#fff}.head{stroke:none;fill:none}\
    .h0{fill:#fff7ed}.h1{fill:#ffedd5}.h2{fill:#fed7aa}.h3{fill:#fdba74}.h4{fill:#fb923c}.h5{fill:#f97316}\
    .h0,.h1,.h2,.h3,.h4,.h5{stroke:none}\
    @media (prefers-color-scheme:dark){text{fill:#e5e7eb}rect{stroke:#475569;fill:#0f172a}.ground{fill:#020617}\
    .machine,.table{fill:#0f172a}.group{fill:#1e293b}.package{fill:#1e1b4b;stroke:#4f46e5}.die{fill:#312e81}\
    .memory{fill:#064e3b;stroke:#059669}.cache{fill:#0c4a6e;stroke:#0284c7}.core{fill:#334155}.pu{fill:#0f172a}.off{fill:#1e293b}.more{fill:none}\
    .h0{fill:#431407}.h1{fill:#7c2d12}.h2{fill:#9a3412}.h3{fill:#c2410c}.h4{fill:#ea580c}.h5{fill:#f97316}}\
    </style>";

/// Draw the machine.
pub fn svg(machine: &Machine, out: &mut impl Write) -> fmt::Result {
    let tree = tree(machine);
    let mut parts = alloc::vec![lay_out(machine, &tree.root, &mut Shapes::default()).inner];
    if tree.left_out > 0 {
        let text = format!("{} objects do not nest and are left out", tree.left_out);
        parts.push(Box::leaf(text, "table"));
    }
    if let Some(source) = machine.distance_source() {
        let title = format!("Distances ({source})");
        parts.extend(Box::table(
            machine,
            &title,
            false,
            |a, b| machine.distance(a, b).map(u64::from),
            |n| format!("{n}"),
        ));
    }
    for (title, kind) in [
        ("Read latency, ns", AccessKind::ReadLatency),
        ("Read bandwidth, GB/s", AccessKind::ReadBandwidth),
    ] {
        let value = |a, b| machine.access(a, b, 0, kind).map(|fact| fact.value);
        let label = |n| format!("{}", Thousandths(n));
        parts.extend(Box::table(machine, title, !kind.is_latency(), value, label));
    }
    // the tables stand side by side below the machine
    let row = parts.first().map_or(0, |machine| machine.width);
    let (mut x, mut y, mut bottom, mut w) = (PAD, PAD, 0, 0);
    for (i, part) in parts.iter_mut().enumerate() {
        if i <= 1 || x + part.width > row.max(ROW / 2) {
            (x, y) = (PAD, bottom + PAD);
        }
        (part.x, part.y) = (x, y);
        x += part.width + PAD;
        w = w.max(x);
        bottom = bottom.max(part.y + part.height);
    }
    let h = bottom + PAD;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         {STYLE}\n<rect class=\"ground\" width=\"{w}\" height=\"{h}\"/>"
    )?;
    for part in &parts {
        part.draw(part.x, part.y, out)?;
    }
    out.write_str("</svg>\n")
}
