# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {dict map {k v} {a 1 b 2} {expr {$v * 10}}}
t {dict map {k v} {a 1 b 2 c 3} {if {$v == 2} continue; set v}}
t {dict map {k v} {a 1 b 2 c 3} {if {$v == 2} break; set v}}
t {dict map {k v} {} {error no}}
t {dict map {k} {a 1} {}}
t {dict map {k v} {a 1}}
t {dict map {k v} {a} {}}
t {dict map {k v} {a 1 a 2} {set v}}
t {proc dm d {dict map {k v} $d {if {$k eq "stop"} {return early}; set v}}; list [dm {a 1}] [dm {a 1 stop 2 b 3}]}
t {dict map {k v} {a 1 b x} {incr v}}
t {dict filter {abc 1 bcd 2 cde 3} key *c*}
t {dict filter {abc 1 bcd 2 cde 3} key a* c*}
t {dict filter {abc 1 bcd 2 cde 3} key}
t {dict filter {a foo b bar c baz} value b*}
t {dict filter {a 1 b 2 c 3} script {k v} {expr {$v > 1}}}
t {dict filter {a 1 b 2 c 3} script {k v} {if {$k eq "b"} break; expr 1}}
t {dict filter {a 1 b 2 c 3} script {k v} {if {$k eq "b"} continue; expr 1}}
t {dict filter {a 1} script {k v} {set x maybe}}
t {dict filter {a 1} script {k} {}}
t {dict filter {a 1} script {k v}}
t {dict filter {a 1} nosuch x}
t {dict filter {a 1}}
t {dict filter {a 1 b 2} k a}
t {dict filter {a} key *}
t {set d {a 1 b 2}; dict update d a x b y {incr x 10; set y new}; set d}
t {set d {a 1 b 2}; dict update d a x c z {unset x; set z 3}; set d}
t {set d {a 1 b 2}; dict update d a x {error oops}}
t {set d {a 1}; catch {dict update d a x {set x 5; error oops}}; set d}
t {set d {a 1}; dict update d a x {unset d}; info exists d}
t {set d {a 1}; dict update d a x}
t {dict update nosuchdict a x {}}
t {set d {a 1}; dict update d a x {set d notadict}}
t {proc du {} {set d {n 1}; dict update d n n {incr n; return [incr n]}; return no}; du}
t {set d {x 1 y 2}; dict with d {set x [expr {$x + $y}]}; set d}
t {set d {x 1 y 2}; dict with d {unset x}; set d}
t {set d {a {x 1 y 2} b 3}; dict with d a {incr x 5}; set d}
t {set d {a {b {c 1}}}; dict with d a b {incr c}; set d}
t {set d {a 1}; dict with d b {}}
t {set d {x 1}; dict with d {}; set x}
t {set d {x 1}; catch {dict with d {incr x; error oops} } m; list $m $d}
t {dict with}
t {dict with d}
t {set d {p 1 q}; dict with d {}}
t {set r {}; dict for {k v} {a 1 b 2 c 3} {if {$k eq "b"} continue; lappend r $k}; set r}
t {set r {}; dict for {k v} {a 1 b 2 c 3} {if {$k eq "b"} break; lappend r $k}; set r}
t {dict for {k v} {a 1} {return -code 7 x}}
t {dict for k {a 1} {}}
t {dict for {k v} {a 1 b} {}}
t {dict get {a {b {c 1}}} a b c}
t {dict get {a {b {c 1}}} a x c}
t {dict get {a 1 b 2}}
t {dict get {a 1} a b}
t {dict exists {a {b 1}} a b}
t {dict exists {a {b 1}} a c}
t {dict exists {a b c} a}
t {dict exists {a 1} a b}
t {dict keys {abc 1 abd 2 x 3} ab*}
t {dict values {a foo b bar c foo} f*}
t {dict size {a 1 a 2}}
t {dict size {a}}
t {dict size {}}
t {set d {}; dict set d a b c 1; dict set d a b d 2; set d}
t {set d {a 1}; dict set d a b 2}
t {set d {a 1 b 2 c 3}; dict unset d b; set d}
t {set d {a {b 1 c 2}}; dict unset d a b; set d}
t {set d {a 1}; dict unset d x; set d}
t {set d {a 1}; dict unset d x y}
t {dict unset newdict k; set newdict}
t {set d {n 5}; dict incr d n -2; dict incr d m; set d}
t {set d {n x}; dict incr d n}
t {set d {}; dict incr d n 1.5}
t {set d {l {a b}}; dict lappend d l {c d} e; set d}
t {set d {s ab}; dict append d s cd ef; dict append d new x; set d}
t {set d {}; dict lappend d k; set d}
t {dict merge}
t {dict merge {a 1}}
t {dict merge {a 1 b 2} {} {b 9} {c 1 a 7}}
t {dict merge {a 1} {b}}
t {dict remove {a 1 b 2 c 3} c a z}
t {dict remove {a 1}}
t {dict replace {a 1 b 2} b 3 c 4}
t {dict replace {a 1} b}
t {dict create}
t {dict create k {a b} {x y} z}
t {dict create a 1 b 2 a 3}
t {dict info {a}}
t {dict}
t {dict nosuch}
t {dict se x a 1}
t {dict set}
t {dict get}
t {dict incr d}
t {set d [dict create a 1]; lappend d b 2; dict get $d b}
t {set d {b 1 a 2}; llength $d}
t {set d "a 1\n b 2"; dict set d c 3; set d}
t {set d {a 1 b 2 a 3}; dict set d b 4; set d}
t {dict get [list a 1 {b c} "x y"] "b c"}
t {set d {a 1}; set e $d; dict set e b 2; list $d $e}
t {proc pd {d k} {dict get $d $k}; pd {x {1 2 3}} x}
t {set total 0; dict for {k v} {a 1 b 2 c 3} {incr total $v}; set total}
t {dict for {k v} [dict filter [dict create a 1 bb 2 ccc 3] script {k v} {expr {[string length $k] % 2}}] {lappend odd $k}; set odd}
t {dict map {k v} {x 1 y 2} {dict create $k $v}}
t {array set arr {a 1 b 2}; dict size [array get arr]}
t {set d {a {1 2 3}}; lindex [dict get $d a] end}
t {dict keys {b 1 a 2 c 3}}
t {set d {}; foreach w {a b a c a b} {dict incr d $w}; set d}
t {lsort -stride 2 -index 1 -integer -decreasing {a 3 b 10 c 1}}
t {set d {é 1 日本 2}; dict get $d 日本}
t {set d {a 1}; dict with d {set b 2}; set d}
t {set d {{} 1}; dict get $d {}}
