use alloc::{format, string::String};

use genode::node::Node;

use super::*;

fn read(policy: &str) -> Result<Rules, String> {
    Rules::read(&Node::parse(policy.as_bytes()).unwrap())
}

fn filter(policy: &str) -> Filter {
    Filter::new(read(policy).unwrap())
}

const PASS: Verdict = Verdict::Pass { lost: 0 };

#[test]
fn the_first_rule_that_matches_counts() {
    let mut filter = filter(
        "<policy otherwise=\"drop\">
            <drop contains=\"secret\"/>
            <pass prefix=\"Error: \"/>
            <pass prefix=\"[\" suffix=\"]\"/>
            <drop suffix=\"x\"/>
            <pass contains=\"x\"/>
        </policy>",
    );
    for (line, verdict) in [
        ("Error: broken", PASS),
        ("Error: a secret is told", Verdict::Drop),
        ("an Error: ", Verdict::Drop),
        ("[tag]", PASS),
        ("[", Verdict::Drop),
        ("]", Verdict::Drop),
        ("box", Verdict::Drop),
        ("boxes", PASS),
        ("", Verdict::Drop),
        ("anything else", Verdict::Drop),
    ] {
        assert_eq!(filter.take(0, line.as_bytes()), verdict, "{line}");
    }
}

#[test]
fn without_rules_everything_passes_or_nothing() {
    for (policy, verdict) in [
        ("<policy/>", PASS),
        ("<policy otherwise=\"pass\"/>", PASS),
        ("<policy otherwise=\"drop\"/>", Verdict::Drop),
        ("<policy> <drop contains=\"\"/> </policy>", Verdict::Drop),
        ("<policy otherwise=\"drop\"> <pass prefix=\"\"/> </policy>", PASS),
    ] {
        let mut filter = filter(policy);
        assert!(!filter.rules.needs_time());
        for line in ["", "a", "\u{1b}[31mred"] {
            assert_eq!(filter.take(0, line.as_bytes()), verdict, "{policy}: {line:?}");
        }
    }
}

/// Counts the lines that pass, of `count` that come at a time.
fn passed(filter: &mut Filter, now: u64, count: u32) -> (u32, u64) {
    let (mut passed, mut all) = (0, 0);
    for _ in 0..count {
        if let Verdict::Pass { lost } = filter.take(now, b"line") {
            passed += 1;
            all += lost;
        }
    }
    (passed, all)
}

#[test]
fn what_is_too_much_is_counted_and_told_once() {
    let mut filter = filter("<policy rate=\"10\" burst=\"5\"> <drop prefix=\"no\"/> </policy>");
    assert!(filter.rules.needs_time());
    assert_eq!(passed(&mut filter, 1000, 100), (5, 0));
    assert_eq!(passed(&mut filter, 1099, 10), (0, 0), "not quite a line's time");
    assert_eq!(passed(&mut filter, 1100, 10), (1, 105));
    assert_eq!(passed(&mut filter, 1400, 10), (3, 9));
    assert_eq!(filter.take_lost(), 7);
    assert_eq!(filter.take_lost(), 0);
    // Never more at once than the burst.
    assert_eq!(passed(&mut filter, u64::MAX, 10), (5, 0));
    // A time that goes back brings nothing; unwanted lines cost nothing.
    assert_eq!(passed(&mut filter, 0, 10), (0, 0));
    for _ in 0..100 {
        assert_eq!(filter.take(0, b"no matter"), Verdict::Drop);
    }
    assert_eq!(filter.take_lost(), 15);
    let mut whole = self::filter("<policy rate=\"3\"/>");
    assert_eq!(passed(&mut whole, 0, 10), (3, 0), "a second's lines without a burst");
}

#[test]
fn slow_lines_all_pass() {
    let mut filter = filter("<policy rate=\"10\" burst=\"1\"/>");
    for now in (0..100_000).step_by(100) {
        assert_eq!(filter.take(now, b"line"), PASS);
    }
}

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    for (policy, why) in [
        ("<policy> <keep prefix=\"a\"/> </policy>", "<keep>: use pass or drop"),
        ("<policy> <pass/> </policy>", "<pass> has no prefix, suffix or contains"),
        ("<policy otherwise=\"maybe\"/>", "otherwise=\"maybe\": use pass or drop"),
        ("<policy rate=\"0\"/>", "rate is not between 1 and 999999"),
        ("<policy rate=\"1000000\"/>", "rate is not between 1 and 999999"),
        ("<policy rate=\"5\" burst=\"0\"/>", "burst is not between 1 and 999999"),
        ("<policy burst=\"5\"/>", "burst needs a rate"),
    ] {
        let error = read(policy).unwrap_err();
        assert!(error.ends_with(why), "{error}");
    }
    assert!(read("<policy rate=\"many\"/>").is_err());
    assert_eq!(told(7), format!("({} lines were too many and are left out)", 7));
}
