# What differs from Tcl 8.6, each with its reason. The test checks that it still does, in both ways that are recorded.
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "== $script\n$c:$r" }
# integers have 64 bit: a larger one is an error, never another number
t {expr {2**64}}
t {expr {9223372036854775807 + 1}}
t {expr {1 << 64}}
t {expr {100000000000000000000 / 10}}
t {set i 9223372036854775807; incr i}
t {scan 99999999999999999999 %lld}
t {format %lld 99999999999999999999}
t {expr {int(1e30)}}
t {expr {abs(-9223372036854775808)}}
# one namespace: `x::y` is a name like others, and the commands about namespaces are unknown
t {set ::nosuch::y 3}
t {namespace current}
t {namespace eval a {proc p {} {return 1}}; a::p}
t {proc no::such::p {} {}}
# a missing subcommand is an error that lists those that are there, which are fewer
t {info nosuch}
t {expr {[info cmdcount] > 0}}
t {array nosuch z}
t {file nosuch}
t {file stat / s; info exists s(mode)}
t {clock format 0 -gmt 1}
t {clock scan 1970-01-01 -gmt 1}
# Tcl shows the outer list's length for `end`; here it is the index, by which `lindex` finds the element
t {lsearch -index {1 end} -all -subindices {{a {2 x}} {b {2 y}}} y}
# another part of the same mistake is named
t {format {%1$*2$d} 5 8}
t {upvar x y z}
# `~` is a character like others: no home folder is looked up
t {file join a ~b}
t {file pathtype ~a}
# no processes, no events, no other interpreters, no objects, no packages
t {expr {[catch {exec true}] ? "failed" : "ran"}}
t {expr {[catch {open |true}] ? "failed" : "opened"}}
t {after cancel nosuch}
t {expr {[catch {after 1000000 {set x 1}}] ? "failed" : "kept"}}
t {interp slaves}
t {llength [trace info variable x]}
t {package require Tcl 8.5; list ok}
t {info coroutine}
t {update}
t {encoding names; list ok}
t {binary scan abc a1 x; set x}
t {expr {[pid] > 0}}
# a channel reads or writes
t {expr {[catch {open /dev/null r+}] ? "failed" : "opened"}}
t {expr {[catch {open /dev/null}] ? "failed" : "opened"}}
t {eof stdin}
t {seek stdin}
# POSIX's regular expressions, and back references inside of look-ahead
t {regexp {(?b)a\{2\}} aa}
t {regexp {(?e)a{2}} aa}
# the options of an error have no stack and no line; its information names procedures, not commands
t {catch {error m} r o; dict exists $o -errorline}
t {catch {error m} r o; dict get $o -errorinfo}
# longer lists than fit into memory are refused before they are made
t {llength [lrepeat 2000000 x]}
# expressions nest 200 levels deep, brackets 500
t {expr "[string repeat ( 300]1[string repeat ) 300]"}
t "set deep [string repeat {[list } 600]x[string repeat {]} 600]; list ok"
