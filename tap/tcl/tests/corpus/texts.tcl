# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {string is integer 2147483648}
t {string is integer 4294967295}
t {string is integer 4294967296}
t {string is integer -4294967295}
t {string is wideinteger 9223372036854775807}
t {string is wideinteger 99999999999999999999}
t {string is entier 99999999999999999999}
t {string is integer " 5 "}
t {string is integer 0b12}
t {string is integer 08}
t {string is integer +7}
t {string is integer 1e3}
t {string is double 1e3}
t {string is double .5}
t {string is double 5.}
t {string is double "1 2"}
t {string is double Inf}
t {string is double nan}
t {string is double 0x1F}
t {string is boolean tru}
t {string is boolean o}
t {string is boolean 2}
t {string is true 1}
t {string is false no}
t {string is true TRUE}
t "string is list \"a \\{b} c\""
t {string is list "a \{b"}
t {string is list {}}
t {string is -strict alpha x}
t {string is alpha -failindex i ab1; set i}
t {string is digit -failindex i 12x; set i}
t {string is integer -failindex i 12x; set i}
t {string is alpha -strict -failindex i {}; set i}
t {string is alpha -failindex i abc; info exists i}
t {string is list -failindex i "a \{b"; set i}
t {string is space "\t\n \u00a0"}
t {string is alnum é1}
t {string is upper ÀÉ}
t {string is lower ß}
t {string is punct !?.}
t {string is punct +}
t {string is graph "a b"}
t {string is print "a b"}
t {string is print "a\tb"}
t {string is control "\x01\x7f"}
t {string is wordchar a_1é}
t {string is wordchar a-b}
t {string is xdigit 0aF}
t {string is xdigit 0x}
t {string is ascii é}
t {string is digit ٣}
t {string is}
t {string is alpha}
t {string is alpha -bad x}
t {string map {a b b a} abab}
t {string map {aa X a Y} aaa}
t {string map -nocase {AB x} abAbaB}
t {string map {{} x a b} aa}
t {string map {& &amp; < &lt;} "a<b&c"}
t {string map [list \n "" " " _] "a b\nc"}
t {string map {é e} café}
t {string map {1 {}} 10101}
t {string map {a b}}
t {string map -bad {a b} c}
t {string map {a b c} x}
t {string map {"a b" c} "xa by"}
t {string range abcdef end-2 end}
t {string range abcdef 2 end-1}
t {string range abcdef 4 2}
t {string range abcdef -1 0}
t {string range abcdef 5 100}
t {string range abcdef end+1 end}
t {string range abcdef 1+1 2+2}
t {string range abcdef x 2}
t {string range "日本語テキスト" 1 3}
t {string range "" 0 end}
t {string range abc 0}
t {string index abc end-5}
t {string index abc 1.5}
t {string index "日本" 1}
t {string index abc -1}
t {string length "日本語"}
t {string length "a\0b"}
t {string length "\u00e9\u0301"}
t {string bytelength "é"}
t {string replace abcdef 1 2 XYZ}
t {string replace abcdef 4 10 Z}
t {string replace abcdef 2 1 Z}
t {string replace abcdef -3 1 Z}
t {string replace abc 3 3 Z}
t {string replace abc end end}
t {string replace abc 0 end ""}
t {string first bc abcabc}
t {string first bc abcabc 2}
t {string first bc abcabc end}
t {string first bc abcabc -4}
t {string last bc abcabc}
t {string last bc abcabc 3}
t {string last bc abcabc end-2}
t {string last {} abc}
t {string first abcd abc}
t {string first é café}
t {string last a ""}
t {string compare a B}
t {string compare -nocase a B}
t {string compare "" a}
t {string compare -length 0 a b}
t {string compare -length -1 abc abd}
t {string compare abc abcd}
t {string compare é z}
t {string equal -length 2 abc abd}
t {string equal -nocase -length 2 ABx abY}
t {string equal a}
t {string compare -length x a b}
t {string compare -bad a b}
t {string equal ÀB àb}
t {string equal -nocase ÀB àb}
t {string tolower ABCDE 1 2}
t {string toupper abcde 1}
t {string toupper abcde 2 end}
t {string totitle abcde 1 3}
t {string totitle "éTÉ x"}
t {string tolower "ÀÉÎ"}
t {string toupper "ß"}
t {string trim "  \n a \t"}
t {string trim xyxaxyx xy}
t {string trim abc ""}
t {string trimleft 000123 0}
t {string trimright "path///" /}
t {string trim aéa a}
t {string trim "\u00a0x\u3000"}
t {string repeat "" 5}
t {string repeat ab -1}
t {string repeat ab x}
t {string repeat é 3}
t {string reverse "日本"}
t {string reverse ""}
t {string cat}
t {string cat a {} b}
t {string match "a*" ""}
t {string match {[^a]} b}
t {string match {[!a]} !}
t {string match {[a-]} -}
t {string match {[]]} ]}
t {string match {a\*b} a*b}
t {string match {a[b} a}
t {string match *é* café}
t {string match {[à-ü]} é}
t {string match -nocase {[A-C]*} bx}
t {string match a}
t {string match -bad a b}
t {string match {*[0-9]} abc7}
t {string match ?? 日本}
t {string match {\?} ?}
t {string match **a ba}
t {string wordend "hello world" 2}
t {string wordstart "hello world" 8}
t {string wordend "a-b" 1}
t {string wordstart "ab cd" end}
t {string wordend "ab cd" 99}
t {string nosuch}
t {string}
t {string le abc}
t {string t abc}
t {split "a::b:c" :}
t {split "a, b,c" ", "}
t {split {} {}}
t {split héllo {}}
t {split "x\ty z\nw"}
t {split "aébéc" é}
t {split abc bc}
t {split "::" :}
t {split a b c}
t {join {{a b} {c d}} ", "}
t {join {a b} ""}
t "join \"a \\{b\""
t {join {1 2 3} " + "}
t {concat {a b} {c {d e}}}
t {concat " a " {} "b\n"}
t {concat {{a}} b}
t {lrange {a b c d e} end-2 end-1}
t {lrange {a b c} 5 9}
t {lrange {a {b c} d} 1 1}
t {lrange { a  b  c } 0 end}
t {lrange a b c}
t {lindex {a {b {c d}}} 1 1 0}
t {lindex {a {b {c d}}} {1 1 0}}
t {lindex a 0 0 0}
t {lindex {a b} end+1}
t {lindex {a b} -1}
t {lindex {} end}
t {lindex {a b c} 1+1}
t {lindex {a b c} end-1+1}
t {lindex {a b c} {}}
t {lindex}
t {lindex "a {b c}d" 1}
t {lindex "a \"b c\" d" 1}
t {linsert {a b} 1}
t {linsert {a b c} end-1 x}
t {linsert {a b c} 99 x y}
t {linsert {a b c} -5 x}
t {linsert {a {b c}} 1 {d e} \{}
t {lreplace {a b c} 1 0 x}
t {lreplace {a b c} 0 end}
t {lreplace {a b c} 5 6 x}
t {lreplace {} 0 0 x}
t {lreplace {a b c} end end X Y}
t {lreplace {a b c} 2 0 z}
t {lreplace {a b c} -1 0 z}
t {lset x5 0 a}
t {set l {a {b c}}; lset l {1 0} z}
t {set l {a b}; lset l end Q; lset l 2 R; set l}
t {set l {a b}; lset l 4 R}
t {set l {a b}; lset l -1 R}
t {set l {a b}; lset l {c d}; set l}
t {set l {a b}; lset l {} new; set l}
t {set l {}; lset l 0 x; set l}
t {set l {{1 2} {3 4}}; lset l 1 1 9; set l}
t {lassign {a b c} x; set x}
t {lassign {} x y; list $x $y}
t {lassign {a b}}
t {lassign}
t {lrepeat 2 {a b} c}
t {lrepeat}
t {lrepeat x a}
t {lreverse {a {b c} d}}
t {lreverse {}}
t "llength \"a \\{b c\""
t {llength {a {} { } "b c"}}
t {llength "\n a \t b \n"}
t {lappend}
t {set la "a b"; lappend la "c d" {} "e\{"; set la}
t {set la "a  b"; lappend la c; set la}
t {list {} " " "\n" "a b" a\\ \\b}
t {list "a\"b" {a"b} "\"" "a\{" "\}a"}
t {list # {# x} a#}
t {list \[x\] \$y ";" {;}}
t {list "a\\\nb" "\\"}
t "list {a\\{b} {a\\}b} {{}} \"\\{\" \"\\}\\{\""
t {list é 日本 "\u00a0" "\u3000"}
t {list "tab\tx" "nl\ny" "cr\rz"}
t {list a\ b "c;d" e\$f}
t {list "\\{" "\\}" "x\\"}
t "lindex \[list \"\\{\" a\] 0"
t {lindex [list "\\" "a"] 0}
t {lindex [list "a\\\nb"] 0}
t {lindex [list " #x"] 0}
t {llength [list "" "" ""]}
t {lsort [list "a b" "a" "a\tb"]}
t {set nested [list [list [list]]]; list $nested [llength $nested]}
t {eval [list list "a\\b" {$x} "\[y"]}
t {format %s}
t {format "%s %s" a}
t {format "%s" a b}
t {format %5s|%-5s| é é}
t {format %.3s abcdef}
t {format %5.2s| abc}
t {format %c 8364}
t {format %c 0x65e5}
t {format %c x}
t {format %d 0x1f}
t {format %d 010}
t {format %d 1.5}
t {format %d " 7 "}
t {format %d -0}
t {format %+d -5}
t {format "% d" 5}
t {format %05d -42}
t {format %-05d| 42}
t {format %+.3d 7}
t {format %#o 8}
t {format %#x 0}
t {format %#b 5}
t {format %#X 255}
t {format %08x 48879}
t {format %x -255}
t {format %o -1}
t {format %u -1}
t {format %lu -1}
t {format %ld 9223372036854775807}
t {format %d 2147483648}
t {format %.0f 0.5}
t {format %.0f 1.5}
t {format %.0f 2.5}
t {format %f 1e20}
t {format %.10f 0.1}
t {format %.20f 0.1}
t {format %e 0}
t {format %.0e 12345}
t {format %E 0.00012}
t {format %g 1234567}
t {format %g 0.00001234}
t {format %#g 1.5}
t {format %.3g 1234.5}
t {format %g 100000}
t {format %G 1e-7}
t {format %010.2f -3.14159}
t {format %+.1e 12345}
t {format %f Inf}
t {format %5s|%5s Inf -Inf}
t {format %f abc}
t {format %5% }
t {format {%*d|%-*d|} 5 1 5 2}
t {format %*d -5 1}
t {format %.*f 2 3.14159}
t {format {%1$s %1$s} a}
t {format {%2$s} a}
t {format {%1$s %s} a b}
t {format {%0$s} a}
t {format %z 1}
t {format %}
t {format %5}
t {format "a%%b%sc" x}
t {format %hd 32768}
t {format %hhd 300}
t {format %i 12}
t {format %a 1.0}
t {format %b -1}
t {format %s%s%s a b c}
t {format "%-10s%6.2f" total 3.5}
t {format %02d:%02d:%02d 1 2 3}
t {format %llx 255}
t {format %lld 5}
