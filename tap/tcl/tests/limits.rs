//! What scripts may cost: steps that grow with the number of elements, memory and depth with a bound.

#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

use tap_tcl::{Exception, Interp, Value, memory};

/// Evaluates a script as the tool does: on a thread with room for Tcl's 1000 levels.
fn eval(script: &str) -> Result<String, String> {
    run(script, 128).0
}

fn steps(script: &str) -> (Result<String, String>, u64) {
    run(script, 128)
}

/// The result within so many MiB, and what it cost: elements and bytes read or copied because of forms.
fn run(script: &str, limit: usize) -> (Result<String, String>, u64) {
    let script = script.to_owned();
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(move || {
        memory::set_limit(limit << 20);
        let before = memory::steps();
        let result = match Interp::new().eval(&Value::from(script)) {
            Ok(value) => Ok(value.as_str().to_owned()),
            Err(exception) => Err(exception.to_string()),
        };
        (result, memory::steps() - before)
    });
    thread.unwrap().join().unwrap()
}

fn fails(script: &str, why: &str) {
    let message = run(script, 16).0.unwrap_err();
    assert!(message.contains(why), "{message}");
}

#[test]
fn what_grows_by_elements_costs_a_bounded_number_of_steps_for_each() {
    for (name, script, answer) in [
        ("lappend", "for {set i 0} {$i < N} {incr i} {lappend l $i}; llength $l", "N"),
        ("in a body", "foreach x [lrepeat N a] {lappend l $x}; llength $l", "N"),
        ("an array's", "for {set i 0} {$i < N} {incr i} {lappend a(x) $i}; llength $a(x)", "N"),
        (
            "through upvar",
            "proc p v {upvar $v l; lappend l x}\nfor {set i 0} {$i < N} {incr i} {p l}; llength $l",
            "N",
        ),
        (
            "lset",
            "set l [lrepeat N 0]; for {set i 0} {$i < N} {incr i} {lset l $i x}; llength $l",
            "N",
        ),
        (
            "nested lset",
            "set l [list [lrepeat N 0] b]; for {set i 0} {$i < N} {incr i} {lset l 0 $i x}; llength [lindex $l 0]",
            "N",
        ),
        (
            "lindex",
            "set l [lrepeat N 0]; for {set i 0} {$i < N} {incr i} {lindex $l $i}; llength $l",
            "N",
        ),
        ("dict set", "for {set i 0} {$i < N} {incr i} {dict set d $i $i}; dict size $d", "N"),
        (
            "nested",
            "for {set i 0} {$i < N} {incr i} {dict set d k $i $i}; dict size [dict get $d k]",
            "N",
        ),
        (
            "dict lappend",
            "for {set i 0} {$i < N} {incr i} {dict lappend d k $i}; llength [dict get $d k]",
            "N",
        ),
        (
            "dict incr and get",
            "set d [dict create]; for {set i 0} {$i < N} {incr i} {dict incr d $i; dict get $d $i}; dict size $d",
            "N",
        ),
        (
            "dict unset",
            "for {set i 0} {$i < N} {incr i} {dict set d $i $i}; for {set i 0} {$i < N} {incr i} {dict unset d $i}; dict size $d",
            "0",
        ),
        ("append", "for {set i 0} {$i < N} {incr i} {append s x}; string length $s", "N"),
        (
            "dict append",
            "for {set i 0} {$i < N} {incr i} {dict append d k x}; string length [dict get $d k]",
            "N",
        ),
    ] {
        let n = 5_000;
        let of = |n: u32| steps(&script.replace('N', &n.to_string()));
        let (result, cost) = of(n);
        assert_eq!(result, Ok(answer.replace('N', &n.to_string())), "{name}");
        assert!(cost < 60 * u64::from(n), "{name}: {cost} steps for {n} elements");
    }
}

/// A copy costs what it holds: the counter would see a list that is copied with each change.
#[test]
fn a_list_that_is_held_elsewhere_is_copied() {
    let (result, cost) = steps(
        "for {set i 0} {$i < 1000} {incr i} {set keep $l; lappend l $i}; list [llength $l] [llength $keep]"
            .replace("set keep $l", "set keep [if {$i} {set l}]")
            .as_str(),
    );
    assert_eq!(result.as_deref(), Ok("1000 999"));
    assert!(cost > 400_000, "{cost}");
}

