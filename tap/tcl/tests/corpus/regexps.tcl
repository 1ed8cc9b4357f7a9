# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {regexp {a+b} xaab}
t {regexp {a+b} xab m; set m}
t {regexp {(\d+)-(\d+)} "tel 12-34" m a b; list $m $a $b}
t {regexp -nocase ABC xabcx}
t {regexp -all {a} banana}
t {regexp -all -inline {\w+} "the quick fox"}
t {regexp -inline {(a)(b)?} a}
t {regexp -indices {b+} abbbc m; set m}
t {regexp -all -inline -indices {a.} abacad}
t {regexp {^abc$} abc}
t {regexp {^b} "a\nb"}
t {regexp -line {^b} "a\nb"}
t {regexp {a.b} "a\nb"}
t {regexp -line {a.b} "a\nb"}
t {regexp {[[:digit:]]+} abc123 m; set m}
t {regexp {[]a]+} "x]a]" m; set m}
t {regexp {[^]a]+} "]xy" m; set m}
t {regexp {[a\]]+} {x]a} m; set m}
t {regexp {\[init\]} {[init]}}
t {regexp {[a-c-]+} x-b m; set m}
t {regexp {a{2,3}} aaaa m; set m}
t {regexp {a{2}?} aaaa m; set m}
t {regexp "x\{y\}" "x\{y\}"}
t {regexp {a|b} b}
t {regexp {(?:ab)+} ababx m; set m}
t {regexp {a*?b} aab m; set m}
t {regexp {\mfoo\M} "a foo b"}
t {regexp {\yfoo\y} "afoo"}
t {regexp {\Aab} ab}
t {regexp {ab\Z} ab}
t {regexp {\x41} A}
t {regexp {\u0041} A}
t {regexp {a\.b} a.b}
t {regexp {\-\>} "->"}
t {regexp {init -> test} "[init -> test]"}
t {regexp -- {-x} "a-x"}
t {regexp {(?i)ABC} abc}
t {regexp {***=a.b} a.b}
t {regexp {***=a.b} axb}
e {regexp {*a} a}
f {regexp "a(" a}
t {regexp {a|} a}
t {regexp {} a}
t {regexp {()} a}
e {regexp "a\[" a}
f {regexp -bogus a a}
t {regexp a}
t {regexp -start 2 a abca m; set m}
t {regexp {(a)|(b)} b m x y; list $m $x $y}
t {regexp {nomatch} abc m; info exists mm}
t {regexp {\s+} "a b"}
t {regexp {[\s]+x} "a x"}
t {regexp {[&&a]} a}
t {regexp {[a~~b]} b}
t {regexp {#x y} "#x y"}
t {regexp "a\}b" "a\}b"}
t {regexp {\e\[0m} "\033\[0m"}
t {regsub a banana X}
t {regsub -all a banana X}
t {regsub -all a banana X v; set v}
t {regsub {(\w+) (\w+)} "hello world" {\2 \1}}
t {regsub -all {\w} abc {<&>}}
t {regsub -all {b} abc {\&}}
t {regsub -all {b} abc {\\}}
t {regsub -all {x*} abc -}
t {regsub -all {^\s+} "  a" ""}
t {regsub {z} abc X}
t {regsub z abc X v}
t {regsub -all {[\r\n]+} "a\r\n\r\nb\nc" "\n"}
t {regsub -all {\e\[.*?m} "\033\[31mred\033\[0m x" ""}
t {regsub -nocase -all B abB x}
t {regsub -start 2 -all a aaaa b}
t {regsub -all {(\d+)} "a1b22" {[\1]}}
t {regsub -all {0x[0-9a-f]+} "at 0xdeadbeef and 0x1" "UNIFIED"}
t {regsub -all -line {^} "a\nb" "> "}
t {regsub}
t {regexp -inline {[^>]*} "<b>c"}
t {regexp -inline {[<>]+} "a<>b"}
t {regexp -inline {[&~^-]+} "a&~^-b"}
t {regexp -inline {[]a/"'!=@%,]+} {x]a/"'!=@%,}}
t {regsub -all {[^<>]+} "a<b>c" .}
