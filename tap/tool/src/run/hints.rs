//! Advice about commands that exist in Tcl, Expect or Genode's run tool, but not here.

/// Says what to do instead of calling `command`, or of what else is missing in the interpreter.
pub fn advice(command: &str) -> Option<String> {
    let text = match command {
        "puts channel" => "there are stdout, stderr, and what open returned",
        "spawn" | "system" | "open |" => {
            "run scripts start no programs here, so that they run everywhere; make files of the boot directory with install_boot_module, or build them with cargo"
        }
        "expect" | "interact" | "send" | "exp_pid" | "exp_continue" | "wait" | "send_user"
        | "exp_internal" | "match_max" => {
            "the run tool waits for output itself: use run_genode_until REGEX TIMEOUT [output_spawn_id]"
        }
        "seek" | "tell" | "fcopy" | "chan" | "socket" | "fileevent" => {
            "files are read or written from begin to end: open, read, gets, puts, close"
        }
        "import_from_depot"
        | "create_tar_from_depot_binaries"
        | "depot_user"
        | "base_src"
        | "depot_dir"
        | "build_archives" => {
            "portable run scripts use no depot: name the targets in build { ... } and install [build_artifacts]"
        }
        "append_qemu_disk_args" | "qemu_disk" | "qemu_args" => {
            "devices of QEMU exist on real kernels only: guard this with have_include \"power_on/qemu\""
        }
        "genode_dir" | "cross_dev_prefix" | "gdb" | "terminal" => {
            "there is no Genode tree on the host target: guard this with have_board host"
        }
        "installed_command" => "run scripts start no programs here",
        "namespace" | "interp" | "oo::class" | "package" | "load" | "trace" | "vwait"
        | "update" | "coroutine" => "this part of Tcl is not available in run scripts",
        "binary" | "encoding" => "use regexp, split and string instead",
        _ => return None,
    };
    Some(text.to_owned())
}
