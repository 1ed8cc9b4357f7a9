//! Results that are kept: a file that says on what the scripts ran, and how each of them went.
//! `.ci/native-results` makes a table of such files.

use super::build_dir::BuildDir;
use crate::report::{Emulator, Report, Verdict};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// The subject of a run.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The build directory that it ran in.
    pub build_dir: &'a BuildDir,
    /// Name and commit of Genode's tree, `NAME@COMMIT`, where the tree cannot tell.
    pub tree: Option<&'a str>,
    /// This project's folder.
    pub project: &'a Path,
}

/// Says on what something ran, a line each: tree, commit, kernel, project, date.
///
/// # Errors
/// Says why the tree's commit is not known.
pub fn subject_lines(subject: &Subject<'_>, report: &Report) -> Result<String, String> {
    let (tree, commit) = tree(subject)?;
    Ok(format!(
        "# tree:    {tree}\n\
         # commit:  {commit}\n\
         # kernel:  {}\n\
         # project: {}\n\
         # date:    {}\n",
        kernel(subject, report),
        project(subject.project),
        date(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()),
    ))
}

/// Writes the file.
pub fn write(file: &Path, subject: &Subject<'_>, report: &Report) -> Result<(), String> {
    let text = text(subject, report)?;
    std::fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

fn text(subject: &Subject<'_>, report: &Report) -> Result<String, String> {
    let mut out = format!(
        "# Run scripts on Genode, by cargo tap test --genode BUILD_DIR --results FILE\n\
         {}\
         # result:  {}\n\
         #\n\
         # <script> pass|fail|skip [reason], for a pass the steps that were left out\n",
        subject_lines(subject, report)?,
        report.summary(),
    );
    for outcome in &report.outcomes {
        let (word, why) = match &outcome.verdict {
            Verdict::Passed if outcome.skips.is_empty() => ("pass", String::new()),
            Verdict::Passed => ("pass", format!("without {}", outcome.skips.join("; "))),
            Verdict::Failed(why) => ("fail", why.clone()),
            Verdict::Skipped(why) => ("skip", why.clone()),
        };
        let first = why.lines().next().unwrap_or_default();
        let _ = writeln!(out, "{}", format!("{} {word} {first}", outcome.name).trim_end());
    }
    Ok(out)
}

/// Genode's tree: its name and its commit.
fn tree(subject: &Subject<'_>) -> Result<(String, String), String> {
    if let Some(given) = subject.tree {
        return match given.rsplit_once('@') {
            Some((name, commit)) => Ok((name.to_owned(), commit.to_owned())),
            None => Err(format!("--tree {given}: expected NAME@COMMIT")),
        };
    }
    let folder = subject.build_dir.ask("$(GENODE_DIR)")?;
    let folder = Path::new(&folder);
    let version = std::fs::read_to_string(folder.join("VERSION"))
        .map_err(|e| format!("cannot read {}: {e}", folder.join("VERSION").display()))?;
    let (Some(commit), Some(branch)) =
        (git(folder, &["rev-parse", "HEAD"]), git(folder, &["rev-parse", "--abbrev-ref", "HEAD"]))
    else {
        return Err(format!(
            "{} is no git repository, so that its commit is not known: give it by --tree NAME@COMMIT",
            folder.display()
        ));
    };
    Ok((format!("genode {} ({branch})", version.trim()), commit))
}

/// The kernel, and what it was built and run with.
fn kernel(subject: &Subject<'_>, report: &Report) -> String {
    let build_dir = subject.build_dir;
    let mut text = build_dir.kernel.clone();
    if build_dir.board != build_dir.kernel {
        let _ = write!(text, ", board {}", build_dir.board);
    }
    if let Some(Emulator { program, kvm }) = &report.emulator {
        let version = output(Command::new(program).arg("--version")).unwrap_or_default();
        let version = version.split("version ").nth(1).and_then(|v| v.split([' ', '\n']).next());
        let _ = write!(text, " in QEMU {}", version.unwrap_or("of an unknown version"));
        text.push_str(if *kvm { " with KVM" } else { "" });
    }
    let gcc = build_dir.ask("$(CROSS_DEV_PREFIX)").unwrap_or_default() + "gcc";
    if let Some(version) = output(Command::new(gcc).arg("-dumpfullversion")) {
        let _ = write!(text, ", built with gcc {version}");
    }
    text
}

/// This project's commit.
fn project(folder: &Path) -> String {
    let commit = git(folder, &["rev-parse", "--short", "HEAD"]);
    // what does not go into components does not make them others
    let changes = git(
        folder,
        &["status", "--porcelain", "--untracked-files=no", "--", ".", ":!*.md", ":!tap/results"],
    );
    match (commit, changes) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "unknown".into(),
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    output(Command::new("git").arg("-C").arg(folder).args(arguments))
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The day that a time in seconds since 1970 belongs to, in the Gregorian calendar.
fn date(seconds: u64) -> String {
    // days since 1 March of the year 0; months counted from March: the leap day is a year's last
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) =
        if month < 10 { (era * 400 + year, month + 3) } else { (era * 400 + year + 1, month - 9) };
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(951_868_800), "2000-03-01");
        assert_eq!(date(1_735_689_599), "2024-12-31");
        assert_eq!(date(1_795_348_800), "2026-11-22");
    }
}
