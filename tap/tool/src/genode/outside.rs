//! A crate outside of the SDK's workspace, as Genode's build system sees it: a repository made in the
//! crate's `target/`, with a `target.mk` for each of its binaries and its run scripts.

use crate::host::workspace::Workspace;
use crate::scripts::Script;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The profile that the SDK's components are built by.
const PROFILE: &str = "genode";

fn target_mk(root: &Path, bin: &str, package: &str, profile: &str) -> String {
    format!(
        "TARGET      = {bin}\n\
         RS_PACKAGE  = {package}\n\
         RS_MANIFEST = {}/Cargo.toml\n\
         RS_PROFILE ?= {profile}\n\
         include $(call select_from_repositories,mk/rs_component.inc)\n",
        root.display()
    )
}

/// Makes the repository of `user`'s workspace with `scripts`, anew.
pub fn repository(user: &Workspace, scripts: &[Script]) -> Result<PathBuf, String> {
    for path in [&user.root, &user.target] {
        if path.display().to_string().contains(|c: char| c.is_whitespace() || c == '$' || c == '#')
        {
            return Err(format!(
                "Genode's build system cannot use a path with blanks, $ or #: {}",
                path.display()
            ));
        }
    }
    let manifest = fs::read_to_string(user.root.join("Cargo.toml")).unwrap_or_default();
    let own = manifest.lines().any(|line| line.trim() == format!("[profile.{PROFILE}]"));
    let profile = if own { PROFILE } else { "release" };
    let folder = user.target.join("tap-genode");
    let make = || -> std::io::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("run"))?;
        for (bin, package) in &user.bins {
            let source = folder.join("src").join(bin);
            fs::create_dir_all(&source)?;
            let text = target_mk(&user.root, bin, package, profile);
            fs::File::create(source.join("target.mk"))?.write_all(text.as_bytes())?;
        }
        for script in scripts.iter().filter(|s| s.path.starts_with(&user.root)) {
            symlink(&script.path, folder.join("run").join(format!("{}.run", script.name)))?;
        }
        Ok(())
    };
    make().map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    Ok(folder)
}
