//! `cargo tap completions`: scripts that make shells complete `cargo tap` and `cargo-tap`.
//!
//! Cargo's own completion asks zsh's function `_cargo-tap`, and nothing in other shells. There the script
//! adds to what completes `cargo`, without taking its place.

use crate::output::say;
use clap::{Command, ValueEnum};
use clap_complete::{generate, shells};

const EXAMPLES: &str = "\
For the tool as `cargo install` puts it into PATH, and for the alias in a crate's .cargo/config.toml:
  bash   in ~/.bashrc:                    source <(cargo tap completions bash)
  zsh    in a folder of $fpath:           cargo tap completions zsh > _cargo-tap
  fish   in ~/.config/fish/config.fish:   cargo tap completions fish | source";

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The tool's name as a program.
const NAME: &str = "cargo-tap";

/// Completes `cargo tap` by what completes `cargo-tap`, and all else of cargo as before.
const BASH_CARGO: &str = r#"
_cargo_and_tap() {
    if [[ ${COMP_WORDS[1]} == tap && $COMP_CWORD -gt 1 ]]; then
        COMP_WORDS=(cargo-tap "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_tap cargo-tap "$2" "$3"
        return
    fi
    # cargo's own completion is loaded when it is first needed
    if ! declare -F _cargo >/dev/null && declare -F _completion_loader >/dev/null; then
        _completion_loader cargo
        complete -F _cargo_and_tap -o bashdefault -o default cargo
    fi
    if declare -F _cargo >/dev/null; then
        _cargo "$@"
    fi
}
complete -F _cargo_tap -o bashdefault -o default cargo-tap
complete -F _cargo_and_tap -o bashdefault -o default cargo
"#;

fn script(shell: Shell, mut tool: Command) -> String {
    let mut out = Vec::new();
    match shell {
        Shell::Bash => {
            // a hyphen in the name splits the generator's names of commands
            generate(shells::Bash, &mut tool, "cargo_tap", &mut out);
            out.extend_from_slice(BASH_CARGO.as_bytes());
        }
        Shell::Zsh => generate(shells::Zsh, &mut tool, NAME, &mut out),
        Shell::Fish => {
            generate(shells::Fish, &mut tool, NAME, &mut out);
            let mut added = Vec::new();
            let tap = tool.name("tap").bin_name("tap");
            let mut cargo =
                Command::new("cargo").disable_help_flag(true).disable_help_subcommand(true);
            cargo = cargo.subcommand(tap);
            generate(shells::Fish, &mut cargo, "cargo", &mut added);
            // functions that cargo's own completion may have, too
            let added = String::from_utf8_lossy(&added);
            let added = added.replace("__fish_cargo_", "__fish_cargo_and_tap_");
            out.extend_from_slice(added.as_bytes());
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Prints the script; `tool` is the whole command line. Returns the exit value.
pub fn execute(args: &Args, tool: Command) -> u8 {
    say(&script(args.shell, tool))
}
