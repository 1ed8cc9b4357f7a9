# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
# in a folder of its own, which the test makes the current one
t {set f [open a w]; puts $f hello; puts -nonewline $f "x y"; close $f; file size a}
t {set f [open a]; set x [read $f]; close $f; set x}
t {set f [open a]; set r [list [gets $f l] $l [eof $f] [gets $f l] $l [eof $f] [gets $f l] $l [eof $f]]; close $f; set r}
t {set f [open a]; set r {}; while {[gets $f line] >= 0} {lappend r $line}; close $f; set r}
t {set f [open a]; set r [gets $f]; close $f; set r}
t {close nosuch}
t {close}
t {open nosuch}
t {open a x}
t {open a {RDONLY X}}
t {open a {WRONLY CREAT EXCL}}
t {open a {CREAT}}
t {open . w}
t {open nodir/x w}
t {open}
t {open a b c d}
t {set f [open a r]; catch {puts $f x} r; close $f; regsub {file\d+} $r F}
t {set f [open b w]; catch {read $f} r; close $f; regsub {file\d+} $r F}
t {set f [open c a]; puts $f 1; close $f; set f [open c a]; puts $f 2; close $f; set f [open c]; set r [read -nonewline $f]; close $f; set r}
t {set f [open c]; set r [list [read $f 2] [eof $f] [read $f 9] [eof $f] [read $f 1] [eof $f]]; close $f; set r}
t {set f [open c]; catch {read $f x} r; close $f; set r}
t {set f [open c]; catch {read $f -3} r; close $f; set r}
t {read nosuch}
t {gets nosuch}
t {eof nosuch}
t {flush nosuch}
t {puts nosuch x}
t {fconfigure nosuch}
t {set f [open c]; catch {fconfigure $f -foo} r; close $f; set r}
t {set f [open c]; catch {fconfigure $f -encoding nosuch} r; close $f; set r}
t {set f [open c]; catch {fconfigure $f -translation nosuch} r; close $f; set r}
t {set f [open c]; set r [fconfigure $f -translation]; close $f; set r}
t {read}
t {gets}
t {eof}
t {puts}
t {puts a b c d}
t {flush}
t {flush stdout}
t {puts stdout hello}
t {puts -nonewline stdout hi; puts ""}
t {file mkdir x/y/z; file isdirectory x/y/z}
t {file mkdir a}
t {file mkdir}
t {file delete x}
t {file delete -force x; file exists x}
t {file delete nosuch}
t {file delete}
t {file delete -foo x}
t {file delete -- -foo}
t {file copy a bb; file exists bb}
t {file copy a bb}
t {file copy -force a bb}
t {file copy nosuch b}
t {file mkdir dd; file copy a dd; file exists dd/a}
t {file copy a dd}
t {file copy a b dd2}
t {file copy a b a}
t {file copy -force a b dd; lsort [glob dd/*]}
t {file copy dd ee; lsort [glob ee/*]}
t {file copy dd a}
t {file rename bb c2; list [file exists bb] [file exists c2]}
t {file rename nosuch c}
t {file rename a c2}
t {file rename -force a c2; file exists a}
t {file rename dd dd/x}
t {file rename c2}
t {file copy c2}
t {file copy -foo c2 d}
t {file mtime nosuch}
t {expr {[file mtime c2] > 1000000000}}
t {file nativename x}
t {file readlink c2}
t {file writable c2}
t {file readable c2}
t {file owned c2}
t {file executable c2}
t {file separator}
t {file size nosuch}
t {file type nosuch}
t {file type c2}
t {file type dd}
t {file isfile c2}
t {file isfile dd}
t {file exist c2}
t {file delete dd}
t {file delete -force dd ee c2; glob -nocomplain dd* ee* c2*}
t {set f [open g {WRONLY CREAT TRUNC}]; puts $f x; close $f; file size g}
t {set f [open g {RDONLY}]; set r [read $f]; close $f; set r}
t {set f [open g {WRONLY APPEND}]; puts $f yy; close $f; file size g}
t {set f [open g w]; fconfigure $f -translation crlf; puts $f a; close $f; file size g}
t {set f [open g]; set r [read $f]; close $f; string length $r}
t {set f [open g]; fconfigure $f -translation binary; set r [read $f]; close $f; string length $r}
t {set f [open g]; fconfigure $f -translation lf; set r [gets $f]; close $f; string length $r}
t {set f [open g w]; fconfigure $f -encoding utf-8; puts -nonewline $f "é日"; close $f; file size g}
t {set f [open g r]; fconfigure $f -encoding utf-8; set r [read $f]; close $f; set r}
t {set f [open g r]; fconfigure $f -encoding utf-8; set r [read $f 1]; close $f; set r}
t {set f [open g r]; fconfigure $f -encoding binary; set r [read $f]; close $f; string length $r}
t {set f [open g w]; fconfigure $f -encoding binary; puts -nonewline $f "\xff\u65e5"; close $f; file size g}
t {set f [open g r]; fconfigure $f -encoding utf-8; set r [read $f]; close $f; scan $r %c%c}
t {set f [open g wb]; puts -nonewline $f "\r\n\xe9"; close $f; file size g}
t {set f [open g rb]; set r [read $f]; close $f; string length $r}
t {set f [open g w 0600]; close $f; file size g}
t {set f [open s.tcl w]; puts $f "set sourced \[info script\]; return early; set never 1"; close $f; list [source s.tcl] $sourced [info exists never]}
t {set f [open s.tcl w]; puts $f "error broken"; close $f; source s.tcl}
t {source nosuch}
t {source}
t {set f [open s.tcl w]; puts $f "proc ps {} {return \u00e9}"; close $f; file exists s.tcl}
t {glob -nocomplain nosuch*}
t {glob nosuch*}
t {set f [open t1 w]; close $f; set f [open t2 w]; close $f; lsort [glob t?]}
t {lsort [glob -tails -directory . t*]}
t {lsort [glob {t[12]}]}
t {lsort [glob -nocomplain *.tcl t1]}
t {after}
t {after x}
t {after 0}
t {after -5}
t {after 1}
f {file nosuch}
t {file exists}
t {file tail}
t {file join}
t {file join a "" b}
t {file join / a}
t {file tail /}
t {file tail a/}
t {file tail ""}
t {file dirname a/b/}
t {file dirname ""}
t {file dirname /a}
t {file dirname a//b}
t {file extension .hidden}
t {file extension a.b/c}
t {file rootname a.b/c}
t {file rootname .hidden}
t {file rootname a.}
t {file split a/b/c}
t {file split a/../b}
t {file split /}
t {file split ""}
t {file pathtype /a}
t {file pathtype a}
t {file normalize /a/./b//c/../d}
t {file normalize /..}
t {string equal [file normalize x] [file join [pwd] x]}
t {pwd x}
