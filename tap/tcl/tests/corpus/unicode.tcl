# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {set é 5; set é}
t {set v(ключ) 1; array names v}
t {proc grüße {} {return hallo}; grüße}
t {string length "\U1F600"}
t {set s "\u65e5\u672c"; string length $s}
t {list "\xe9" "\351" "\u00e9"}
t {string equal "\u00e9" é}
t {set x "\u41\u042"; set x}
t {set x "\x4142"; set x}
t {string length "\u"}
t {set x "\ué"}
t {set x "\8\9"}
t {set x "\1234"}
t {split "α,β,γ" ,}
t {lsearch {α β γ} β}
t {lindex "α {β γ}" 1}
t {lsort {γ α β}}
t {regexp {^\w+$} "naïve"}
t {regexp -inline {[[:alpha:]]+} "1αβγ2"}
t {regexp -indices {β} "αβγ" m; set m}
t {regsub -all {[αγ]} "αβγ" {<&>}}
t {regexp -nocase {ÉTÉ} "été"}
t {regexp {\u00e9} "é"}
t {regexp -all -inline {.} "日本"}
t {regexp -start 1 -inline {.} "日本"}
t {string map {日 sun 本 book} "日本"}
t {format "%-4s|%4s|" "日" "本"}
t {scan "é" %c}
t {format %c [scan "ß" %c]}
t {string toupper "straße"}
t {string first 本 "日本"}
t {string match "日*" "日本"}
t {string trim "→x→" "→"}
t {foreach c [split "añb" {}] {lappend codes [scan $c %c]}; set codes}
t {dict set ud ключ значение; dict get $ud ключ}
t {subst "\u00fc [string length ü]"}
t {expr {"é" eq "\u00e9"}}
t {expr {"é" < "z"}}
t {string compare "é" "e"}
t {lsort -nocase {É é E e}}
t {string is alpha "日本"}
t {string index "naïve" 2}
t {string range "naïve" 1 3}
t {string replace "naïve" 2 2 i}
t {string reverse "naïve"}
t {join [split "ä.ö.ü" .] -}
t {concat "ä " " ö"}
t {list "a\u00a0b"}
t {llength "a\u00a0b"}
t {expr {" 5\u00a0" + 1}}
t {string trim "\u2003x"}
t {list "\ufeffx"}
t {string length "a\u0000b"}
t {list a\0b}
t {string first \0 a\0b}
t {switch é {e {list plain} é {list accented}}}
t {string totitle "ñandú"}
t {regexp {^.$} "é"}
t {regexp {[à-ý]} "É"}
t {regexp {(?i)[à-ý]} "É"}