#[test]
fn a_copy_is_a_value_of_its_own() {
    for (script, answer) in [
        ("set a {1 2}; set b $a; lappend a 3; list $a $b", "{1 2 3} {1 2}"),
        ("set a {1 2}; set b $a; lset a 0 x; list $a $b", "{x 2} {1 2}"),
        ("set a {k {l 1}}; set b $a; dict set a k l 2; list $a $b", "{k {l 2}} {k {l 1}}"),
        (
            "set a {k {1 2}}; set b [dict get $a k]; dict lappend a k 3; list $a $b",
            "{k {1 2 3}} {1 2}",
        ),
        ("set a x; set b $a; append a y; list $a $b", "xy x"),
        ("set a { 1  2 }; llength $a; set a", " 1  2 "),
        ("set a {k 1 k 2}; dict size $a; set a", "k 1 k 2"),
        ("set a {k 1 k 2}; dict set a j 3; set a", "k 2 j 3"),
        ("proc p {l} {lappend l 3; return $l}; set a {1 2}; list [p $a] $a", "{1 2 3} {1 2}"),
        // an error changes nothing
        ("set a {{1 2} b}; catch {lset a 0 7 x}; set a", "{1 2} b"),
        ("set a {k {1 2 3}}; catch {dict set a k l 1}; set a", "k {1 2 3}"),
        ("set a {k x}; catch {dict incr a k}; set a", "k x"),
    ] {
        assert_eq!(eval(script).as_deref(), Ok(answer), "{script}");
    }
}

#[test]
fn memory_is_bounded() {
    let much = "values take more than 16 MiB";
    let would = "values would take more than 16 MiB";
    fails("set s abcdefgh; while 1 {append s $s}", would);
    fails("set s abcdefgh; while 1 {set s $s$s}", would);
    fails("set s abcdefgh; while 1 {set s [string repeat $s 2]}", would);
    fails("set s [string repeat x 1000000]; while 1 {lappend l $s$s}", "16 MiB");
    fails("set l x; while 1 {lappend l {*}$l}", "16 MiB");
    fails("set s [string repeat x 1000000]; set l [lrepeat 10000 $s]; string length $l", much);
    fails("while 1 {set a([incr i]) [string repeat x 100000]}", would);
    fails("while 1 {dict set d [incr i] $i}", much);
    fails("set s [string repeat x 1000000]; string map [list x $s] $s", would);
    fails("set s [string repeat x 1000000]; regsub -all x $s $s", would);
    fails("set s [string repeat x 1000000]; join [lrepeat 1000 a] $s", would);
    fails("set s [string repeat x 4000000]; format %s%s%s%s%s $s $s $s $s $s", would);
    fails("set l [lrepeat 100000 x]; concat {*}[lrepeat 300 $l]", would);
    // no script goes on after it
    fails("catch {while 1 {dict set d [incr i] $i}}; set x survived", much);
    // what is let go of can be used again
    let script =
        "for {set i 0} {$i < 100} {incr i} {set s [string repeat x 1000000]}; string length $s";
    assert_eq!(eval(script).as_deref(), Ok("1000000"));
}

#[test]
fn depth_is_bounded() {
    let sum = format!("expr {{1{}}}", " + 1".repeat(200_000));
    assert_eq!(eval(&sum).as_deref(), Ok("200001"));
    let product = format!("expr {{{}0}}", "1 - 1 * ".repeat(100_000));
    assert!(eval(&product).is_ok());
    fails(
        &format!("expr {{{}1{}}}", "(".repeat(200_000), ")".repeat(200_000)),
        "nested too deeply",
    );
    fails(&format!("expr {{{}1}}", "-".repeat(200_000)), "nested too deeply");
    fails(&format!("expr {{1{}}}", "**1".repeat(200_000)), "nested too deeply");
    fails(&format!("expr {{{}1}}", "1?1:".repeat(200_000)), "nested too deeply");
    fails(&format!("set x {}", "[list ".repeat(200_000)), "nested too deeply");
    fails(&format!("set x {}", "$a(".repeat(200_000)), "nested too deeply");
    assert!(eval(&format!("list {}x", "{*}".repeat(200_000))).is_err());
    fails("proc p {} {p}; p", "too many nested evaluations");
    fails("proc f n {expr {[f $n] + 1}}; f 1", "too many nested evaluations");
    fails("set s {eval $s}; eval $s", "too many nested evaluations");
    // lists as deep as a script makes them
    let nested = "for {set i 0} {$i < 3000} {incr i} {set l [list $l]}; string length $l";
    assert_eq!(eval(&format!("set l {{x y}}; {nested}")).as_deref(), Ok("6003"));
    let into = "set l [string repeat \\{ 1500]x[string repeat \\} 1500]; while {[string length $l] > 1} {set l [lindex $l 0]}; set l";
    assert_eq!(eval(into).as_deref(), Ok("x"));
}

#[test]
fn an_end_for_want_of_memory_has_its_own_name() {
    memory::set_limit(4 << 20);
    let outcome = Interp::new().eval(&Value::from("while 1 {dict set d [incr i] $i}"));
    assert!(matches!(outcome, Err(Exception::Exhausted)), "{outcome:?}");
}
