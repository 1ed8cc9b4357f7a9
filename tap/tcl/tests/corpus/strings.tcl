# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {string length hello}
t {string index hello 1}
t {string index hello end}
t {string index hello end-1}
t {string index hello 99}
t {string range hello 1 3}
t {string range hello 1 end}
t {string range hello -5 2}
t {string range hello 3 1}
t {string equal a a}
t {string equal -nocase A a}
t {string compare a b}
t {string compare b a}
t {string compare -length 2 abc abd}
t {string match a*c abbbc}
t {string match {a?c} abc}
t {string match {[a-c]x} bx}
t {string match {[a-c]x} dx}
t {string match {\*} *}
t {string match -nocase ABC abc}
t {string match *b*c* xbyczz}
t {string match {} {}}
t {string match * {}}
t {string match a b}
t {string map {a 1 b 2} abcab}
t {string map {abc x ab y} abcab}
t {string map {} abc}
t {string map {a} abc}
t {string first l hello}
t {string first l hello 3}
t {string first z hello}
t {string last l hello}
t {string last l hello 2}
t {string first {} abc}
t {string tolower ABC}
t {string toupper abc}
t {string totitle "hELLO wORLD"}
t {string trim "  a b  "}
t {string trimleft "xxabcxx" x}
t {string trimright "xxabcxx" x}
t {string trim "\n\t a \n"}
t {string repeat ab 3}
t {string repeat ab 0}
t {string reverse abc}
t {string replace hello 1 3 XX}
t {string replace hello 1 3}
t {string replace hello 3 1 XX}
foreach cls {integer digit alpha alnum space boolean true false double upper lower punct xdigit wideinteger list ascii wordchar} {
  foreach v {12 abc 1.5 {} yes 0x1f " " ABC a_b -5 1e5 . true 0 é} { t [list string is $cls $v]; t [list string is $cls -strict $v] }
}
f {string nosuch a}
t {string length}
f {string is nosuch x}
t {string cat a b c}
t {format "%d %5d|%-5d|%05d" 1 2 3 4}
t {format "%s %10s|%-10s|%.2s" a b c defg}
t {format "%x %X %#x %o %b" 255 255 255 8 5}
t {format "%f %.2f %8.3f" 1.5 2.345 3.14159}
t {format "%e %g %g %g" 12345.678 0.0001 1e10 100000}
t {format "%g %G" 1e-10 1e-10}
t {format "%c%c" 72 105}
t {format "%%"}
t {format "%2\$s %1\$s" a b}
t {format "%*d" 5 42}
t {format "%+d % d" 5 5}
t {format "%d" abc}
t {format "%d"}
t {format "%y" 1}
t {format "%5.1f%%" 99.55}
t {format "%u" 7}
t {format "%03d.%02d" 7 5}
t {format "%s" [list a {b c}]}
t {format {%-20s|} name}
t {format "%i" 42}
t {format "%08.3f" 3.14159}
t {format "%x" -1}
t {format "%5s%%" 50}
t {split "a,b,c" ,}
t {split "a b  c"}
t {split "abc" ""}
t {split "" ,}
t {split "a,b;c" ",;"}
t {split "line1\nline2\n" "\n"}
t {join {a b c} -}
t {join {a {b c} d}}
t {join {} x}
t {concat a {b c} "  d  " {}}
t {concat}
t {append newstr a b; set newstr}
t {append nosuch}
t {format "%hd %hi %hu %hx" 70000 -70000 -1 -1}
t {format %ld 70000}
