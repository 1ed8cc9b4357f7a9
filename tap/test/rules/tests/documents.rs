//! Documents name what is there: paths, links, and each item of the lists that CONTRIBUTING.md says to extend.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests report by panicking")]

use rs_rules_test::{files, has_extension, read, root};

/// The texts between `open` and the next `close`.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close).map(|(inner, _)| inner))
}

/// The texts in double quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// Tells whether `text` has `word` with nothing of a name around it.
fn names(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

#[test]
fn paths_and_links_lead_somewhere() {
    let mut seen = 0;
    for document in files("", |path| has_extension(path, "md")) {
        let text = read(&document).unwrap();
        let folder = root().join(&document).parent().unwrap().to_owned();
        for link in between(&text, "](", ")") {
            let target = link.split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") && !target.contains(' ') {
                assert!(folder.join(target).exists(), "{document} links to {target}");
                seen += 1;
            }
        }
        if document.contains('/') {
            continue;
        }
        for path in text.split('`').skip(1).step_by(2) {
            let top = path.split('/').next().unwrap();
            let ours = ["genode-sys", "genode-rs", "topology", "components", "tap", ".ci"];
            let plain = !path.contains(['*', ' ', '<', '{']) && !path.contains("NAME");
            if path.contains('/') && ours.contains(&top) && plain {
                let there = root().join(path).exists() || document == "CHANGELOG.md";
                assert!(there, "{document} names {path}, which is not there");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "only {seen} paths and links were looked at");
}

#[test]
fn tables_of_modules_name_each_module() {
    for path in ["genode-rs/src/session/mod.rs", "topology/src/source/mod.rs"] {
        let text = read(path).unwrap();
        let table: String = text.lines().filter(|line| line.starts_with("//! |")).collect();
        let modules: Vec<&str> = between(&text, "\npub mod ", ";").collect();
        assert!(modules.len() >= 5, "{path}: {modules:?}");
        for module in modules {
            assert!(names(&table, module), "{path}: the table lacks {module}");
        }
    }
}

#[test]
fn the_readme_of_init_names_each_attribute() {
    let readme = read("components/init/README.md").unwrap();
    let mut seen = 0;
    for path in ["genode-rs/src/sandbox/config.rs", "genode-rs/src/sandbox/route.rs"] {
        let text = read(path).unwrap();
        let calls = between(&text, "attr", ")").filter(|call| call.starts_with(['(', ':']));
        for call in calls {
            let Some(name) = quoted(call).next() else { continue };
            assert!(
                names(&readme, name),
                "components/init/README.md lacks {name}, which {path} reads"
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} attributes were found");
}

#[test]
fn the_readme_of_the_tool_names_each_command_of_run_scripts() {
    let readme = read("tap/tool/README.md").unwrap();
    let mut seen = 0;
    for path in files("tap/tool/src/run", |path| has_extension(path, "rs")) {
        let text = read(&path).unwrap();
        let lists = between(&text, "Command::new(&[", "]").chain(between(&text, "names: &[", "]"));
        for name in lists.flat_map(quoted) {
            if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                assert!(names(&readme, name), "tap/tool/README.md lacks {name} of {path}");
                seen += 1;
            }
        }
    }
    assert!(seen > 25, "only {seen} commands were found");
}
