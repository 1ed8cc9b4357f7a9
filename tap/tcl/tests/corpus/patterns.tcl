# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {regexp {^([a-z]+)://([^:/]+)(?::(\d+))?(/.*)?$} http://host:80/path all scheme host port path; list $scheme $host $port $path}
t {regexp {^([a-z]+)://([^:/]+)(?::(\d+))?(/.*)?$} ftp://x all scheme host port path; list $scheme $host $port $path}
t {regexp -inline {(\w+)\s+\1} "the the cat"}
t {regexp -all {a} banana}
t {regexp -all -inline {(\w)(\d)} "a1 b2 c3"}
t {regexp -indices -inline {b(c)?} abd}
t {regexp -all -indices -inline {\d+} "a12b345"}
t {regexp -start 3 {a} banana m; set m}
t {regexp -start end {a} banana}
t {regexp -line {^b$} "a\nb\nc"}
t {regexp {^b$} "a\nb\nc"}
t {regexp -lineanchor {^b} "a\nb"}
t {regexp -linestop {a.b} "a\nb"}
t {regexp {a.b} "a\nb"}
t {regexp -expanded { a \s b # comment
} "a b"}
t {regexp -nocase {HELLO} hello}
t {regexp -- -x a-x}
t {regexp -about {(a)(b)}}
t {regexp {a{2,3}} caaaat m; set m}
t {regexp {a{2,3}?} caaaat m; set m}
t {regexp {a{2}} caaaat m; set m}
t {regexp {a{,3}} a}
t {regexp {(a|ab)(c|bcd)(d*)} abcd all a b c; list $all $a $b $c}
t {regexp {x*} aaa m; set m}
t {regexp {[[:digit:]]+} ab12 m; set m}
t {regexp {[[:space:]]} "a b"}
t {regexp {[[:nosuch:]]} a}
t {regexp {\yfoo\y} "a foo b"}
t {regexp {\mfoo} "afoo foo" m; set m}
t {regexp {foo\M} foobar}
t {regexp {\Afoo\Z} foo}
t {regexp {^\s*$} "  \t"}
t {regexp {[^\n]+} "a\nb" m; set m}
t {regexp {[]a]} ]}
t {regexp {[a-]} -}
t {regexp {[\]]} ]}
t {regexp {\.} a.b}
t {regexp {a\tb} "a\tb"}
t {regexp {\x41} A}
t {regexp {(?i)abc} ABC}
t {regexp {(?n)^b$} "a\nb"}
t {regexp {(?x) a b } ab}
t {regexp {a(?=b)} ab m; set m}
t {regexp {a(?!b)} ac m; set m}
t {regexp {(?:ab)+} ababx m; set m}
t {regexp {(a*)*} b m; set m}
t {regexp {(a|b)*c} ababc m g; list $m $g}
t {regexp {(} x}
t {regexp {[a} x}
t {regexp {a**} x}
t {regexp {*a} x}
t {regexp {a{3,2}} x}
t "regexp \\\\ x"
t {regexp x}
t {regexp -bad x y}
t {regexp -inline x y z}
t {regexp {***=a.b} a.b}
t {regexp {***=a.b} axb}
t {regexp {(?q)a+b} a+b}
t {regexp {} abc m; set m}
t {regexp {$} abc}
t {regexp {a|b|} c m; string length $m}
t {regsub {b+} abbbc X}
t {regsub -all {b} abbbc X}
t {regsub {(\w+) (\w+)} "hello world" {\2 \1}}
t {regsub {z} abc X}
t {regsub -all {z} abc X r; set r}
t {regsub -all {[aeiou]} "hello" {[&]} r; set r}
t {regsub {b} abc {\\&}}
t {regsub {b} abc {\&}}
t {regsub -all {^} "a" X}
t {regsub -all {$} "a" X}
t {regsub -all -line {^} "a\nb" "> "}
t {regsub -all {x*} abc -}
t {regsub -all {\s+} "a  b   c" " "}
t {regsub -nocase {B} abc X}
t {regsub -start 2 {a} aaaa X}
t {regsub -all -start 2 {a} aaaa X}
t {regsub {(a)(b)?} ac {<\1|\2>}}
t {regsub {.*} abc {(&)}}
t {regsub -all {.*} abc {(&)}}
t {regsub -all {(.)(.)} abcd {\2\1}}
t {regsub a b}
t {regsub -bad a b c}
t {regsub -all {\[.*?\]} {a[b]c[d]e} {}}
t {regsub -all {<[^>]*>} "<a>text</a>" ""}
t {regsub -all {(\d+)} "a1b22" {<\1>}}
t {regsub {\n} "a\nb" { }}
t {regsub -all {\\} {a\b\c} /}
t {regsub -all {"} {say "x"} {'}}
t {regexp {\[init -> (\w+)\]} {[init -> test] x} m n; set n}
t {regexp {.*?(\d+)} abc123 m d; list $m $d}
t {regexp {(\d+)$} "x 12 34" m d; set d}
t {regexp {^(.*):(.*)$} a:b:c m x y; list $x $y}
t {regexp {^(.*?):(.*)$} a:b:c m x y; list $x $y}
t {regexp {(ab?)(b?c)} abc m x y; list $x $y}
t {regexp -inline {(?:x|(y))z} xz}
t {regexp {\d{4}-\d{2}} "on 2026-11-30" m; set m}
t {regexp {^[+-]?\d+$} -12}
t {regexp {^[+-]?\d+$} 1-2}
t {regexp {a.c} abc\n}
t {regexp -inline -all -line {^\w+} "one two\nthree"}
t {regexp -all -inline {(?n)^.*$} "a\nb"}
t {set re {(\w)}; regsub -all $re ab {$\1}}
t {regexp {\$x} {a$x}}
t {regexp "\\\$" a\$}
t {regexp {a\\b} {a\b}}
t {regexp {[\\]} \\}
t {regexp {\D\S\W} "a-!"}
t {regexp {[\d]+} a12 m; set m}
t {regexp {[^\d\s]+} "12 ab" m; set m}
t {regexp {\u0041} A}
t {regexp {(a+|b+)+c} aabbc m g; list $m $g}
t {regexp {^((a)|(b))*$} ab m x y z; list $x $y $z}
t {regexp {x{0}} abc m; set m}
t {regexp {(?:a{1,2}){2}} aaaa m; set m}
t {regexp -indices {(b)(x)?} abc m g h; list $m $g $h}
t {regexp {a} b m; info exists m}
