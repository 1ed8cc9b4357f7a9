//! Traces, outcomes, records.
#![allow(clippy::unwrap_used, reason = "a test reports by panicking")]

use tap_cells::record::{record, replay};
use tap_cells::run::{Outcome, ROWS, run};
use tap_cells::show;
use tap_cells::trace::{KINDS, Trace, make};

fn all(trace: &Trace) -> Vec<Outcome> {
    ROWS.iter().map(|row| run(trace, row).unwrap()).collect()
}

#[test]
fn a_bad_trace_is_refused_with_line_and_column() {
    let head = "cells-trace 1\nmachine 1 4 1\nsteps 9\n";
    let cases = [
        ("", "line 1, column 1: a line \"cells-trace\" is missing"),
        ("steps 3\n", "line 1, column 1: a trace begins with: cells-trace 1"),
        ("cells-trace 2\n", "line 1, column 13: the version is \"2\": 1 to 1 are possible"),
        ("cells-trace 1\nsteps 1\n", "line 2, column 1: a line \"machine\" is missing"),
    ];
    let later = [
        ("at 0 a 1", "line 4, column 6: there is no cell \"a\""),
        ("cell", "line 4, column 5: the name is missing"),
        (
            "cell ä wei 1",
            "line 4, column 8: \"wei\" is unknown: weight, min, max, target, price, greedy are possible",
        ),
        ("cell a\ncell a", "line 5, column 6: there is a cell \"a\" already"),
        (
            "cell a min 5",
            "line 4, column 1: a: cell 1: its minimum takes 5 units, 4 are left after the cells before it: lower its min or theirs",
        ),
        (
            "cell a\nat 3 a 1\nat 2 a 1",
            "line 6, column 4: the step is \"2\": 3 to 100000 are possible",
        ),
        ("cell a\nat 3 a 1 x", "line 5, column 10: \"x\" is too much"),
        ("  foo", "line 4, column 3: \"foo\" is unknown: machine, steps, cell, at are possible"),
    ];
    for (text, told) in cases {
        assert_eq!(Trace::parse(text).unwrap_err().to_string(), told, "{text:?}");
    }
    for (text, told) in later {
        let text = format!("{head}{text}\n");
        assert_eq!(Trace::parse(&text).unwrap_err().to_string(), told, "{text:?}");
    }
}

#[test]
fn mutated_traces_are_read_or_refused_within_themselves() {
    let texts: Vec<String> =
        KINDS.iter().map(|kind| make(kind, 5, (2, 8, 2), 12, 3).unwrap().text()).collect();
    let mut random = fastrand::Rng::with_seed(9);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = random.choice(&texts).unwrap().clone().into_bytes();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len().max(1));
            if bytes.is_empty() {
                break;
            }
            match random.u8(..4) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, b" \n0123456789#-aat"[random.usize(..17)]),
                2 => bytes.truncate(at.max(1)),
                _ => bytes[at] = random.u8(..),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        match Trace::parse(&text) {
            Ok(trace) => {
                read += 1;
                assert_eq!(Trace::parse(&trace.text()), Ok(trace));
            }
            Err(mistake) => {
                refused += 1;
                let line = text.lines().nth(mistake.line - 1).unwrap_or_default();
                assert!(mistake.column >= 1 && mistake.column <= line.chars().count() + 1);
            }
        }
    }
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused");
}

#[test]
fn lending_and_load_bring_utilization_near_to_the_bound() {
    for kind in KINDS {
        let trace = make(kind, 8, (2, 32, 1), 300, 1).unwrap();
        let outcomes = all(&trace);
        let of = |name: &str| outcomes.iter().find(|o| o.name == name).unwrap();
        for o in &outcomes {
            assert!(o.utilization <= of("bound").utilization + 1e-9, "{kind}: {} is above", o.name);
            assert!(o.busy.iter().all(|cores| *cores <= 32));
            assert!(o.fairness > 0.0 && o.fairness <= 1.0 + 1e-9);
        }
        assert!(of("load").utilization > of("static").utilization, "{kind}");
        assert!(of("load").violations <= of("static").violations, "{kind}");
        assert_eq!(of("static").moves.to_bits(), of("shares").moves.to_bits());
        assert!(of("numa").far <= of("load").far, "{kind}");
        let whole = if kind == "antagonist" { 0.8 } else { 0.99 };
        assert!(of("load").utilization >= whole * of("bound").utilization, "{kind}");
    }
}

#[test]
fn a_record_is_replayed_bit_by_bit_and_a_changed_one_is_noticed() {
    let trace = make("bursty", 6, (2, 16, 2), 60, 4).unwrap();
    assert_eq!(make("bursty", 6, (2, 16, 2), 60, 4).unwrap(), trace);
    assert!(make("none", 6, (2, 16, 2), 60, 4).is_none());
    let outcomes = all(&trace);
    let text = record(&trace, &outcomes);
    let (again, replayed) = replay(&text).unwrap();
    assert_eq!((again, replayed.len()), (trace, 6));
    assert_eq!(replayed, outcomes[..6]);
    let changed = text.replacen(":0>", ":1>", 1);
    assert_ne!(changed, text);
    assert!(replay(&changed).unwrap_err().contains("recorded"));
    assert!(replay(text.split("decisions").next().unwrap()).is_err());
    let short = text.trim_end().rsplit_once('\n').unwrap().0;
    assert!(replay(short).unwrap_err().contains("(nothing)"));
}

#[test]
fn what_is_shown_has_a_row_and_a_line_for_each_policy() {
    let trace = make("diurnal", 4, (1, 8, 1), 20, 1).unwrap();
    let outcomes = all(&trace);
    let (table, svg) = (show::table(&trace, &outcomes), show::svg(&trace, &outcomes));
    let json: serde_json::Value = serde_json::from_str(&show::json(&trace, &outcomes)).unwrap();
    assert_eq!(svg.matches("<polyline").count(), ROWS.len());
    for (n, row) in ROWS.iter().enumerate() {
        assert!(table.contains(&format!("\n{row} ")), "{table}");
        assert!(svg.contains(&format!(">{row}</text>")));
        assert_eq!(json["rows"][n]["policy"], *row);
        assert_eq!(json["rows"][n]["utilization"], outcomes[n].utilization);
    }
}
