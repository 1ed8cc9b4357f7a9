# t prints the outcome of a snippet; e only its first line, for messages that say more than Tcl's;
# f only whether it fails, where ours is worded differently
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
proc e {script} { set c [catch {uplevel #0 $script} r]; puts "$c:[lindex [split $r \n] 0]" }
proc f {script} { puts [catch {uplevel #0 $script} r] }
foreach e {
 1+2*3 (1+2)*3 7/2 -7/2 7%3 -7%3 7%-3 7.0/2 2**10 2**-1 2**0.5 -2**2 2**3**2
 1<2 2<=2 3>4 3>=4 1==1.0 1!=2 {"abc"=="abc"} {"abc" eq "abd"} {"a" ne "b"} {"a" in {a b}} {"c" ni {a b}}
 {1 && 0} {1 || 0} !5 !0 ~5 -(-3) +4 {1 ? "y" : "n"} {0 ? 1 : 0 ? 2 : 3}
 0x1F 0b101 0o17 010 1e3 1.5e-5 1e20 1e16 1e17 123456789.123 0.1+0.2 1.0 100.0 .5 5. 1e-4 1e-5 1.0e100 -0.0
 abs(-3) abs(-3.5) int(3.9) int(-3.9) round(2.5) round(-2.5) double(3) sqrt(16) pow(2,3) fmod(7,3) floor(2.7) ceil(2.1)
 min(3,1,2) max(3,1,2) max(1.5,1) hypot(3,4) bool(yes) wide(5) entier(5.7)
 5&3 5|3 5^3 1<<4 256>>4 -1>>1 1<<62
 true false yes off {true && on} {!true} {"1" + "2"} {" 3 " + 1} {"0x10" + 0} {{5} + 1}
 {"abc" < "abd"} {"10" < "9"} {"a" < 1} {"" == 0} {1 == "1.0"} {"1e1" == 10}
 {"a" + 1} {1/0} {1.0/0} {1%0} {5.5 % 2} {~1.5} {[list 1 2]} {$nope} {nosuch(1)} {abs()} {abs(1,2)}
 {9223372036854775807} {-9223372036854775807 - 1} {"true"} {[expr {3}] == 3} {3 == [string length abc]}
 {"x" == {x}} {{} eq ""} {1>0?"big":"small"} {1 eq 1.0} {2 * (3 + 4) - 5 % 3} {1 - 2 - 3} {2 - -3} {1?0?1:2:3} {!(1<2)||3>2}
 {1<2 == 1} {1|2&3} {1 < 2 < 3} {"a b" eq {a b}} {10 in {5 10 15}} {1.0 in {1 2}} {0 && [error no]} {1 || [error no]}
 {max(1, 2.0)} {min(2, 1.0)} {1e3 == 1000} {round(3.2)*2} {5/2.0} {1000000*1000000} {3000000000} {log10(1000)} {exp(0)} {"yes" ? 1 : 2}
} { t [list expr $e] }
foreach x {{1 +} {} {1 2} {(1} {1)} foo {1 ? 2} {$} {1 @ 2} {abs(1} {[} {"x}} { f [list expr $x] }
t {set a 3; set b 4; expr {$a * $b}}
t {expr $a + $b}
t {set op +; expr 1 $op 2}
t {expr {$a > 2 && "$b" eq "4"}}
t {if {"foo"} {puts y}}
t {expr {[set a] ** 2}}
t {set v(x) 9; set k x; expr {$v(x) + $v($k)}}
t {expr {"$a$b" + 1}}
t {expr {
   1 +
   2
}}
t {expr {srand(1)}}
t {expr {rand()}}
t {list [expr {srand(42)}] [expr {rand()}] [expr {rand()}]}
t {expr {srand(0) + srand(2147483647) + srand(-7)}}
t {expr {rand(1)}}
t {expr {srand()}}
t {expr {int(rand() * 1000)}}
t {expr {1 +}}
t {expr { * 2}}
t {expr {1 + * 2}}
t {expr {1 + / 2}}
t {expr {(}}
t {expr {()}}
t {expr {(1 +)}}
t {expr {}}
t {expr { }}
t {expr {1 ? : 2}}
t {expr {1 ? 2 :}}
t {expr {abs(}}
t {expr {abs(,1)}}
t {expr {max(1,)}}
t {expr {== 1}}
t {expr {1 && }}
t {expr {1 2}}
t {expr {1 abs(2)}}
t {expr {1 $x}}
t {expr {@}}
t {expr {1 @ 2}}
t {expr {1 )}}
t {expr {1, 2}}
t {expr {=}}
t {expr {1 = 2}}
t {expr {-}}
t {expr {1 ? 2}}
t {expr {1 : 2}}
t {expr {: 2}}
t {expr {in}}
t {expr {foo bar}}
t {expr {1foo}}
t {expr {abs (1)}}
t {expr {#}}
t {expr {1 # 2}}
t {expr {~}}
t {expr {!}}
t {set ::nosuch}
t {set ::nosuch(x)}
t {unset ::nosuch}
t {incr ::sss x}
t {set ::aa(1) 2; set ::aa 1}
t {set ::aa}
t {set ::sc 1; set ::sc(2) 3}
t {append ::aa x}
t {lappend ::aa x}
t {set ::::nosuch}
t {proc f {} {set ::nosuch}; f}
t {set {}}
t {expr {$::nosuch + 1}}
t {puts "$::nosuch"}
t {puts "$::aa(zz)"}
