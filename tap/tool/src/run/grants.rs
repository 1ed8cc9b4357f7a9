//! Directories and files of the machine that a run gives to components: what the person who runs
//! the tool names on the command line, and what a script names in its own run directory.

use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folder of the run directory where a script's grants are.
pub const FOLDER: &str = "host";

/// A grant of the command line: a component's label, a path, and whether it may write there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    label: String,
    path: PathBuf,
    writeable: bool,
}

impl Grant {
    /// Reads `LABEL=PATH`, `LABEL=PATH:ro` or `LABEL=PATH:rw`, as core does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected LABEL=PATH, or LABEL=PATH:rw";
        let (label, path) = text.split_once('=').ok_or(expected)?;
        let (path, writeable) = match path.rsplit_once(':') {
            Some((path, "rw")) => (path, true),
            Some((path, "ro")) => (path, false),
            _ => (path, false),
        };
        if label.is_empty() || path.is_empty() {
            return Err(expected.to_owned());
        }
        let label = label.strip_prefix("init -> ").unwrap_or(label).to_owned();
        Ok(Self { label, path: PathBuf::from(path), writeable })
    }

    /// Finds a script's grant in its run directory, where the directory is made unless it is there.
    fn within(self, run_dir: &Path) -> Result<Self, String> {
        let plain = self.path.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || self.path.components().count() != 1 {
            return Err(format!(
                "host_args: --fs {}={}: a script grants what is in [run_dir]/{FOLDER}, by a name without slashes; \
                 whoever runs it grants anything else: cargo tap run NAME --fs {}=PATH",
                self.label,
                self.path.display(),
                self.label
            ));
        }
        let folder = run_dir.join(FOLDER);
        let path = folder.join(&self.path);
        let what = |path: &Path| fs::symlink_metadata(path).map(|found| found.file_type());
        for path in [&folder, &path] {
            let why = |e: std::io::Error| format!("host_args: --fs: {}: {e}", path.display());
            match what(path) {
                Ok(found) if found.is_dir() || found.is_file() => {}
                Ok(_) => return Err(why(std::io::ErrorKind::NotADirectory.into())),
                Err(_) => fs::create_dir(path).map_err(why)?,
            }
        }
        Ok(Self { path, ..self })
    }

    /// Writes it for core. The path's end cannot be taken for its mode.
    fn option(&self) -> Result<[OsString; 2], String> {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let path = path.to_str().ok_or_else(|| format!("--fs: {}: not UTF-8", path.display()))?;
        let mode = if self.writeable { "rw" } else { "ro" };
        Ok(["--fs".into(), format!("{}={path}:{mode}", self.label).into()])
    }
}

/// Makes core's options: of the command line's grants, and of those of a script's whose labels the
/// command line does not name.
pub fn options(
    granted: &[Grant],
    by_script: &[String],
    run_dir: &Path,
) -> Result<Vec<OsString>, String> {
    let mut all = granted.to_vec();
    for text in by_script {
        let grant = Grant::parse(text).map_err(|why| format!("host_args: --fs {text}: {why}"))?;
        if !granted.iter().any(|other| other.label == grant.label) {
            all.push(grant.within(run_dir)?);
        }
    }
    all.iter().map(Grant::option).collect::<Result<Vec<_>, _>>().map(|all| all.concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests report by panicking")]
    use super::*;
    use std::os::unix::fs::symlink;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tap_{name}_{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn texts(options: Result<Vec<OsString>, String>) -> Vec<String> {
        options.unwrap().into_iter().map(|option| option.into_string().unwrap()).collect()
    }

    #[test]
    fn a_script_grants_nothing_outside_of_its_run_directory() {
        let folder = Folder::new("script_grants");
        fs::create_dir(folder.0.join(FOLDER)).unwrap();
        symlink("/", folder.0.join(FOLDER).join("link")).unwrap();
        for path in ["/", "/tmp", "..", "../x", "a/b", "./a", ".", "", "link", "/:rw"] {
            let refused = options(&[], &[format!("x={path}")], &folder.0);
            assert!(refused.is_err(), "{path}: {refused:?}");
        }
        let made = texts(options(&[], &["x=a:rw".into(), "y=b".into()], &folder.0));
        let inside = folder.0.join(FOLDER);
        let [a, b] = ["a", "b"].map(|name| inside.join(name).display().to_string());
        assert_eq!(made, ["--fs", &format!("x={a}:rw"), "--fs", &format!("y={b}:ro")]);
        assert!(inside.join("a").is_dir() && inside.join("b").is_dir());
        fs::write(inside.join("disk"), "content").unwrap();
        let file = texts(options(&[], &["x=disk".into()], &folder.0));
        assert!(file[1].ends_with("/disk:ro"), "{file:?}");
    }

    #[test]
    fn a_folder_that_is_a_link_is_refused() {
        let folder = Folder::new("linked_grants");
        symlink("/tmp", folder.0.join(FOLDER)).unwrap();
        assert!(options(&[], &["x=a".into()], &folder.0).is_err());
    }

    #[test]
    fn what_a_person_grants_goes_first() {
        let folder = Folder::new("own_grants");
        let own = Grant::parse("init -> x=/srv/a:b:ro").unwrap();
        let made = texts(options(&[own], &["x=a:rw".into()], &folder.0));
        assert_eq!(made, ["--fs", "x=/srv/a:b:ro"]);
        assert!(!folder.0.join(FOLDER).exists());
        for wrong in ["", "x", "=a", "x=", "x=:rw"] {
            assert!(Grant::parse(wrong).is_err(), "{wrong}");
        }
    }
}
