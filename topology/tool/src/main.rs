//! The command line tool by itself: `cargo run -p topology --features std --example topo -- --help`.

fn main() -> std::process::ExitCode {
    topology::cli::main(std::env::args().skip(1)).into()
}
