# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {set a 5; set b "x $a y"; set b}
t {set a {no $sub [here] \n}}
t {set a "tab\there nl\\n q\" \x41 \u00e9 \101"}
t {set l [list a "b c" {d {e f}} {} "\{" "x\\"]; puts $l; llength $l}
t {set x a; append x b c; set x}
t {set arr(one) 1; set i one; set arr($i)}
t {set "arr(two words)" 2; set k "two words"; puts $arr($k); lsort [array names arr]}
t {puts "${a}b"; set {odd name} 3; puts ${odd name}}
t {set s "a\
   b"; set s}
t {set s {a\
   b}; set s}
t {# comment \
 continued
 set z ok}
t {list {*}{a b c} {*}[list d e] f}
t {set x [set y 5; incr y]}
t {puts -nonewline "x"; puts y}
t {list a;list b}
t {set x "a;b"}
t {foo bar}
t {set}
t {set x y z}
t "set x {a"
t {set x "a}
t {set x [list a}
t {list {a}b}
t {list "a"b}
t {set x $}
t {set x a$ }
t {set x $undefined}
t {set x $arr(nope)}
t {set x $arr}
t {set a(1) 1}
t {puts "nested [list [list a [list b]] c]"}
t {list \$a \[b\] \{c \} \; \  }
t {set list {a b
c	d}
llength $list}
t {set ::g 7; set g}
t {proc withns {} { return $::g }; withns}
t {list "\a\b\f\v" }
t {list a\ b c\;d}
t {string length "\U0001F600x"}
t {subst {a $g [list x y] \t|}}
t {subst -nocommands {a $g [list]}}
t {subst -novariables {a $g [list q]}}
t {subst -nobackslashes {a\n$g}}
t {list #a b}
t {list a #b}
t {list {#a} {}}
t {lindex {a {b c} "d e" f\ g} 3}
t "llength \"a \\{b\""
t {llength "a \{b\}c"}
t {llength "a \"b\"c"}
t {set x {}; lappend x {a b} c; lappend x; set x}
t {eval {set q 1} ; eval set q 2; set q}
t {eval [list set q "a b"]; set q}
