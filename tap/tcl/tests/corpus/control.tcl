# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {if 1 {set x a} else {set x b}}
t {if 0 {set x a} elseif 1 {set x c} else {set x b}}
t {if 0 then {set x a} {set x b}}
t {if 0 {set x a}}
t {if}
t {if 1}
t {if 0 {a} else}
t {set r {}; foreach i {1 2 3} {lappend r $i}; set r}
t {set r {}; foreach {a b} {1 2 3} {lappend r $a-$b}; set r}
t {set r {}; foreach a {1 2 3} b {x y} {lappend r $a$b}; set r}
t {set r {}; foreach i {1 2 3 4} {if {$i == 2} continue; if {$i == 4} break; lappend r $i}; set r}
t {lmap i {1 2 3} {expr {$i * 2}}}
t {lmap i {1 2 3} {if {$i==2} continue; set i}}
t {set i 0; while {$i < 3} {incr i}; set i}
t {set r {}; for {set i 0} {$i < 5} {incr i 2} {append r $i}; set r}
t {for {set i 0} {1} {incr i} {if {$i > 3} break}; set i}
t {switch b {a {set r 1} b {set r 2} default {set r 3}}}
t {switch z {a {set r 1} default {set r 3}}}
t {switch a {a - b {set r ab} c {set r c}}}
t {switch -glob foobar {foo* {set r g} default {set r d}}}
t {switch -regexp foobar {^o {set r 1} {o+b} {set r 2}}}
t {switch -exact -- -x {-x {set r dash}}}
t {switch x a {set r 1} x {set r 2}}
t {switch x {a}}
t {switch x {a {set r 1} x -}}
t {switch -nocase ABC {abc {set r low}}}
t {switch y {a {set r 1}}}
t {proc f {a {b 2} args} {return "$a/$b/$args"}; list [f 1] [f 1 3] [f 1 3 4 5]}
t {f}
t {proc g {} {}; g 1}
t {proc h {x {y}} {return $x}; h 1}
t {proc fact {n} {if {$n < 2} {return 1}; expr {$n * [fact [expr {$n - 1}]]}}; fact 10}
t {proc inc {name} {upvar $name v; incr v}; set n 4; inc n; inc n; set n}
t {proc up2 {} {uplevel 1 {set fromup 9}}; up2; set fromup}
t {proc nest {} {set local 1; inner}; proc inner {} {uplevel 1 {incr local}; uplevel 1 {set local}}; nest}
t {proc gl {} {global n; incr n 10}; gl; set n}
t {proc arr {name} {upvar 1 $name a; set a(x) 1; lsort [array names a]}; set A(y) 2; arr A}
t {proc defs {{a "x y"} {b {}}} {list $a $b}; defs}
t {catch {error "boom"} m; set m}
t {catch {set q 1} m; set m}
t {list [catch {return 5} m] $m}
t {list [catch {break} m] $m}
t {list [catch {continue} m] $m}
t {list [catch {error a b c} m opts] $m [dict get $opts -code]}
t {proc r {} {return -code error "bad thing"}; r}
t {proc r {} {return -code break}; foreach i {1 2 3} {if {$i == 2} r}; set i}
t {proc r2 {} {return -level 0 val}; r2}
t {error}
t {error msg}
t {try {error x} on error {m} {set res "caught $m"} finally {puts fin}}
t {try {set y 1} on ok {v} {set res "ok $v"}}
t {try {throw {A B} hello} trap {A} {m o} {set m}}
t {try {throw {A B} hello} trap {C} {m} {set m}}
t {throw {X Y} hi}
t {apply {{x y} {expr {$x + $y}}} 3 4}
t {proc dup {} {return a}; rename dup dup2; dup2}
t {dup}
t {rename nosuch x}
t {rename dup2 ""; dup2}
t {info exists n}
t {info exists nosuch}
t {info exists A(y)}
t {info args f}
t {info body g}
t {info procs fact}
t {proc lv {} {info level}; lv}
t {proc lv {a} {info level 0}; lv 5}
t {info default f b v; set v}
t {unset n; info exists n}
t {unset nosuch}
t {unset -nocomplain nosuch}
t {incr newvar}
t {incr newvar 5}
t {incr newvar -2}
t {set s abc; incr s}
t {set f 1.5; incr f}
t {proc inf {} {inf}; inf}
t {proc noloop {} {break}; noloop}
t {while 1 {error inner}}
t {eval {error "in eval"}}
t {proc vlocal {} {set ::newglobal 3; return [info exists newglobal]}; list [vlocal] $newglobal}
t {proc unk {} {nosuchcommand}; unk}
t {upvar 5 a b}
t {proc append_if {condition var args} { upvar $var up_var; if {$condition} { append up_var [join $args ""] } }; set cfg a; append_if 1 cfg b c; append_if 0 cfg d; set cfg}
t {proc lappend_if {condition var args} { upvar $var up_var; if {$condition} { lappend up_var {*}$args } }; set lst {}; lappend_if [expr 1] lst x {y z}; set lst}
t {proc outer {} { set v 1; foreach x {1 2} { inc v }; return $v }; outer}
t {proc ret {} { foreach x {1 2 3} { if {$x == 2} { return $x } }; return none }; ret}
