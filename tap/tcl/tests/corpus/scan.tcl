# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
t {scan 12 %d}
t {scan {} %d}
t {scan {} %d a}
t {scan abc %d}
t {scan abc %d a}
t {scan "12 abc 3.5" "%d %s %f" a b c; list $a $b $c}
t {scan "12 abc 3.5" "%d %s %f"}
t {scan "12 abc" "%d %s %f"}
t {scan 0x1F %d}
t {scan 0x1F %i}
t {scan 010 %i}
t {scan 0b11 %i}
t {scan 0o17 %i}
t {scan 0x1F %x}
t {scan 1F %x}
t {scan 1f %X}
t {scan 17 %o}
t {scan 0o17 %o}
t {scan 1012 %b}
t {scan 0b101 %b}
t {scan 99999999999999999999 %d}
t {scan -99999999999999999999 %d}
t {scan 99999999999999999999 %ld}
t {scan -1 %u}
t {scan 4294967296 %d}
t {scan 4294967296 %hd}
t {scan 12345 %2d%d}
t {scan 12345 %2d%*1d%d}
t {scan abc %c}
t {scan " abc" %c%c}
t {scan é %c}
t {scan abc %2c}
t {scan "hello world" %3s%s}
t {scan "hello world" {%[a-h]%s}}
t {scan "hello world" {%[^ ] %s}}
t {scan "a]b" {%[]a]%s}}
t {scan "a-b" {%[a-]%s}}
t {scan "a-b" {%[-a]%s}}
t {scan abc {%[}}
t {scan abc {%[^}}
t {scan abc {%[]}}
t {scan "12 34" {%d%n %d%n}}
t {scan "12 34" {%2$d %1$d}}
t {scan "12 34" {%2$d %1$d} a b; list $a $b}
t {scan "12 34" {%2$d %d} a b}
t {scan "12 34" {%1$d %1$d} a}
t {scan "12 34" {%1$d} a b}
t {scan "12 34" {%3$d} a b}
t {scan "12 34" {%d} a b}
t {scan "12 34" {%d %d} a}
t {scan "12 34" {%z} a}
t {scan "12%34" {%d%%%d}}
t {scan "12 %34" {%d%%%d}}
t {scan "1.5e3x" %f}
t {scan "1.5e" %f%s}
t {scan ".5" %g}
t {scan "." %f}
t {scan "-.5e-2" %e}
t {scan "+5" %d}
t {scan "+ 5" %d}
t {scan "- 5" %d}
t {scan "a b" "x%s"}
t {scan "xab" "x%s"}
t {scan "   xab" "x%s"}
t {scan "   xab" " x%s"}
t {scan "12,34" "%d,%d"}
t {scan "12;34" "%d,%d"}
t {scan "12" "%d,%d"}
t {scan "12,34" "%d,%d" a b}
t {scan "12;34" "%d,%d" a b}
t {scan "" "%s" a}
t {scan "   " "%s" a}
t {scan "   " "%d" a}
t {scan "abc" ""}
t {scan "abc" "abc"}
t {scan "" ""}
t {scan}
t {scan a}
t {scan "12" "%*d"}
t {scan "12" "%*d" a}
t {scan "inf" %f}
t {scan "nan" %f}
t {scan "1 2 3" "%d %*d %d"}
t {scan "1" "%n"}
t {scan "ab" "%*s%n"}
t {scan "0x" %x}
t {scan "0x" %i}
t {scan "08" %i}
t {scan "08" %d}
t {scan "1_0" %d}
t {scan "12abc" %d%s}
t {scan "1,2" {%[0-9],%[0-9]} a b; list $a $b}
t {scan "x" {%[0-9]} a}
t {scan "x" {%[0-9]}}
t {scan "x1" {%[0-9]%d}}
t {scan -12 %u}
t {scan 255 %lx}
t {scan 10 %lli}
t {scan 10 {%0d}}
t {scan 10 {%-d}}
t {scan 10 {%}}
t {scan 10 {%5}}
t {scan {1 2} {%d %d} x(1) x(2); list $x(1) $x(2)}
t {scan "日本語" "%1s%s"}
t {scan "日" "%c"}
