# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {list [catch {error msg} r o] $r [dict get $o -code] [dict get $o -level]}
t {list [catch {return -code 5 x} r o] $r [dict get $o -code] [dict get $o -level]}
t {list [catch {return -code error -errorcode {A B} x} r o] $r [dict get $o -errorcode]}
t {catch {set x 5} r o; set o}
t {catch {break} r o; set o}
t {catch {return 5} r o; set o}
t {catch {error a b {C D}} r o; dict get $o -errorcode}
t {catch}
t {catch a b c d}
t {catch {} x y; list $x $y}
t {proc p {} {return -code error "from p"}; list [catch p m] $m}
t {proc p {} {return -code return "skips"}; proc q {} {p; return no}; q}
t {proc p {} {return -code continue}; set r {}; foreach i {1 2 3} {if {$i == 2} p; lappend r $i}; set r}
t {proc p {} {return -code 7 odd}; list [catch p m] $m}
t {proc p {} {return -level 2 up}; proc q {} {p; return no}; q}
t {proc p {} {return -level 0 -code break}; set n 0; while 1 {incr n; p}; set n}
t {proc p {} {return -level 0 here; return there}; p}
t {return -code nosuch x}
t {return -level x y}
t {return -level -1 y}
t {return a b}
t {proc p {} {return -code ok fine}; p}
t {proc p {} {return -options {-code error} bad}; list [catch p m] $m}
t {proc p {} {return -options {-code break}}; foreach i {1 2} {p}; set i}
t {proc rethrow {} {catch {error first} m o; return -options $o $m}; list [catch rethrow m] $m}
t {proc rethrow {} {catch {return -code error -errorcode {X 1} first} m o; return -options $o $m}; list [catch rethrow m o] $m [dict get $o -errorcode]}
t {try {error a} on error {m o} {list $m [dict get $o -code]}}
t {try {set x 1} on error {} {set x 2}; set x}
t {try {error a} on error {} {error b}}
t {try {return x} on return {v} {list got $v}}
t {try {break} on break {} {list broke}}
t {try {continue} on continue {} {list went on}}
t {try {set x ok} on ok {v} {list $v} on error {} {list bad}}
t {try {throw {MY CODE 5} msg} trap {MY CODE} {m o} {list $m [dict get $o -errorcode]}}
t {try {throw {MY CODE 5} msg} trap {MY OTHER} {} {list wrong} trap MY {} {list right}}
t {try {throw {MY CODE 5} msg} trap {} {m} {list any $m}}
t {try {error plain} trap NONE {m} {list none $m}}
t {try {error a} on error - on ok {} {list shared}}
t {set r {}; try {lappend r body} finally {lappend r end}; set r}
t {set r {}; catch {try {lappend r body; error x} finally {lappend r end}}; set r}
t {set r {}; try {error x} on error {} {lappend r h} finally {lappend r f}; set r}
t {try {set a 1} finally {error fin}}
t {try {error body} finally {error fin}}
t {proc p {} {try {return 1} finally {set ::fin yes}}; list [p] $fin}
t {proc p {} {try {return 1} finally {return 2}}; p}
t {foreach i {1 2 3} {try {if {$i == 2} break} finally {lappend fr $i}}; set fr}
t {try}
t {try {} on}
t {try {} nosuch}
t {try {} on nosuch {} {}}
t {try {} trap}
t {try {} finally}
t {try {} finally {} more}
t {try {list 1} on 0 {v} {list zero $v}}
t {try {return -code 9 -level 0 z} on 9 {v} {list nine $v}}
t {throw {} msg}
t {throw X}
t {throw {A B} "a message"}
t {list [catch {throw {A B} m} r o] [dict get $o -errorcode]}
t {error "a b" info CODE}
t {catch {error m i {P Q}}; set ::errorCode}
t {catch {expr {1/0}} m o; dict get $o -errorcode}
t {catch {nosuchcmd} m o; dict get $o -errorcode}
t {catch {set nosuchvar} m o; dict get $o -errorcode}
t {catch {dict get {a 1} b} m o; dict get $o -errorcode}
t {catch {lindex {a b} x} m o; dict get $o -errorcode}
t {catch {incr notint x} m o; dict get $o -errorcode}
t {catch {string index} m o; dict get $o -errorcode}
t {catch {expr {"a" + 1}} m o; dict get $o -errorcode}
t {catch {error x} m; set ::errorInfo; list $m}
t {while 1 {catch {break}; break}; list out}
t {set n 0; while {$n < 5} {if {[catch {if {$n == 3} {error stop}; incr n}]} break}; set n}
t {proc deep n {if {$n == 0} {error bottom}; deep [incr n -1]}; list [catch {deep 5} m] $m}
t {proc cleanup {} {set r {}; foreach x {a b} {try {if {$x eq "b"} {error $x}; lappend r $x} on error e {lappend r caught-$e}}; return $r}; cleanup}
t {catch {catch {error inner} m; error "outer: $m"} n; set n}
t {list [catch {uplevel 1 {error up}} m] $m}
t {list [catch {eval {return 3}} m] $m}
t {if {[catch {open /nonexistent/file}]} {list failed} else {list opened}}
t {proc chk {x} {if {$x < 0} {return -code error -errorcode {RANGE LOW} "too low: $x"}; return $x}; list [catch {chk -1} m o] $m [dict get $o -errorcode] [chk 3]}
t {proc w {script} {set c [catch {uplevel 1 $script} m o]; dict incr o -level; return -options $o $m}; proc user {} {w {return done}; return no}; user}
t {proc w {script} {set c [catch {uplevel 1 $script} m o]; dict incr o -level; return -options $o $m}; set r {}; foreach i {1 2 3} {w {if {$i == 2} break}; lappend r $i}; set r}
t {proc until {cond body} {while 1 {uplevel 1 $body; if {[uplevel 1 [list expr $cond]]} break}}; set k 0; until {$k >= 3} {incr k}; set k}
t {proc lv {} {upvar #0 gvar g; set g 5}; lv; set gvar}
t {proc lv {} {upvar 0 a b; set a 1; set b 2; set a}; lv}
t {proc inner {} {upvar 2 x y; set y changed}; proc outer {} {inner}; set x orig; outer; set x}
t {proc f {} {upvar 1 arr(k) e; set e 7}; f; set arr(k)}
t {proc f {an} {upvar 1 $an a; set a(z) 26; array size a}; f letters; array get letters}
t {proc f {} {upvar 1 unsetvar u; info exists u}; f}
t {proc f {} {upvar 1 newone u; set u 3}; f; set newone}
t {proc f {} {set x 1; upvar 1 y x}; f}
t {upvar}
t {upvar x}
t {proc f {} {upvar 1 a}; f}
t {upvar #5 a b}
t {uplevel}
t {proc f {} {uplevel #0 {set glob 8}}; f; set glob}
t {proc f {} {uplevel 1 set fromf 4}; f; set fromf}
t {proc f {} {uplevel 1 {return early}; return late}; f}
t {proc g {} {uplevel 1 {info level}}; proc f {} {g}; f}
t {proc f {} {uplevel 2 {}}; f}
t {uplevel 1}
t {proc f {} {set loc 3; g}; proc g {} {uplevel {set loc}}; f}
t {proc f args {llength $args}; f {*}{a b} c {*}{} {*}[list d e]}
t {proc f {a {b 1} {c 2}} {list $a $b $c}; list [f x] [f x y] [f x y z]}
t {proc f {{a 1} b} {list $a $b}; list [catch {f x} m] $m}
t {proc f {args b} {list $args $b}; f 1 2}
t {proc f {a a} {}; f 1 2}
t {proc f {a(1)} {}}
t {proc f {{a b c}} {}}
t {proc f {{}} {}}
t {proc f}
t {proc {odd name} {} {return odd}; {odd name}}
t {proc f {} {proc g {} {return inner}; g}; f; g}
t {proc f n {if {$n} {f [expr {$n-1}]} else {info level}}; f 4}
t {proc f {} {info level 0}; f}
t {proc f {x} {info level -1}; proc g {} {f 5}; g}
t {info level 5}
t {proc f {} {global a b; set a 1; set b 2; list [info exists a] [lsort [info locals]]}; f}
t {proc f {} {set q 1; unset q; info exists q}; f}
t {proc f {} {variable gv; set gv 9}; f; set gv}
t {rename puts oldputs; proc puts args {oldputs "wrapped"}; puts hi; rename puts ""; rename oldputs puts; list back}
t {rename nosuch other}
t {proc r1 {} {return 1}; proc r2 {} {return 2}; rename r1 r2}
t {info commands r1*}
t {info args f}
t {info args nosuch}
t {proc f {a {b 5}} {}; list [info default f a x] [info default f b y] $y}
t {info default f zz x}
t {info body nosuch}
t {info exists arr(nosuch)}
f {info nosuch}
t {info exists}
t {apply {{x} {expr {$x * 2}}} 21}
t {apply {{x {y 5}} {+ $x $y}} 1}
t {apply {x {return $x}} a b}
t {apply {x}}
t {apply {args {llength $args}} a b c}
t {apply}
t {set f {x {incr x}}; apply $f 4}
t {lmap f {{x {incr x}} {x {expr {$x*$x}}}} {apply $f 5}}
t {incr i; incr i 0x10; set i}
t {incr i 1.5}
t {incr}
t {set v " 5 "; incr v}
t {append}
t {append ap a; append ap "" b c}
t {set a(x) 1; append a(x) 2; incr a(x); set a(x)}
t {set a(x,y) 1; set i x; set a($i,y)}
t {unset a(x); array names a}
t {unset -nocomplain a zz; info exists a}
t {unset}
t {unset a(nosuch)}
t {array set z {k v}; set z}
t {array get z}
t {array names z k*}
t {array size nosucharray}
t {array exists z}
t {array set z {a}}
f {array nosuch z}
t {array}
t {foreach {a b} {1 2 3} c {x} {lappend fe "$a,$b,$c"}; set fe}
t {foreach {} {1 2} {}}
t {foreach x}
t {foreach a {1 2} b {3 4} {lappend fp [expr {$a*$b}]}; set fp}
t {lmap {a b} {1 2 3 4} {expr {$a+$b}}}
t {lmap x {1 2 3 4} {if {$x > 2} break; set x}}
t {for {set i 0; set s 0} {$i < 10} {incr i} {if {$i % 2} continue; incr s $i}; set s}
t {while 0 {error never}}
t {while {[incr w] < 5} {}; set w}
t {for {} 0 {} {}}
t {for {set i 0} {$i < 3} {incr i} {set i 5}; set i}
t {if {} {}}
t {if 1 {list a} {list b}}
t {if 0 {list a} {list b}}
t {if 0 {list a} else {list b} more}
t {if yes {list truth}}
t {if {"off"} {list on} else {list off}}
t {if maybe {}}
t {if {[string length abc] == 3 && [lindex {1 0} 0]} {list both}}
t {eval list {a b} {c d}}
t {eval [list list {a b} {c d}]}
t {eval {set x 1; set y 2}; expr {$x + $y}}
t {eval "list \"a b\" c"}
t {subst {[list a b] $nosuchv}}
t {set sv 5; subst {$sv [set sv] \$sv}}
t {subst -nocommands -novariables {a\tb [x] $y}}
t {subst {a[break]b}}
t {subst {a[continue]b}}
t {subst {x[return y]z}}
t {subst -nosuch x}
t {subst {unfinished [list a}}
t {subst {$arr(k) ${sv}}}
t {time}
