//! Properties that hold for all values and all scripts, well-formed or not.

#![allow(clippy::unwrap_used)] // a test reports by panicking

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use std::cell::Cell;
use std::path::Path;
use tap_tcl::{Interp, Value, list, number};

/// Text that is rich in what Tcl's syntax is made of.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        4 => "[a-z0-9]{1,3}",
        4 => r#"[{}\[\]"$\\;()# -]"#,
        1 => "[\n\t\r]",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_list_gives_back_its_elements(elements in prop::collection::vec(text(), 0..6)) {
        let values: Vec<Value> = elements.iter().map(|e| Value::from(e.as_str())).collect();
        let list = list::format(&values);
        prop_assert_eq!(list::parse(&list).unwrap(), values.clone());
        // as words of a command, too
        let mut interp = Interp::new();
        interp.define("words", |_, words| Ok(Value::from(words.len() - 1)));
        let count = interp.eval(&Value::from(format!("words {list}"))).unwrap();
        prop_assert_eq!(count, Value::from(values.len()));
    }

    #[test]
    fn a_number_gives_back_its_value(real: f64, int: i64) {
        let printed = number::print_real(real);
        let read = number::number(&printed).unwrap().real();
        prop_assert!(read.to_bits() == real.to_bits() || (read.is_nan() && real.is_nan()), "{printed}");
        prop_assert_eq!(number::int(&int.to_string()), Some(int));
        prop_assert_eq!(number::int(&format!("{:#x}", i64::from(int as i32))).is_some(), int as i32 >= 0);
    }

    #[test]
    fn integers_are_exact_or_refused(a: i64, b: i64, op in 0..5usize) {
        let (sign, expected) = match op {
            0 => ("+", a.checked_add(b)),
            1 => ("-", a.checked_sub(b)),
            2 => ("*", a.checked_mul(b)),
            // quotients are rounded down
            3 => ("/", a.checked_div(b).map(|q| q - i64::from(a % b != 0 && (a < 0) != (b < 0)))),
            _ => ("&", Some(a & b)),
        };
        let result = Interp::new().eval(&Value::from(format!("expr {{{a} {sign} {b}}}")));
        prop_assert_eq!(result.ok(), expected.map(Value::from));
    }
}

/// A change of a script.
#[derive(Debug, Clone)]
enum Change {
    Remove(Index),
    Insert(Index, char),
    /// The rest becomes that of another snippet.
    Graft(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let characters: Vec<char> = "{}[]\"$\\;()#\u{e9}\u{1F600}\n\0-9".chars().collect();
    prop_oneof![
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), prop::sample::select(characters)).prop_map(|(i, c)| Change::Insert(i, c)),
        any::<(Index, Index, Index)>().prop_map(|(at, other, from)| Change::Graft(at, other, from)),
    ]
}

fn mangle(snippets: &[String], base: Index, changes: Vec<Change>) -> String {
    let mut script: Vec<char> = base.get(snippets).chars().collect();
    for change in changes {
        match change {
            Change::Remove(i) if !script.is_empty() => {
                script.remove(i.index(script.len()));
            }
            Change::Remove(_) => {}
            Change::Insert(i, c) => script.insert(i.index(script.len() + 1), c),
            Change::Graft(at, other, from) => {
                script.truncate(at.index(script.len() + 1));
                let other: Vec<char> = other.get(snippets).chars().collect();
                script.extend(&other[from.index(other.len())..]);
            }
        }
    }
    script.into_iter().collect()
}

fn snippets() -> Vec<String> {
    let mut snippets = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "tcl") {
            let text = std::fs::read_to_string(&path).unwrap();
            snippets.extend(text.lines().filter(|l| l.len() > 4).map(str::to_owned));
        }
    }
    snippets
}

/// Snippets with parts removed, added and exchanged end with a result or an error, never with a panic.
#[test]
fn mangled_scripts_do_no_harm() {
    const CASES: u32 = 6_000;
    let run = || {
        let snippets = snippets();
        let errors = Cell::new(0);
        let config =
            ProptestConfig { cases: CASES, failure_persistence: None, ..Default::default() };
        let strategy = (any::<Index>(), prop::collection::vec(change(), 1..5));
        TestRunner::new(config)
            .run(&strategy, |(base, changes)| {
                let mut interp = Interp::new();
                interp.define("t", |interp, words| {
                    words.get(1).map_or_else(|| Ok(words[0].clone()), |script| interp.eval(script))
                });
                // an endless script ends
                let left = Cell::new(3000);
                interp.on_interrupt(move || {
                    left.set(left.get() - 1);
                    left.get() < 0
                });
                let result = interp.eval_file("mangled", &mangle(&snippets, base, changes));
                errors.set(errors.get() + u32::from(result.is_err()));
                Ok(())
            })
            .unwrap();
        errors.get()
    };
    let thread = std::thread::Builder::new().stack_size(512 << 20).spawn(run).unwrap();
    let errors = thread.join().unwrap();
    assert!((600..CASES - 100).contains(&errors), "{errors} of {CASES} failed: nothing exercised");
}
