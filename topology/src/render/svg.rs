//! The machine as a drawing: boxes in boxes, nodes of memory above the objects that they are local
//! to. No script, no fonts of its own, readable on light and dark ground.

use super::tree::{Kind, Object, tree};
use super::{Bytes, Escaped};
use crate::{CacheType, Machine, NodeId};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

const PAD: u32 = 6;
const LINE: u32 = 16;
/// Width of a character of the 11-pixel monospace font.
const CHAR: u32 = 7;
/// A row of children is broken when it would become wider than this.
const ROW: u32 = 1400;

struct Box {
    label: String,
    colour: &'static str,
    width: u32,
    height: u32,
    /// Where in the parent.
    x: u32,
    y: u32,
    inside: Vec<Box>,
}

impl Box {
    fn leaf(label: String, colour: &'static str) -> Box {
        let width = label.chars().count() as u32 * CHAR + 2 * PAD;
        Box { label, colour, width, height: LINE + PAD, x: 0, y: 0, inside: Vec::new() }
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
                b.width = width - 2 * PAD;
            }
        }
        self
    }

    fn draw(&self, x: u32, y: u32, out: &mut impl Write) -> fmt::Result {
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{}\" stroke=\"#333\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            self.width,
            self.height,
            self.colour,
            x + PAD,
            y + LINE - 2,
            Escaped(&self.label)
        )?;
        self.inside.iter().try_for_each(|b| b.draw(x + b.x, y + b.y, out))
    }
}

fn memory(machine: &Machine, node: NodeId) -> Box {
    let size = machine.memory_of(node).map_or(String::new(), |m| format!(" {}", Bytes(m)));
    Box::leaf(format!("NUMANode {node}{size}"), "#e6f2d9")
}

fn lay_out(machine: &Machine, o: &Object) -> Box {
    let (label, colour) = match o.kind {
        Kind::Machine => (String::from("Machine"), "#ffffff"),
        Kind::Group => (String::from("Group"), "#f6f6f6"),
        Kind::Package(n) => (format!("Package {n}"), "#e0e0e0"),
        Kind::Die(n) => (format!("Die {n}"), "#ececec"),
        Kind::Core(n) => (format!("Core {n}"), "#d0d0d0"),
        Kind::Pu(id) => {
            let kind = machine.cpu(id).and_then(|c| c.kind);
            let letter = kind.map_or(String::new(), |k| format!(" {}", k.value.letter()));
            (format!("PU {id}{letter}"), "#ffffff")
        }
        Kind::Cache(i) => {
            let label = machine.caches().get(i).map_or(String::new(), |c| {
                let letter = match c.kind {
                    CacheType::Data => "d",
                    CacheType::Instruction => "i",
                    CacheType::Unified => "",
                };
                let size = c.size.map_or(String::new(), |s| format!(" {}", Bytes(s)));
                format!("L{}{letter}{size}", c.level)
            });
            (label, "#cfe2f3")
        }
    };
    let above = o.memory.iter().map(|n| memory(machine, *n)).collect();
    let children = o.children.iter().map(|c| lay_out(machine, c)).collect();
    let leaf = Box::leaf(label, colour);
    if o.memory.is_empty() && o.children.is_empty() { leaf } else { leaf.around(above, children) }
}

/// Draw the machine.
pub fn svg(machine: &Machine, out: &mut impl Write) -> fmt::Result {
    let drawing = lay_out(machine, &tree(machine).root);
    let (w, h) = (drawing.width + 2 * PAD, drawing.height + 2 * PAD);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"monospace\" font-size=\"11\">\n\
         <rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>"
    )?;
    drawing.draw(PAD, PAD, out)?;
    out.write_str("</svg>\n")
}
