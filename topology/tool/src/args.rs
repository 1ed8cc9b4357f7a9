//! The command line: sources and outputs, in the order in which they were given.

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use topology::render::HwlocVersion;

/// The arguments of `topo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// The tree, besides the files
    #[arg(long, help_heading = OUTPUTS)]
    pub(crate) tree: bool,
    /// Distances, latencies and bandwidths as tables
    #[arg(long, help_heading = OUTPUTS)]
    pub(crate) numbers: bool,
    /// Name the source of each fact in the tree
    #[arg(long = "sources", help_heading = OUTPUTS)]
    pub(crate) with_sources: bool,
    /// Colour the tree
    #[arg(long, alias = "color", value_name = "WHEN", default_value = "auto", help_heading = OUTPUTS)]
    pub(crate) colour: Colour,
}

const OUTPUTS: &str = "Outputs (without any file: the tree)";
const SOURCES: &str = "Sources (the first to state a fact wins; without any: this machine)";
/// When the tree is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    // if standard output is a terminal and NO_COLOR is not set
    Auto,
    Always,
    Never,
}

/// A source of facts about a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Machine,
    File(PathBuf),
    Synthetic(String),
    Acpi(PathBuf),
    Sysfs(PathBuf),
    Tip(PathBuf),
}

/// The format of a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Svg,
    Json,
    Hwloc(HwlocVersion),
    Description,
}

/// A file to write; `-` is standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) path: PathBuf,
}

/// An option that may be given several times, and what each time adds to the list.
struct Kind<T> {
    name: &'static str,
    /// The name of its value, if it takes one.
    value: Option<&'static str>,
    help: &'static str,
    item: fn(OsString) -> T,
}

const SOURCE_KINDS: [Kind<Source>; 6] = [
    Kind {
        name: "machine",
        value: None,
        help: "This machine: sysfs, ACPI tables and CPUID, as far as they can be read",
        item: |_| Source::Machine,
    },
    Kind {
        name: "file",
        value: Some("FILE"),
        help: "A <machine> description",
        item: |file| Source::File(file.into()),
    },
    Kind {
        name: "synthetic",
        value: Some("TEXT"),
        help: "hwloc's synthetic syntax, as in \"numa:2 core:4 pu:2\"",
        item: |text| Source::Synthetic(text.to_string_lossy().into_owned()),
    },
    Kind {
        name: "acpi",
        value: Some("PATH"),
        help: "ACPI table files (SRAT, SLIT, HMAT, MADT), or a folder of them",
        item: |path| Source::Acpi(path.into()),
    },
    Kind {
        name: "sysfs",
        value: Some("PATH"),
        help: "Another root folder with sys/ in it, or a recording of one",
        item: |path| Source::Sysfs(path.into()),
    },
    Kind {
        name: "tip",
        value: Some("FILE"),
        help: "A topology information page",
        item: |file| Source::Tip(file.into()),
    },
];

const OUTPUT_KINDS: [Kind<Output>; 5] = [
    Kind {
        name: "svg",
        value: Some("FILE"),
        help: "A drawing (FILE may be - for standard output, here and below)",
        item: |file| Output { format: Format::Svg, path: file.into() },
    },
    Kind {
        name: "json",
        value: Some("FILE"),
        help: "Everything, each fact with its source",
        item: |file| Output { format: Format::Json, path: file.into() },
    },
    Kind {
        name: "hwloc-xml",
        value: Some("FILE"),
        help: "For lstopo and other users of hwloc 2 and 3",
        item: |file| Output { format: Format::Hwloc(HwlocVersion::V2), path: file.into() },
    },
    Kind {
        name: "hwloc3-xml",
        value: Some("FILE"),
        help: "For hwloc 3",
        item: |file| Output { format: Format::Hwloc(HwlocVersion::V3), path: file.into() },
    },
    Kind {
        name: "description",
        value: Some("FILE"),
        help: "A <machine> description",
        item: |file| Output { format: Format::Description, path: file.into() },
    },
];

fn options<T>(kinds: &[Kind<T>], heading: &'static str) -> impl Iterator<Item = Arg> {
    kinds.iter().map(move |kind| {
        let option = Arg::new(kind.name)
            .long(kind.name)
            .help(kind.help)
            .help_heading(heading)
            .action(ArgAction::Append)
            .value_parser(OsStringValueParser::new());
        match kind.value {
            Some(value) => option.value_name(value).value_hint(clap::ValueHint::AnyPath),
            None => option.num_args(0).default_missing_value(""),
        }
    })
}

/// The items of all these options, in the order of the command line.
fn in_order<T>(matches: &ArgMatches, kinds: &[Kind<T>]) -> Vec<T> {
    let mut found = Vec::new();
    for kind in kinds {
        let places = matches.indices_of(kind.name).into_iter().flatten();
        let values = matches.get_many::<OsString>(kind.name).into_iter().flatten();
        found.extend(places.zip(values).map(|(place, value)| (place, (kind.item)(value.clone()))));
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, item)| item).collect()
}

/// The sources, in the order given.
#[derive(Debug, Default)]
pub(crate) struct Sources(pub(crate) Vec<Source>);

impl FromArgMatches for Sources {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(in_order(matches, &SOURCE_KINDS)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(in_order(matches, &SOURCE_KINDS));
        Ok(())
    }
}

impl clap::Args for Sources {
    fn augment_args(command: Command) -> Command {
        command.args(options(&SOURCE_KINDS, SOURCES))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The files to write, in the order given.
#[derive(Debug, Default)]
pub(crate) struct Outputs(pub(crate) Vec<Output>);

impl FromArgMatches for Outputs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(in_order(matches, &OUTPUT_KINDS)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(in_order(matches, &OUTPUT_KINDS));
        Ok(())
    }
}

impl clap::Args for Outputs {
    fn augment_args(command: Command) -> Command {
        command.args(options(&OUTPUT_KINDS, OUTPUTS))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn sources_and_outputs_keep_their_order() {
        let line = Line::try_parse_from([
            "topo",
            "--sysfs",
            "a",
            "--json",
            "-",
            "--acpi=b",
            "--machine",
            "--sysfs",
            "c",
            "--svg",
            "d",
            "--machine",
            "--json",
            "e",
        ]);
        let args = line.unwrap().args;
        assert_eq!(
            args.sources.0,
            [
                Source::Sysfs("a".into()),
                Source::Acpi("b".into()),
                Source::Machine,
                Source::Sysfs("c".into()),
                Source::Machine
            ]
        );
        let paths: Vec<_> = args.outputs.0.iter().map(|o| (o.format, o.path.to_str())).collect();
        let expected =
            [(Format::Json, Some("-")), (Format::Svg, Some("d")), (Format::Json, Some("e"))];
        assert_eq!(paths, expected);
    }
}
