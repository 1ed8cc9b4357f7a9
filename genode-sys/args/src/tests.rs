use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

fn args(s: &str) -> ArgsRef<'_> {
    ArgsRef::new(s)
}

#[test]
fn numbers() {
    let a = args(
        "ram_quota=16K, cap_quota=0x10, m=2M,g=1G, neg=-5, plus=+7, lower=5k, junk=5 x, tail=7 ",
    );
    assert_eq!(a.quota(), Amount::new(16384, 16));
    assert_eq!((a.u64("m", 0), a.u64("g", 0)), (2 << 20, 1 << 30));
    assert_eq!((a.u64("neg", 9), a.i64("neg", 9)), (9, -5));
    assert_eq!((a.u64("plus", 0), a.u64("tail", 0)), (7, 7));
    assert_eq!((a.u64("lower", 3), a.u64("junk", 4)), (3, 4), "trailing junk means the default");
    assert_eq!(args("a=18446744073709551616").u64("a", 1), 1, "too large is malformed");
    assert_eq!(args("a=17179869184G").u64("a", 1), 1);
}

#[test]
fn keys_match_whole_and_first() {
    let a = args("ram=1, ram_quota=2, ram_quota=3");
    assert_eq!(a.quota(), Amount::new(2, 0));
    assert_eq!(a.u64("ra", 0), 0);
    assert_eq!(args("label2=\"x\", label=\"y\"").label().unwrap().as_str(), "y");
}

