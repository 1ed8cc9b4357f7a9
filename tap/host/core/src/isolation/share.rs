//! Whether Linux divides CPU time by component.
//!
//! Each component is a session of its own, and Linux' autogroups (sched(7)) give each session the same share, however many
//! threads it has. They work for processes that no control group divides CPU time for.

/// Names why autogroups do not work here, as `read` reads files; `None` if they do.
pub(super) fn missing(read: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    match read("/proc/sys/kernel/sched_autogroup_enabled").as_deref().map(str::trim) {
        None => return Some("this kernel has no autogroups (CONFIG_SCHED_AUTOGROUP)"),
        Some("0") => return Some("autogroups are off: set kernel.sched_autogroup_enabled to 1"),
        Some(_) => {}
    }
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let grouped = groups.lines().any(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return false };
        match controllers {
            "" => ancestors(path).any(|path| {
                ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
                    .iter()
                    .any(|root| read(&format!("{root}{path}/cpu.weight")).is_some())
            }),
            _ => controllers.split(',').any(|name| name == "cpu") && path != "/",
        }
    });
    grouped.then_some("a control group does so for all of core: start core outside of it")
}

/// A path and those above it, without the root.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let all = std::iter::successors(Some(path.trim_end_matches('/')), |path| {
        path.rsplit_once('/').map(|(above, _)| above)
    });
    all.take_while(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autogroups_work_where_they_are_on_and_no_control_group_divides() {
        let machine = |on: Option<&'static str>, groups: &'static str, weight: &'static str| {
            missing(move |path| match path {
                "/proc/sys/kernel/sched_autogroup_enabled" => on.map(str::to_owned),
                "/proc/self/cgroup" => Some(groups.to_owned()),
                _ => (path == weight).then(String::new),
            })
        };
        assert_eq!(machine(Some("1\n"), "2:memory:/a\n1:cpu,cpuacct:/\n0::/\n", ""), None);
        assert_eq!(machine(Some("1"), "0::/user.slice/a.scope", ""), None);
        assert!(machine(Some("0"), "", "").is_some_and(|why| why.contains("set kernel.")));
        assert!(machine(None, "", "").is_some_and(|why| why.contains("CONFIG")));
        let grouped = |groups, weight| {
            machine(Some("1"), groups, weight).is_some_and(|why| why.contains("control group"))
        };
        assert!(grouped("1:cpu,cpuacct:/a", ""));
        assert!(grouped("0::/a/b", "/sys/fs/cgroup/a/cpu.weight"));
        assert!(grouped("1:name=x:/\n0::/a", "/sys/fs/cgroup/unified/a/cpu.weight"));
        assert!(!grouped("0::/a/b", "/sys/fs/cgroup/b/cpu.weight"));
    }
}
