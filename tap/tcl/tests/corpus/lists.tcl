# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {lindex {a b c} 1}
t {lindex {a b c} end}
t {lindex {a b c} end-1}
t {lindex {a b c} 5}
t {lindex {a {b c} d} 1 0}
t {lindex {a {b c} d} {1 1}}
t {lindex {a b c}}
t {lindex {a b} x}
t {llength {a b {c d}}}
t {llength {}}
t {lrange {a b c d} 1 2}
t {lrange {a b c d} 1 end}
t {lrange {a b c d} -1 1}
t {lrange {a b c d} 3 1}
t {linsert {a b c} 1 x y}
t {linsert {a b c} end x}
t {linsert {a b c} end-1 x}
t {linsert {} 0 x}
t {lreplace {a b c d} 1 2 X}
t {lreplace {a b c d} 1 2}
t {lreplace {a b c} 0 0 x y z}
t {lreverse {a b c}}
t {lrepeat 3 a b}
t {lrepeat 0 a}
t {lrepeat -1 a}
t {set l {a b c}; lset l 1 X; set l}
t {set l {a {b c}}; lset l 1 0 X; set l}
t {set l {a}; lset l 5 x}
t {lassign {1 2 3} a b; list $a $b}
t {lassign {1 2 3 4} a b}
t {lassign {1} a b; list $a $b}
t {lsearch {a b c} b}
t {lsearch {a b c} z}
t {lsearch -exact {a* ab} ab}
t {lsearch {foo bar baz} ba*}
t {lsearch -all {foo bar baz} ba*}
t {lsearch -all -inline {foo bar baz} ba*}
t {lsearch -inline -not -all {a b a c} a}
t {lsearch -regexp {foo bar} ^b}
t {lsearch -not {a a b} a}
t {lsearch -start 1 {a b a} a}
t {lsearch -nocase -exact {A B} b}
t {lsearch -integer {1 2 03} 3}
t {lsort {c a b}}
t {lsort -decreasing {c a b}}
t {lsort -integer {10 9 2}}
t {lsort {10 9 2}}
t {lsort -unique {b a b a}}
t {lsort -real {1.5 0.5 10}}
t {lsort -dictionary {x10 x9 X1 x1}}
t {lsort -index 1 {{a 3} {b 1} {c 2}}}
t {lsort -index 1 -integer {{a 10} {b 9}}}
t {lsort -command {apply {{a b} {expr {$a - $b}}}} {3 1 2}}
t {lsort -nocase {B a C}}
t {lsort -integer {a b}}
t {lsearch -exact -integer {1 2 03} 3}
t {list a{b}c {{a}} x] a\]b\[ {[} a\\ \#}
t {list "a\nb" "tab\t" "\\" "\{" "\}" "a\}b\{c" "\{a\}" ";" "a;b" \$x \[y\] a\"b}
t {array set A {x 1 y 2 z 3}; lsort [array names A]}
t {array size A}
t {array exists A}
t {array exists nosuch}
t {array get A x}
t {lsort [array names A {[xy]}]}
t {array unset A x; lsort [array names A]}
t {array set A {q}}
t {set A}
t {set A(nosuch)}
t {set sc 1; set sc(x) 2}
t {array names nosuch}
t {dict create a 1 b 2}
t {dict get {a 1 b 2} b}
t {dict get {a 1} z}
t {dict get {a {b 5}} a b}
t {dict set d x 1; dict set d y 2; set d}
t {dict set d n m 5; dict get $d n m}
t {dict exists $d x}
t {dict exists $d q}
t {dict keys {a 1 b 2}}
t {dict values {a 1 b 2}}
t {dict size {a 1 b 2}}
t {set r {}; dict for {k v} {a 1 b 2} {lappend r $k=$v}; set r}
t {dict unset d x; set d}
t {dict incr cnt a; dict incr cnt a 5; set cnt}
t {dict lappend dl k a b; set dl}
t {dict append da k a b; set da}
t {dict merge {a 1 b 2} {b 3 c 4}}
t {dict remove {a 1 b 2} a}
t {dict replace {a 1} a 2 c 3}
t {dict create a}
t {dict get {a}}
t {dict create a 1 a 2}
t {set x [list a b]; lappend x [list c d] e; set x}
t {lappend q a; lappend q "b c"; llength $q}
t "set bad \\{; lappend bad x"
t {set x "\n a\tb\n"; lappend x; lappend x c}
t {set x " a "; lappend x}
t {glob -dir /nonexistent *.x}
t {glob -nocomplain -tails -directory /nonexistent *.x y}
t {glob /nonexistent/a /nonexistent/b}
t {file tail /a/b/c.txt}
t {file dirname /a/b/c.txt}
t {file dirname c}
t {file dirname /}
t {file extension a/b.tar.gz}
t {file rootname a/b.tar.gz}
t {file rootname abc}
t {file join a b c}
t {file join a /b c}
t {file join a b/}
t {file split /a/b}
t {file exists /nonexistent}
t {file isdirectory /}
t {file normalize /a/../b/./c}
puts [string length [lindex "{\\\\\n}" 0]]
puts [string length [lindex "{a\\\n  b}" 0]]
puts [string length [lindex [list "\\\\\n"] 0]]