#[test]
fn strings() {
    let a = args(r#"ram_quota=8192, label="a, b=\"c\"", name=word-rest, empty="", open="x"#);
    assert_eq!(a.label().unwrap().as_str(), "a, b=\"c\"");
    assert!(a.get("name").unwrap().is("word"), "a bare word ends where the identifier ends");
    assert!(a.get("empty").unwrap().is(""));
    assert!(a.get("open").unwrap().chars().is_none(), "an unterminated string is no value");
    assert!(a.get("b").is_none());
}

#[test]
fn a_value_is_what_follows_the_first_sign() {
    let a = args("flag, x=a=b, y = c");
    assert_eq!(a.as_str(), "flag, x=a=b, y = c");
    assert!(a.get("flag").unwrap().chars().is_none());
    let x = a.get("x").unwrap();
    assert!(x.is("a") && !x.is("b") && !x.is("a=b") && !x.is(""));
    assert!(a.get("y").unwrap().is("c"));
}

#[test]
fn costs_are_those_of_genode() {
    assert_eq!(cost::RECORDS, Amount::new(12960, 6));
}

#[test]
fn booleans() {
    let a = args("a=yes, b=off, c=\"true\", d=1, e=0, f=yess, g=2x");
    for (key, expected) in [("a", Some(true)), ("b", Some(false)), ("c", Some(true))] {
        assert_eq!(a.get(key).unwrap().as_bool(), expected);
    }
    assert!(a.bool("d", false) && !a.bool("e", true));
    assert!(a.bool("f", true) && !a.bool("f", false) && a.get("g").unwrap().as_bool().is_none());
}

#[test]
fn building() {
    let mut a = ArgsBuf::<160>::new();
    a.set_quota(Amount::new(8192, 3)).unwrap();
    a.set_str("label", "x").unwrap();
    assert_eq!(a.as_str(), "ram_quota=8192, cap_quota=3, label=\"x\"");
    a.set_u64("ram_quota", 1).unwrap();
    assert_eq!(a.as_str(), "cap_quota=3, label=\"x\", ram_quota=1");
    assert_eq!(a.set_str("label", "x\\"), Err(ArgsError::Value));
    assert_eq!(a.set_str("la bel", "x"), Err(ArgsError::Key));
    let mut b = a;
    b.set_bool("on", true).unwrap();
    b.set_bool("off", false).unwrap();
    assert_eq!(b.as_str(), "cap_quota=3, label=\"x\", ram_quota=1, on=yes, off=no");
    assert!(a != b && a == ArgsBuf::copy(a.as_str()).unwrap());
    let mut first = ArgsBuf::<160>::new();
    first.set_u64("x", 1).unwrap();
    assert_eq!(first.as_str(), "x=1");
    assert_eq!(alloc::format!("{a} {b:?}"), alloc::format!("{} {:?}", a.as_str(), b.as_str()));
    let before = a;
    assert_eq!(a.set_str("label", &"x".repeat(160)), Err(ArgsError::TooLong));
    assert_eq!(a.as_str(), before.as_str(), "a failed change changes nothing");
}

#[test]
fn a_second_label_does_not_survive_the_first() {
    let mut a = ArgsBuf::<160>::copy(r#"label="a", x=1, label="forged""#).unwrap();
    a.set_str("label", "child -> a").unwrap();
    assert_eq!(a.as_str(), r#"x=1, label="child -> a""#);
}

#[test]
fn an_open_string_does_not_swallow_what_is_appended() {
    let mut a = ArgsBuf::<160>::copy(r#"x="abc"#).unwrap();
    a.set_str("label", "child -> a").unwrap();
    assert_eq!(a.args().label().unwrap().as_str(), "child -> a");
}

#[test]
fn capacity_is_one_less_than_the_buffer() {
    assert!(ArgsBuf::<160>::copy(&"a".repeat(159)).is_ok());
    assert_eq!(ArgsBuf::<160>::copy(&"a".repeat(160)).unwrap_err(), ArgsError::TooLong);
}

/// Inputs made of what the tokenizer tells apart.
fn hostile() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            Just("label"),
            Just("a"),
            Just("="),
            Just(","),
            Just(", "),
            Just("\""),
            Just("\\"),
            Just("\\\""),
            Just(" "),
            Just("5"),
            Just("0x"),
            Just("-"),
            Just("K"),
            Just("é"),
            Just("\t"),
            Just("."),
            Just("_")
        ],
        0..24,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(a) = ArgsRef::from_bytes(&bytes) {
            for (key, value) in a.iter() {
                let _ = (key, value.as_u64(), value.as_i64(), value.as_bool(), value.chars().map(Iterator::count));
            }
            let _ = a.label();
        }
    }

    #[test]
    fn what_is_set_is_what_is_read(start in hostile(), value in "[ -~é]{0,40}") {
        let mut a = ArgsBuf::<256>::copy(&start).unwrap();
        let kept: Vec<_> = ArgsRef::new(&start).iter()
            .filter(|(k, _)| *k != "label")
            .map(|(k, v)| (k.to_owned(), v.as_u64(), v.chars().map(Iterator::collect::<String>)))
            .collect();
        match a.set_str("label", &value) {
            Ok(()) => {
                prop_assert!(a.args().get("label").unwrap().is(&value), "{a} holds {value}");
                let now: Vec<_> = a.args().iter()
                    .filter(|(k, _)| *k != "label")
                    .map(|(k, v)| (k.to_owned(), v.as_u64(), v.chars().map(Iterator::collect::<String>)))
                    .collect();
                prop_assert_eq!(kept, now, "the others stay as they were");
            }
            Err(e) => prop_assert!(value.ends_with('\\') && e == ArgsError::Value || e == ArgsError::TooLong),
        }
    }

    #[test]
    fn numbers_survive(value: u64) {
        let mut a = ArgsBuf::<160>::new();
        a.set_u64("n", value).unwrap();
        prop_assert_eq!(a.args().u64("n", !value), value);
    }
}

#[test]
fn errors_say_what_is_wrong_and_what_to_do() {
    let all = [
        (ArgsError::TooLong, "159 characters; shorten"),
        (ArgsError::Key, "must be a letter or '_'"),
        (ArgsError::Value, "cannot hold NUL"),
        (ArgsError::Encoding, "not UTF-8"),
    ];
    for (error, part) in all {
        assert!(alloc::format!("{error}").contains(part), "{error}");
    }
}
