//! Tells whether the `vfs` servers of a test keep their files in memory, so that ours can take
//! their place.

/// Nodes of a line, each with its column: several stand on one line, divided by `|`.
fn nodes(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.match_indices("+ ").filter_map(|(column, _)| {
        let before = line[..column].trim_end();
        let begins = before.is_empty() || before.ends_with('|');
        let text = line[column + 2..].split('|').next().unwrap_or_default();
        begins.then(|| (column, text.trim()))
    })
}

/// Lines of the node that begins in the first one at `column`: until one begins no deeper.
fn block<'a>(lines: &'a [&'a str], column: usize) -> &'a [&'a str] {
    let end = lines
        .iter()
        .skip(1)
        .position(|line| nodes(line).next().is_some_and(|(other, _)| other <= column));
    &lines[..end.map_or(lines.len(), |end| end + 1)]
}

/// Types of the nodes directly below the one that begins in the first line at `column`.
fn children<'a>(lines: &'a [&'a str], column: usize) -> Vec<&'a str> {
    let first = lines.first().into_iter().flat_map(|line| nodes(line));
    let same_line = first.filter(|&(other, _)| other > column);
    let below = lines.iter().skip(1).filter_map(|line| nodes(line).next());
    let below = below.filter(|&(other, _)| other == column + 2);
    same_line.chain(below).map(|(_, text)| text.split(' ').next().unwrap_or_default()).collect()
}

/// Tells whether there are `vfs` servers in a configuration, each with nothing but memory and what
/// is imported into it.
pub fn all_in_memory(config: &[String]) -> bool {
    let lines: Vec<_> = config.iter().map(String::as_str).collect();
    let mut found = false;
    for (at, line) in lines.iter().enumerate() {
        let Some((column, text)) = nodes(line).next() else { continue };
        let Some(name) = text.strip_prefix("start ") else { continue };
        let start = block(&lines[at..], column);
        let all: Vec<_> = start.iter().skip(1).flat_map(|line| nodes(line)).collect();
        let binary = all.iter().find_map(|(_, text)| text.strip_prefix("binary "));
        if binary.unwrap_or(name) != "vfs" {
            continue;
        }
        let vfs = start.iter().enumerate().skip(1).find_map(|(at, line)| {
            let (column, _) = nodes(line).find(|&(_, text)| text == "vfs")?;
            Some(children(block(&start[at..], column), column))
        });
        let Some(kinds) = vfs else { return false };
        if !kinds.contains(&"ram") || !kinds.iter().all(|kind| ["ram", "import"].contains(kind)) {
            return false;
        }
        found = true;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(text: &str) -> bool {
        all_in_memory(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn servers_of_memory_alone_are_told_apart() {
        let server = "+ config\n  + start ram_fs | ram: 10M\n    + binary vfs\n    + config\n";
        assert!(memory(&format!("{server}      + vfs | + ram\n      + policy | root: /")));
        assert!(memory(&format!(
            "{server}      + vfs\n      | + ram\n      | + import\n      |   + dir fs\n      |     + inline zero\n      + policy"
        )));
        assert!(!memory(&format!("{server}      + vfs | + ram | + zero test")));
        assert!(!memory(&format!("{server}      + vfs\n      | + ram\n      | + zero test")));
        assert!(!memory(&format!("{server}      + vfs | + fs")));
        let another = "  + start vfs\n    + config | + vfs | + fs\n";
        assert!(!memory(&format!("{server}      + vfs | + ram\n{another}")));
        // A client has a vfs of its own, which is none of a server's.
        let client = "  + start test\n    + config | + vfs | + fs\n";
        assert!(memory(&format!("{server}      + vfs | + ram\n{client}")));
        assert!(!memory(client) && !memory(""));
    }
}
