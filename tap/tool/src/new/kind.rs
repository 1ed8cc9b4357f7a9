//! The kinds of components, and their files.

const SOURCE: &str = include_str!("templates/main.rs.in");
const RPC_INTERFACE: &str = include_str!("templates/rpc/lib.rs.in");
const RPC_SERVER: &str = include_str!("templates/rpc/server.rs.in");
const RPC_CLIENT: &str = include_str!("templates/rpc/client.rs.in");
const RPC_RUN: &str = include_str!("templates/rpc/component.run.in");
const BIN: &str = include_str!("templates/bin.toml.in");
const RUN: &str = include_str!("templates/component.run.in");

/// The kinds of components that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A component that says hello.
    Plain,
    /// An RPC interface, and a server and a client of it.
    Rpc,
}

impl Kind {
    fn about(self) -> &'static str {
        match self {
            Self::Plain => "Says hello, and ends",
            Self::Rpc => "An RPC interface, and a server and a client of it",
        }
    }

    pub(super) fn run(self) -> &'static str {
        match self {
            Self::Plain => RUN,
            Self::Rpc => RPC_RUN,
        }
    }

    pub(super) fn sources(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Plain => &[("main.rs", SOURCE)],
            Self::Rpc => {
                &[("lib.rs", RPC_INTERFACE), ("server.rs", RPC_SERVER), ("client.rs", RPC_CLIENT)]
            }
        }
    }

    /// The binaries of the package `name`, and their sources.
    pub(super) fn bins(self, name: &str) -> Vec<(String, &'static str)> {
        match self {
            Self::Plain => vec![(name.into(), "main.rs")],
            Self::Rpc => {
                vec![
                    (format!("{name}_server"), "server.rs"),
                    (format!("{name}_client"), "client.rs"),
                ]
            }
        }
    }

    /// A template's text for the package `name`, whose trait has the name without prefix.
    pub(super) fn fill(self, template: &str, name: &str) -> String {
        let bins = self.bins(name).into_iter();
        let bins: String = bins
            .map(|(bin, source)| BIN.replace("@BIN@", &bin).replace("@SOURCE@", source))
            .collect();
        template
            .replace("@BINS@", &bins)
            .replace("@WHAT@", self.about())
            .replace("@NAME@", name)
            .replace("@TRAIT@", &trait_name(name))
    }
}

/// The name of the trait of the package `name`: without prefix, and `my_clock` as the type `MyClock`.
pub(super) fn trait_name(name: &str) -> String {
    let name = name.strip_prefix("rs_").unwrap_or(name);
    let mut out = String::new();
    for word in name.split('_') {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_completely() {
        for kind in [Kind::Plain, Kind::Rpc] {
            let sources = kind.sources().iter().map(|(_, text)| *text);
            for text in sources.chain([kind.run()]) {
                assert!(!kind.fill(text, "x").contains('@'), "{text}");
            }
        }
    }

    /// What the project's README shows of the interface, the server and the client stands in their files.
    #[test]
    fn the_readme_shows_the_templates() {
        let readme = include_str!("../../../../README.md");
        let blocks = readme.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next());
        let mut shown = 0;
        for (block, (name, template)) in blocks.zip(Kind::Rpc.sources()) {
            let source = Kind::Rpc.fill(template, "counter");
            let code = |line: &str| line.split(" // ").next().unwrap_or(line).trim_end().to_owned();
            let block: Vec<String> = block.lines().map(code).collect();
            for part in block.split(String::is_empty) {
                assert!(source.contains(&part.join("\n")), "not in {name}: {part:?}");
                shown += 1;
            }
        }
        assert_eq!(shown, 4, "parts of three files");
    }

    #[test]
    fn a_trait_is_named_without_the_prefix() {
        let text = Kind::Rpc.fill("@NAME@ @TRAIT@", "rs_my_clock");
        assert_eq!(text, "rs_my_clock MyClock");
        assert_eq!(Kind::Rpc.fill("@TRAIT@", "a1__b"), "A1B");
    }
}
