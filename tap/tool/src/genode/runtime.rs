//! Runtime files of a Genode tree's test packages: which program, which ROM modules, which log lines.
//!
//! From 26.02 on such a file is HID. Its lines are read as an outline: the configuration in it is handed on as text, so
//! that Genode's own parser sees what the tree's author wrote.

/// A node as it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outline<'a> {
    tag: &'a str,
    /// The value behind the tag.
    name: &'a str,
    /// What follows on the same line, between ` | `.
    rest: Vec<&'a str>,
    /// The lines below, without the indentation.
    body: Vec<&'a str>,
}

/// A condition that ends a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Seconds since the start.
    pub after_seconds: Option<u32>,
    /// Exit value of the program.
    pub exit: Option<i32>,
    /// Log lines in their order; `*` stands for anything.
    pub lines: Vec<String>,
}

/// A test package's runtime file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runtime {
    /// RAM quota.
    pub ram: String,
    /// Capability quota.
    pub caps: String,
    /// The program.
    pub binary: String,
    /// Sessions that the surrounding must offer besides those of core.
    pub requires: Vec<String>,
    /// ROM modules.
    pub roms: Vec<String>,
    /// Ends the test as passed.
    pub succeed: Vec<Condition>,
    /// Ends the test as failed.
    pub fail: Vec<Condition>,
    /// Lines of the configuration node, `+ config` the first, without the indentation.
    pub config: Vec<String>,
}

impl<'a> Outline<'a> {
    fn head(line: &'a str) -> Self {
        let mut rest: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let first = rest.remove(0);
        let (tag, name) = first.split_once(' ').unwrap_or((first, ""));
        Self { tag: tag.trim(), name: name.trim(), rest, body: Vec::new() }
    }

    fn attr(&self, name: &str) -> Option<&'a str> {
        self.rest.iter().chain(&self.body).find_map(|part| {
            let (key, value) = part.split_once(':')?;
            (key.trim() == name && !key.is_empty()).then(|| value.trim())
        })
    }

    /// Quoted lines.
    fn text(&self) -> Vec<String> {
        let parts = self.rest.iter().chain(&self.body);
        parts
            .filter_map(|part| part.strip_prefix(':'))
            .map(|text| text.strip_prefix(' ').unwrap_or(text).to_owned())
            .collect()
    }

    fn children(&self) -> Vec<Outline<'a>> {
        let inline = self.rest.iter().filter_map(|part| part.strip_prefix("+ ")).map(Outline::head);
        inline.chain(outline(&self.body)).collect()
    }
}

/// Names the parts of an outline that a body's lines are.
fn outline<'a>(lines: &[&'a str]) -> Vec<Outline<'a>> {
    let mut nodes: Vec<Outline<'a>> = Vec::new();
    for line in lines {
        if let Some(head) = line.strip_prefix("+ ") {
            nodes.push(Outline::head(head));
        } else if let Some(node) = nodes.last_mut() {
            node.body.push(line.get(2..).unwrap_or_default());
        }
    }
    nodes
}

impl Runtime {
    /// Reads a runtime file.
    ///
    /// # Errors
    /// Says why the file is none that can be read here: XML, or without a program.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('<') {
            return Err("its runtime file is XML, which 25.08 and older use".into());
        }
        let mut lines = text.lines().filter(|l| !l.trim().is_empty());
        let head = Outline::head(lines.next().unwrap_or_default());
        let body: Vec<&str> = lines.take_while(|l| *l != "-").collect();
        let attr = |name| head.attr(name).unwrap_or_default().to_owned();
        let mut runtime = Self {
            ram: attr("ram"),
            caps: attr("caps"),
            binary: attr("binary"),
            ..Self::default()
        };
        if head.tag != "runtime" || runtime.binary.is_empty() {
            return Err("its runtime file names no binary".into());
        }
        for node in outline(&body) {
            match node.tag {
                "requires" => runtime.requires.extend(node.children().iter().map(service)),
                "content" => {
                    let roms = node.children().into_iter().filter(|c| c.tag == "rom");
                    runtime.roms.extend(roms.filter_map(|c| Some(c.attr("label")?.to_owned())));
                }
                "succeed" => runtime.succeed.push(condition(&node)),
                "fail" => runtime.fail.push(condition(&node)),
                _ => {}
            }
        }
        runtime.config = config(&body);
        Ok(runtime)
    }

    /// Seconds until the test counts as failed.
    pub fn seconds(&self) -> u32 {
        self.fail.iter().filter_map(|c| c.after_seconds).max().unwrap_or(60)
    }
}

fn service(node: &Outline<'_>) -> String {
    match node.attr("label") {
        Some(label) => format!("{} {label}", node.tag),
        None => format!("{} {}", node.tag, node.name).trim().to_owned(),
    }
}

fn condition(node: &Outline<'_>) -> Condition {
    Condition {
        after_seconds: node.attr("after_seconds").and_then(|v| v.parse().ok()),
        exit: node.attr("exit").and_then(|v| v.parse().ok()),
        lines: node.text(),
    }
}

/// Takes the node `config` out of the lines of a runtime file.
fn config(lines: &[&str]) -> Vec<String> {
    let is_config = |l: &&&str| **l == "+ config" || l.starts_with("+ config ");
    let below = lines.iter().skip_while(|l| !is_config(l));
    let more = below.clone().skip(1).take_while(|l| !l.starts_with('+'));
    below.take(1).chain(more).map(|l| (*l).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "runtime | ram: 32M | caps: 1000 | binary: init\n\n\
        + requires | + timer\n\n\
        + fail    | after_seconds: 30 | : *gone wrong\n\
        + succeed\n  : [a] first  line\n  :\n  : last | line\n\
        + succeed | exit: 0\n\n\
        + content\n  + rom | label: ld.lib.so\n  + rom | label: a\n\n\
        + config | verbose: no\n  + start a | caps: 100\n    + config\n-\n+ behind\n";

    #[test]
    fn a_runtime_file_says_what_to_run_and_what_to_expect() {
        let runtime = Runtime::read(TEXT).expect("readable");
        assert_eq!((runtime.ram.as_str(), runtime.caps.as_str()), ("32M", "1000"));
        assert_eq!(runtime.binary, "init");
        assert_eq!(runtime.requires, ["timer"]);
        assert_eq!(runtime.roms, ["ld.lib.so", "a"]);
        assert_eq!(runtime.seconds(), 30);
        assert_eq!(runtime.fail[0].lines, ["*gone wrong"]);
        assert_eq!(runtime.succeed[0].lines, ["[a] first  line", "", "last | line"]);
        assert_eq!(runtime.succeed[1].exit, Some(0));
        assert_eq!(
            runtime.config,
            ["+ config | verbose: no", "  + start a | caps: 100", "    + config"]
        );
    }

    #[test]
    fn a_file_of_another_kind_is_refused_with_the_reason() {
        assert!(Runtime::read("<runtime/>").unwrap_err().contains("XML"));
        assert!(Runtime::read("runtime | ram: 1M\n-\n").unwrap_err().contains("binary"));
    }
}
