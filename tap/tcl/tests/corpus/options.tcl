# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {lsort -foo {a b}}
t {lsort -in {a b}}
t {lsort -index}
t {lsort -index {a b}}
t {lsort -stride 1 {a b}}
t {lsort -stride 2 {a b c}}
t {lsort -stride x {a b c}}
t {lsort -stride 2 {c 1 a 2 b 3}}
t {lsort -stride 2 -index 1 {c 3 a 1 b 2}}
t {lsort -stride 2 -index 2 {c 3 a 1 b 2}}
t {lsort -stride 2 -index {1 0} {c {3 x} a {1 z} b {2 y}}}
t {lsort -stride 2 -index 1 -indices {c 3 a 1 b 2}}
t {lsort -stride 2 -unique {c 3 a 1 c 2}}
t {lsort -indices {c a b}}
t {lsort -indices -decreasing -integer {3 1 2}}
t {lsort -index 1 {{a 1} {b}}}
t {lsort -index end {{a 1} {} {b 0}}}
t {lsort -index end-1 {{a 1} {b}}}
t {lsort -index {1 1} {{a {1 2}} {b {3 0}}}}
t {lsort -index {} {b a}}
t {lsort -index x {b a}}
t {lsort -index x {b}}
t {lsort -unique -integer {1 01 2 0x1}}
t {lsort -command {string compare} {b a c}}
t {lsort -unique -nocase {a A b B}}
t {lsort -unique -command {apply {{a b} {string compare [string range $a 0 0] [string range $b 0 0]}}} {aa ab ba ac}}
t {lsort -real {1 2.5 x}}
t {lsort -command {apply {{a b} {return x}}} {b a}}
t {lsort -command nosuch {b a}}
t {lsort -command nosuch {b}}
t {lsort}
t {lsort -increasing}
t {lsort -stride 2 -index 1 {{a b} {c d}}}
t {lsort -stride 3 -index end {a 1 z b 2 y}}
t {lsort -stride 2 -index -1 {a 1 b 2}}
t {lsearch -foo {a} b}
t {lsearch -index 1 {{a 1} {b 2}} 2}
t {lsearch -index 1 -inline {{a 1} {b 2}} 2}
t {lsearch -index 1 -subindices {{a 1} {b 2}} 2}
t {lsearch -index 1 -subindices -inline {{a 1} {b 2}} 2}
t {lsearch -index 1 -all -subindices {{a 2} {b 2}} 2}
t {lsearch -index 1 -all -subindices -inline {{a 2} {b 2}} 2}
t {lsearch -index {1 0} -all -subindices {{a {2 x}} {b {2 y}}} 2}
t {lsearch -index 3 {{a 1} {b 2}} 2}
t {lsearch -subindices {a b} b}
t {lsearch -bisect -all {a b} b}
t {lsearch -bisect -integer {1 3 5 7} 4}
t {lsearch -bisect -integer {1 3 5 7} 0}
t {lsearch -bisect -integer {1 3 3 7} 3}
t {lsearch -bisect -integer {1 3 3 7} 9}
t {lsearch -bisect -decreasing -integer {9 7 5} 6}
t {lsearch -sorted {a b c} b}
t {lsearch -sorted -integer {1 2 10} 10}
t {lsearch -sorted -inline {a b c} b}
t {lsearch -sorted -inline {a b c} d}
t {lsearch -sorted {c b a} a}
t {lsearch -sorted -decreasing {c b a} a}
t {lsearch -integer -exact {1 x 3} 3}
t {lsearch -integer -exact {1 2 3} x}
t {lsearch -integer {1 2 3} x}
t {lsearch -real -exact {1 2 3} 2.0}
t {lsearch -dictionary -exact {a1 a01} a01}
t {lsearch -start end-1 {a b a b} a}
t {lsearch -start 9 {a b} a}
t {lsearch -start 9 -inline {a b} a}
t {lsearch -start x {a b} a}
t {lsearch -start -3 {a b} a}
t {lsearch -start}
t {lsearch -start {a}}
t {lsearch -index {a} b}
t {lsearch -index {} {a b} b}
t {lsearch -nocase {aB Ab} ab}
t {lsearch -nocase -regexp {aB Ab} B$}
t {lsearch -regexp {a b} (}
t {lsearch -not -inline {a b} a}
t {lsearch -all -not -inline {a b c a} a}
t {lsearch a}
t {lsearch -a {a} a}
t {lsearch -al {a} a}
t {lsearch -exact -nocase {É} é}
t {lsearch -all {a b} c}
t {lsearch -all -inline {a b} c}
t {lsearch -index 0 -inline {{a 1}} z}
t {lsearch -index 0 -subindices {{a 1}} z}
t {lsearch -glob -sorted {a b} a*}
t {switch -matchvar m -regexp abc {a(.)c {set m}}}
t {switch -regexp -matchvar m -indexvar i -- xabc {a(.)(z)?c {list $m $i}}}
t {switch -matchvar m abc {abc {}}}
t {switch -indexvar m abc {abc {}}}
t {switch -regexp -matchvar m abc {x {} default {set m}}}
t {switch -regexp -indexvar m abc {x {} default {set m}}}
t {switch -regexp -exact abc {x {} default {set m}}}
t {switch -exact -exact abc {x {} default {set m}}}
t {switch -foo abc {x {}}}
t {switch -matchvar abc {x {}}}
t {switch -regexp -matchvar}
t {switch -regexp -matchvar x}
t {switch abc}
t {switch -- abc}
t {switch -glob -nocase ABC {a* {list yes}}}
t {switch abc {a}}
t {switch abc {a b #c d e}}
t {switch abc a b c}
t {switch -e abc {abc {list yes}}}
t {switch -- -exact {-exact {list y}}}
t {switch x {x - y - z {list yes}}}
t {switch x {x -}}
t {switch x y {list 1} x {list 2} default {list 3}}
t {switch x default {list 3} x {list 2}}
t {lsort -dictionary {a10 a9 A9 b1 a09 a1b a1a}}
t {lsort -dictionary -decreasing {x1y10 x1y9 x10y1 x2y1}}
t {lsort -dictionary -nocase {b A a B}}
t {lsort -nocase -decreasing {b A c}}
t {lsort -integer -decreasing -unique {3 1 3 2 1}}
t {lsort -real {1e2 99.5 -3 0x10}}
t {lsort -real -index 0 {{2.5 b} {1.5 a} {10 c}}}
t {lsort -increasing -decreasing {a c b}}
t {lsort -integer -index {0 end} {{{1 9} a} {{2 3} b}}}
t {lsort -index end {{a 3} {b 1 2} {c 1}}}
t {lsort {{b 1} {a 2} c}}
t {lsort -stride 3 -index 2 -integer {a x 3 b y 1 c z 2}}
t {lsort -stride 2 -index {1 end} -integer -decreasing {a {1 5} b {2 9} c {0 7}}}
t {lsort -stride 2 -command {apply {{a b} {expr {[string length $a] - [string length $b]}}}} {ccc 1 a 2 bb 3}}
t {lsort [list "b c" a {d {e}} ""]}
t {lsort {10 9 1 2 100}}
t {lsort "a\nb c"}
t {lsort -index 0 {{b x} {a y} {b a} {a b}}}
t {lsort -unique -index 0 {{b x} {a y} {b a} {a b}}}
t {lsort -unique -decreasing {a b c a b}}
t {lsort -indices -integer -index 1 {{a 3} {b 1} {c 2}}}
t {lsort -indices -stride 2 {b 1 a 2}}
t {lsort -command {apply {{a b} {error "no order"}}} {b a}}
t {lsort -unique {}}
t {lsort -stride 4 {}}
t {lsort -integer {3 2 {}}}
t {lsort -integer {3 2 1.0}}
t {lsort -dictionary {é e z É}}
t {lsort {é e z É}}
t {lsort -dec -int {1 3 2}}
t {lsearch -exact {a b c a} a}
t {lsearch -glob {alpha beta} {[b-z]*}}
t {lsearch -regexp -all {foo1 bar foo2} {o\d}}
t {lsearch -regexp -inline -not {foo1 bar foo2} {o\d}}
t {lsearch -all -inline -regexp -nocase {Foo BAR food} ^foo}
t {lsearch -start 2 -all {a a a a} a}
t {lsearch -start 2 -all -inline -not {a b a c} a}
t {lsearch -integer -exact {0x10 16 020} 16}
t {lsearch -integer -all -exact {0x10 16 020} 16}
t {lsearch -real -all -exact {1.0 1 1e0 2} 1}
t {lsearch -index end -glob {{a foo} {b c bar}} b*}
t {lsearch -index {0 1} -exact {{{a b} x} {{c d} y}} d}
t {lsearch -index {0 1} -inline -exact {{{a b} x} {{c d} y}} d}
t {lsearch -all -index 0 -not -exact {{a 1} {b 2} {a 3}} a}
t {lsearch -sorted -integer -inline {1 5 9} 5}
t {lsearch -sorted -real {0.5 1.5 2.5} 1.5}
t {lsearch -sorted -dictionary {a1 a2 a10} a10}
t {lsearch -sorted -nocase {A b C} c}
t {lsearch -sorted -all {a b b c} b}
t {lsearch -sorted -not {a b b c} a}
t {lsearch -bisect {a c e} d}
t {lsearch -bisect -real {1.5 2.5} 2.0}
t {lsearch -bisect -inline -integer {1 3 5} 4}
t {lsearch -bisect {} x}
t {lsearch -exact {} {}}
t {lsearch -exact {{}} {}}
t "lsearch \"a\\{b c\" c"
t {lsearch -inline {a*b axb} a\\*b}
t {lsearch -exact -start end {x y x} x}
t {lsearch -decreasing -sorted -integer {9 5 1} 5}
t {switch -regexp -nocase ABC {b {list found}}}
t {switch -glob -- a.b {*.c {list c} *.b {list b}}}
t {switch -regexp -matchvar m -- 2026-11-30 {{(\d+)-(\d+)-(\d+)} {lassign $m all y mo d; list $d $mo $y}}}
t {switch -regexp -matchvar m -- xyz {{(\d+)} {set m} default {llength $m}}}
t {set r {}; foreach v {1 22 abc} {switch -regexp -matchvar m -- $v {{^(\d)$} {lappend r one $m} {^\d+$} {lappend r many} default {lappend r none}}}; set r}
t {switch -exact -nocase -- Yes {yes - no {list word}}}
t {switch x {a - b {list 1} x - y - z {list 2} default {list 3}}}
t {switch {} {{} {list empty} default {list other}}}
t {switch -- {} {a {list a}}}
t {switch default {a {list a} default {list d}}}
t {switch default {default {list first} b {list b}}}
t {switch -regexp a.b {a\\.b {list esc} a.b {list any}}}
t {switch -glob {[x]} {{[x]} {list class} {\[x\]} {list literal}}}
t {switch 1 {1 {break}}}
t {proc sw v {switch $v {a {return A} b {return B}}; return none}; list [sw a] [sw b] [sw c]}
t {foreach i {1 2 3} {switch $i {2 {continue}}; lappend seen $i}; set seen}
t {switch -no ABC {abc {list yes}}}
t {switch -i x {x {}}}
