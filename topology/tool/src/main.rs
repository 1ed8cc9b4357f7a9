//! The command line tool: `topo --help`.

fn main() -> std::process::ExitCode {
    topo::main(std::env::args().skip(1)).into()
}
