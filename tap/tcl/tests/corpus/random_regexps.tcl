# Random expressions on random texts: where they match, and what regsub makes of them.
proc t {script} { set c [catch {uplevel #0 $script} r]; puts "$c:$r" }
t {list [regexp -inline -indices -- {aac*?} {a  1aba b}] [regsub -all -- {aac*?} {a  1aba b} {<&\1>}]}
t {list [regexp -inline -indices -- {\w{1,}} {a }] [regsub -all -- {\w{1,}} {a } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {a b1 1c1 }] [regsub -all -- {c} {a b1 1c1 } {<&\1>}]}
t {list [regexp -inline -indices -- {a\m|c??(?:(b{1,}b))} {bbcb}] [regsub -all -- {a\m|c??(?:(b{1,}b))} {bbcb} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {  ba}] [regsub -all -- {c} {  ba} {<&\1>}]}
t {list [regexp -inline -indices -- {(a(?!b??)|b|a)} {cca1}] [regsub -all -- {(a(?!b??)|b|a)} {cca1} {<&\1>}]}
t {list [regexp -inline -indices -- {b*.c} {acb}] [regsub -all -- {b*.c} {acb} {<&\1>}]}
t {list [regexp -inline -indices -- {b((?:c|a?\d{0}|\Ya?a)?\Z(a*?(bb)b)*){1,}$} {b1cb}] [regsub -all -- {b((?:c|a?\d{0}|\Ya?a)?\Z(a*?(bb)b)*){1,}$} {b1cb} {<&\1>}]}
t {list [regexp -inline -indices -- {ca} {}] [regsub -all -- {ca} {} {<&\1>}]}
t {list [regexp -inline -indices -- {aa|c} {a}] [regsub -all -- {aa|c} {a} {<&\1>}]}
t {list [regexp -inline -indices -- {c|c??|a+?b} { }] [regsub -all -- {c|c??|a+?b} { } {<&\1>}]}
t {list [regexp -inline -indices -- {ba|b??} {a1b1a1a}] [regsub -all -- {ba|b??} {a1b1a1a} {<&\1>}]}
t {list [regexp -inline -indices -- {b*?|ca|(?=b)a} {b ab1c1c}] [regsub -all -- {b*?|ca|(?=b)a} {b ab1c1c} {<&\1>}]}
t {list [regexp -inline -indices -- {b(\Z(a))} {ba}] [regsub -all -- {b(\Z(a))} {ba} {<&\1>}]}
t {list [regexp -inline -indices -- {\Z} { }] [regsub -all -- {\Z} { } {<&\1>}]}
t {list [regexp -inline -indices -- {c(?:[[:alpha:]]??b*)} {1b1 1b1}] [regsub -all -- {c(?:[[:alpha:]]??b*)} {1b1 1b1} {<&\1>}]}
t {list [regexp -inline -indices -- {c((c??)|bc(?!c+?)|(b*?c))[[:alpha:]]} {}] [regsub -all -- {c((c??)|bc(?!c+?)|(b*?c))[[:alpha:]]} {} {<&\1>}]}
t {list [regexp -inline -indices -- {ccc} {b}] [regsub -all -- {ccc} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {c{1,}} {1aba}] [regsub -all -- {c{1,}} {1aba} {<&\1>}]}
t {list [regexp -inline -indices -- {(c?a)?c.} {acca11a1}] [regsub -all -- {(c?a)?c.} {acca11a1} {<&\1>}]}
t {list [regexp -inline -indices -- {b[^a]{1,}|a} {ac c b1 c}] [regsub -all -- {b[^a]{1,}|a} {ac c b1 c} {<&\1>}]}
t {list [regexp -inline -indices -- {(?!c)a{0}} {bbbc  cbb}] [regsub -all -- {(?!c)a{0}} {bbbc  cbb} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {ab}] [regsub -all -- {c} {ab} {<&\1>}]}
t {list [regexp -inline -indices -- {\Z} {bca11aac}] [regsub -all -- {\Z} {bca11aac} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:cb)} { c11b}] [regsub -all -- {(?:cb)} { c11b} {<&\1>}]}
t {list [regexp -inline -indices -- {\y(b){0}} {a cb1b a1}] [regsub -all -- {\y(b){0}} {a cb1b a1} {<&\1>}]}
t {list [regexp -inline -indices -- {[bc]} {11}] [regsub -all -- {[bc]} {11} {<&\1>}]}
t {list [regexp -inline -indices -- {(c)+([^a]??c+?b)} { cb1}] [regsub -all -- {(c)+([^a]??c+?b)} { cb1} {<&\1>}]}
t {list [regexp -inline -indices -- {cb(?:\Y.|aa)} {a1cc b1 a}] [regsub -all -- {cb(?:\Y.|aa)} {a1cc b1 a} {<&\1>}]}
t {list [regexp -inline -indices -- {ca$} {c}] [regsub -all -- {ca$} {c} {<&\1>}]}
t {list [regexp -inline -indices -- {\Z} {1b}] [regsub -all -- {\Z} {1b} {<&\1>}]}
t {list [regexp -inline -indices -- {a+?} {a aac}] [regsub -all -- {a+?} {a aac} {<&\1>}]}
t {list [regexp -inline -indices -- {.|c{0}|[^a]b} {ac}] [regsub -all -- {.|c{0}|[^a]b} {ac} {<&\1>}]}
t {list [regexp -inline -indices -- {cbb} {ba1}] [regsub -all -- {cbb} {ba1} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {a1}] [regsub -all -- {c} {a1} {<&\1>}]}
t {list [regexp -inline -indices -- {a+?} { aaa}] [regsub -all -- {a+?} { aaa} {<&\1>}]}
t {list [regexp -inline -indices -- {.a?} { bbb 11b}] [regsub -all -- {.a?} { bbb 11b} {<&\1>}]}
t {list [regexp -inline -indices -- {a((a(?:b{1,}c+c))[[:alpha:]]c|(b\d{0}).)+?} {1 }] [regsub -all -- {a((a(?:b{1,}c+c))[[:alpha:]]c|(b\d{0}).)+?} {1 } {<&\1>}]}
t {list [regexp -inline -indices -- {c|bc} {11ca c}] [regsub -all -- {c|bc} {11ca c} {<&\1>}]}
t {list [regexp -inline -indices -- {(?=.a)} {111  c}] [regsub -all -- {(?=.a)} {111  c} {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]} {b }] [regsub -all -- {[[:alpha:]]} {b } {<&\1>}]}
t {list [regexp -inline -indices -- {a|(c{0}b+?$|c*b)c*?} {}] [regsub -all -- {a|(c{0}b+?$|c*b)c*?} {} {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]} {bcc}] [regsub -all -- {[[:alpha:]]} {bcc} {<&\1>}]}
t {list [regexp -inline -indices -- {a\d*?(?=(?:(?:[bc]b|c.c)a{0}(?:\d+?)*)??a|c)} {bba 1bc}] [regsub -all -- {a\d*?(?=(?:(?:[bc]b|c.c)a{0}(?:\d+?)*)??a|c)} {bba 1bc} {<&\1>}]}
t {list [regexp -inline -indices -- {c{0}[ab]} {1b cac}] [regsub -all -- {c{0}[ab]} {1b cac} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {b}] [regsub -all -- {a} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {[bc]*?[ab]b} {1a1cb}] [regsub -all -- {[bc]*?[ab]b} {1a1cb} {<&\1>}]}
t {list [regexp -inline -indices -- {a(c)a{0}|\Z} {cba1aa c1}] [regsub -all -- {a(c)a{0}|\Z} {cba1aa c1} {<&\1>}]}
t {list [regexp -inline -indices -- {b*a[bc]??|b\dc|cb} {bab  c}] [regsub -all -- {b*a[bc]??|b\dc|cb} {bab  c} {<&\1>}]}
t {list [regexp -inline -indices -- {([^a](?!(?:ac|cc?b)|(?:a{1,}b|c{1,}[ab]?|bb*?c)??b)a)} {  abb1cb }] [regsub -all -- {([^a](?!(?:ac|cc?b)|(?:a{1,}b|c{1,}[ab]?|bb*?c)??b)a)} {  abb1cb } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {baaaa1 b}] [regsub -all -- {c} {baaaa1 b} {<&\1>}]}
t {list [regexp -inline -indices -- {a+?} {}] [regsub -all -- {a+?} {} {<&\1>}]}
t {list [regexp -inline -indices -- {.+c*?\w} {}] [regsub -all -- {.+c*?\w} {} {<&\1>}]}
t {list [regexp -inline -indices -- {((c)bc+?)} {c1 a1}] [regsub -all -- {((c)bc+?)} {c1 a1} {<&\1>}]}
t {list [regexp -inline -indices -- {b} { }] [regsub -all -- {b} { } {<&\1>}]}
t {list [regexp -inline -indices -- {b*?(?:b)+} {a1bb a b}] [regsub -all -- {b*?(?:b)+} {a1bb a b} {<&\1>}]}
t {list [regexp -inline -indices -- {\w} {aa1}] [regsub -all -- {\w} {aa1} {<&\1>}]}
t {list [regexp -inline -indices -- {(c|b|.)c} {}] [regsub -all -- {(c|b|.)c} {} {<&\1>}]}
t {list [regexp -inline -indices -- {(b(c(a??[ab]|bb{0}.|ab??a{1,})[^a]*|\M))} {1bcb ac1}] [regsub -all -- {(b(c(a??[ab]|bb{0}.|ab??a{1,})[^a]*|\M))} {1bcb ac1} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {}] [regsub -all -- {a} {} {<&\1>}]}
t {list [regexp -inline -indices -- {((?=(?=aa)a)){0}} {11cbb}] [regsub -all -- {((?=(?=aa)a)){0}} {11cbb} {<&\1>}]}
t {list [regexp -inline -indices -- {b(?=b)|aa+?\y|^} {a  }] [regsub -all -- {b(?=b)|aa+?\y|^} {a  } {<&\1>}]}
t {list [regexp -inline -indices -- {a(b)a+} {b1c}] [regsub -all -- {a(b)a+} {b1c} {<&\1>}]}
t {list [regexp -inline -indices -- {c{1,}} {bc 1  c}] [regsub -all -- {c{1,}} {bc 1  c} {<&\1>}]}
t {list [regexp -inline -indices -- {(b)*?|\1{0}c|ab*?} {b1}] [regsub -all -- {(b)*?|\1{0}c|ab*?} {b1} {<&\1>}]}
t {list [regexp -inline -indices -- {(b??)} {ccc }] [regsub -all -- {(b??)} {ccc } {<&\1>}]}
t {list [regexp -inline -indices -- {a{1,}c} {babbcc c1}] [regsub -all -- {a{1,}c} {babbcc c1} {<&\1>}]}
t {list [regexp -inline -indices -- {b|a^c|$a??} {b1  ab 1}] [regsub -all -- {b|a^c|$a??} {b1  ab 1} {<&\1>}]}
t {list [regexp -inline -indices -- {[bc]b{0}a*} {bc}] [regsub -all -- {[bc]b{0}a*} {bc} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {b}] [regsub -all -- {a} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {b+?} {c c1b b}] [regsub -all -- {b+?} {c c1b b} {<&\1>}]}
t {list [regexp -inline -indices -- {ca(acb)} {cc bb}] [regsub -all -- {ca(acb)} {cc bb} {<&\1>}]}
t {list [regexp -inline -indices -- {a??} {a1 }] [regsub -all -- {a??} {a1 } {<&\1>}]}
t {list [regexp -inline -indices -- {.{1,}a} {ba bbaca}] [regsub -all -- {.{1,}a} {ba bbaca} {<&\1>}]}
t {list [regexp -inline -indices -- {\Z((?=aa)|cc|.+\d)|a} {ab1ab1a}] [regsub -all -- {\Z((?=aa)|cc|.+\d)|a} {ab1ab1a} {<&\1>}]}
t {list [regexp -inline -indices -- {[bc]} {bccba}] [regsub -all -- {[bc]} {bccba} {<&\1>}]}
t {list [regexp -inline -indices -- {((?:aa*)(aa+?|.a?)*)b{1,}} {}] [regsub -all -- {((?:aa*)(aa+?|.a?)*)b{1,}} {} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {bcabbb1  }] [regsub -all -- {c} {bcabbb1  } {<&\1>}]}
t {list [regexp -inline -indices -- {\Mc} {}] [regsub -all -- {\Mc} {} {<&\1>}]}
t {list [regexp -inline -indices -- {.c} {1bac1ac1}] [regsub -all -- {.c} {1bac1ac1} {<&\1>}]}
t {list [regexp -inline -indices -- {a*|b{0}b} {a }] [regsub -all -- {a*|b{0}b} {a } {<&\1>}]}
t {list [regexp -inline -indices -- {\A} {c}] [regsub -all -- {\A} {c} {<&\1>}]}
t {list [regexp -inline -indices -- {a.} {aa1bc}] [regsub -all -- {a.} {aa1bc} {<&\1>}]}
t {list [regexp -inline -indices -- {c{0}} {bcab aa }] [regsub -all -- {c{0}} {bcab aa } {<&\1>}]}
t {list [regexp -inline -indices -- {(c*)??|a|c+?} {ab1 }] [regsub -all -- {(c*)??|a|c+?} {ab1 } {<&\1>}]}
t {list [regexp -inline -indices -- {[^a].|a} {a 1bc b b}] [regsub -all -- {[^a].|a} {a 1bc b b} {<&\1>}]}
t {list [regexp -inline -indices -- {a+|.+?a{0}} {abaaca}] [regsub -all -- {a+|.+?a{0}} {abaaca} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:b)b} { 11  1cb1}] [regsub -all -- {(?:b)b} { 11  1cb1} {<&\1>}]}
t {list [regexp -inline -indices -- {a+} {acc }] [regsub -all -- {a+} {acc } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {acb }] [regsub -all -- {c} {acb } {<&\1>}]}
t {list [regexp -inline -indices -- {b?b.} {a b}] [regsub -all -- {b?b.} {a b} {<&\1>}]}
t {list [regexp -inline -indices -- {a*} {1aab1cb}] [regsub -all -- {a*} {1aab1cb} {<&\1>}]}
t {list [regexp -inline -indices -- {.} {ab1cbac }] [regsub -all -- {.} {ab1cbac } {<&\1>}]}
t {list [regexp -inline -indices -- {c(ca{0})(bc+)+?|(?:c.)+(?=(?=.??)ba|a*)b} {a1bba 1b}] [regsub -all -- {c(ca{0})(bc+)+?|(?:c.)+(?=(?=.??)ba|a*)b} {a1bba 1b} {<&\1>}]}
t {list [regexp -inline -indices -- {.{1,}(ba).} {a 1 c}] [regsub -all -- {.{1,}(ba).} {a 1 c} {<&\1>}]}
t {list [regexp -inline -indices -- {\Z$} {  1a1a1}] [regsub -all -- {\Z$} {  1a1a1} {<&\1>}]}
t {list [regexp -inline -indices -- {.} {b}] [regsub -all -- {.} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {a+?a|[bc]a{1,}a} {1cc  bb c}] [regsub -all -- {a+?a|[bc]a{1,}a} {1cc  bb c} {<&\1>}]}
t {list [regexp -inline -indices -- {ca+?} {a1ac 1cb}] [regsub -all -- {ca+?} {a1ac 1cb} {<&\1>}]}
t {list [regexp -inline -indices -- {.} {aab}] [regsub -all -- {.} {aab} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {1c1abac}] [regsub -all -- {c} {1c1abac} {<&\1>}]}
t {list [regexp -inline -indices -- {a\m.*?} {1accb}] [regsub -all -- {a\m.*?} {1accb} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {cacc}] [regsub -all -- {a} {cacc} {<&\1>}]}
t {list [regexp -inline -indices -- {b??c+?} { }] [regsub -all -- {b??c+?} { } {<&\1>}]}
t {list [regexp -inline -indices -- {b(a??)c} { }] [regsub -all -- {b(a??)c} { } {<&\1>}]}
t {list [regexp -inline -indices -- {.} {}] [regsub -all -- {.} {} {<&\1>}]}
t {list [regexp -inline -indices -- {.} { 1}] [regsub -all -- {.} { 1} {<&\1>}]}
t {list [regexp -inline -indices -- {bb} {b}] [regsub -all -- {bb} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:[^a]\M[[:alpha:]])} {}] [regsub -all -- {(?:[^a]\M[[:alpha:]])} {} {<&\1>}]}
t {list [regexp -inline -indices -- {$c} {1b1ccc a}] [regsub -all -- {$c} {1b1ccc a} {<&\1>}]}
t {list [regexp -inline -indices -- {(a*ab)a} {1c1}] [regsub -all -- {(a*ab)a} {1c1} {<&\1>}]}
t {list [regexp -inline -indices -- {ca(?:cc){0}} {cac aac1}] [regsub -all -- {ca(?:cc){0}} {cac aac1} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {cc}] [regsub -all -- {a} {cc} {<&\1>}]}
t {list [regexp -inline -indices -- {[^a]ac} {}] [regsub -all -- {[^a]ac} {} {<&\1>}]}
t {list [regexp -inline -indices -- {c[[:alpha:]]\w{0}} {1a1}] [regsub -all -- {c[[:alpha:]]\w{0}} {1a1} {<&\1>}]}
t {list [regexp -inline -indices -- {a\y} {a1bbcc  }] [regsub -all -- {a\y} {a1bbcc  } {<&\1>}]}
t {list [regexp -inline -indices -- {[bc]+} {cccbb}] [regsub -all -- {[bc]+} {cccbb} {<&\1>}]}
t {list [regexp -inline -indices -- {a??} {b11bc11}] [regsub -all -- {a??} {b11bc11} {<&\1>}]}
t {list [regexp -inline -indices -- {cb} {1ca 1b}] [regsub -all -- {cb} {1ca 1b} {<&\1>}]}
t {list [regexp -inline -indices -- {(\wb+)} {}] [regsub -all -- {(\wb+)} {} {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]*?} {1 a1}] [regsub -all -- {[[:alpha:]]*?} {1 a1} {<&\1>}]}
t {list [regexp -inline -indices -- {ba} {b }] [regsub -all -- {ba} {b } {<&\1>}]}
t {list [regexp -inline -indices -- {b[^a]|c} {aaac}] [regsub -all -- {b[^a]|c} {aaac} {<&\1>}]}
t {list [regexp -inline -indices -- {.} {ccb1bab}] [regsub -all -- {.} {ccb1bab} {<&\1>}]}
t {list [regexp -inline -indices -- {(c){1,}a\Y} {1a}] [regsub -all -- {(c){1,}a\Y} {1a} {<&\1>}]}
t {list [regexp -inline -indices -- {.b} {a 1aaa}] [regsub -all -- {.b} {a 1aaa} {<&\1>}]}
t {list [regexp -inline -indices -- {a*} {aa1 c}] [regsub -all -- {a*} {aa1 c} {<&\1>}]}
t {list [regexp -inline -indices -- {(a?b+b)} {ab b 1  a}] [regsub -all -- {(a?b+b)} {ab b 1  a} {<&\1>}]}
t {list [regexp -inline -indices -- {a+} {c1 1}] [regsub -all -- {a+} {c1 1} {<&\1>}]}
t {list [regexp -inline -indices -- {b??} {bccb}] [regsub -all -- {b??} {bccb} {<&\1>}]}
t {list [regexp -inline -indices -- {a{1,}[[:alpha:]]b??} {a1a1}] [regsub -all -- {a{1,}[[:alpha:]]b??} {a1a1} {<&\1>}]}
t {list [regexp -inline -indices -- {a*.} {ba1}] [regsub -all -- {a*.} {ba1} {<&\1>}]}
t {list [regexp -inline -indices -- {ccb} {cbb ca}] [regsub -all -- {ccb} {cbb ca} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:\A)??b(?:(.{0}c|.{1,}|(c?b)+?.{1,})+)?} {a 11b}] [regsub -all -- {(?:\A)??b(?:(.{0}c|.{1,}|(c?b)+?.{1,})+)?} {a 11b} {<&\1>}]}
t {list [regexp -inline -indices -- {b+?} {a  1}] [regsub -all -- {b+?} {a  1} {<&\1>}]}
t {list [regexp -inline -indices -- {c??b} {c}] [regsub -all -- {c??b} {c} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {cc bca1cc}] [regsub -all -- {a} {cc bca1cc} {<&\1>}]}
t {list [regexp -inline -indices -- {b|ba\Y} {1 c 1bbb}] [regsub -all -- {b|ba\Y} {1 c 1bbb} {<&\1>}]}
t {list [regexp -inline -indices -- {a((\dc)|\1)|a\db} {c1a}] [regsub -all -- {a((\dc)|\1)|a\db} {c1a} {<&\1>}]}
t {list [regexp -inline -indices -- {(a??c+)(?:bc)} {ac}] [regsub -all -- {(a??c+)(?:bc)} {ac} {<&\1>}]}
t {list [regexp -inline -indices -- {bc} {ba ba11b}] [regsub -all -- {bc} {ba ba11b} {<&\1>}]}
t {list [regexp -inline -indices -- {\Zc*?} {bc11}] [regsub -all -- {\Zc*?} {bc11} {<&\1>}]}
t {list [regexp -inline -indices -- {b} { 1a}] [regsub -all -- {b} { 1a} {<&\1>}]}
t {list [regexp -inline -indices -- {b} {a bac }] [regsub -all -- {b} {a bac } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {1}] [regsub -all -- {c} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {.*} {bbba}] [regsub -all -- {.*} {bbba} {<&\1>}]}
t {list [regexp -inline -indices -- {^ba+|\A[^a]b} {1 1}] [regsub -all -- {^ba+|\A[^a]b} {1 1} {<&\1>}]}
t {list [regexp -inline -indices -- {b+b(c)*} { ccab}] [regsub -all -- {b+b(c)*} { ccab} {<&\1>}]}
t {list [regexp -inline -indices -- {cb} {b}] [regsub -all -- {cb} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {bb} {1}] [regsub -all -- {bb} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {\Z} {bc1a 1  1}] [regsub -all -- {\Z} {bc1a 1  1} {<&\1>}]}
t {list [regexp -inline -indices -- {c{0}[ab]} { }] [regsub -all -- {c{0}[ab]} { } {<&\1>}]}
t {list [regexp -inline -indices -- {\Yc} {aaccbba1a}] [regsub -all -- {\Yc} {aaccbba1a} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {}] [regsub -all -- {a} {} {<&\1>}]}
t {list [regexp -inline -indices -- {bcb} {1c }] [regsub -all -- {bcb} {1c } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {1bc}] [regsub -all -- {c} {1bc} {<&\1>}]}
t {list [regexp -inline -indices -- {.([bc](c{0}a)){1,}} {}] [regsub -all -- {.([bc](c{0}a)){1,}} {} {<&\1>}]}
t {list [regexp -inline -indices -- {c} { cacbc 11}] [regsub -all -- {c} { cacbc 11} {<&\1>}]}
t {list [regexp -inline -indices -- {b\M|(?!b).a} {a1c1a  }] [regsub -all -- {b\M|(?!b).a} {a1c1a  } {<&\1>}]}
t {list [regexp -inline -indices -- {aba*} {c1ba}] [regsub -all -- {aba*} {c1ba} {<&\1>}]}
t {list [regexp -inline -indices -- {(ab)} {1}] [regsub -all -- {(ab)} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {b} { 1}] [regsub -all -- {b} { 1} {<&\1>}]}
t {list [regexp -inline -indices -- {c.*?c} {b1a1}] [regsub -all -- {c.*?c} {b1a1} {<&\1>}]}
t {list [regexp -inline -indices -- {\A} {c1}] [regsub -all -- {\A} {c1} {<&\1>}]}
t {list [regexp -inline -indices -- {\d[[:alpha:]]??b} {1 1baa }] [regsub -all -- {\d[[:alpha:]]??b} {1 1baa } {<&\1>}]}
t {list [regexp -inline -indices -- {a*?} { 1}] [regsub -all -- {a*?} { 1} {<&\1>}]}
t {list [regexp -inline -indices -- {c|b?a*} {1b}] [regsub -all -- {c|b?a*} {1b} {<&\1>}]}
t {list [regexp -inline -indices -- {b+?[bc]+} {1cca a 1c}] [regsub -all -- {b+?[bc]+} {1cca a 1c} {<&\1>}]}
t {list [regexp -inline -indices -- {c?c} {c1b1a}] [regsub -all -- {c?c} {c1b1a} {<&\1>}]}
t {list [regexp -inline -indices -- {.bc|((?!(?!bb+)b+?))} {ba}] [regsub -all -- {.bc|((?!(?!bb+)b+?))} {ba} {<&\1>}]}
t {list [regexp -inline -indices -- {(([bc]*?)c).a} { bcabc}] [regsub -all -- {(([bc]*?)c).a} { bcabc} {<&\1>}]}
t {list [regexp -inline -indices -- {cc{0}} {c}] [regsub -all -- {cc{0}} {c} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {c b11  b}] [regsub -all -- {c} {c b11  b} {<&\1>}]}
t {list [regexp -inline -indices -- {c?c} { b}] [regsub -all -- {c?c} { b} {<&\1>}]}
t {list [regexp -inline -indices -- {ac|b|\m} { 11 b1}] [regsub -all -- {ac|b|\m} { 11 b1} {<&\1>}]}
t {list [regexp -inline -indices -- {.?} { }] [regsub -all -- {.?} { } {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]\mc} {1c11cbba}] [regsub -all -- {[[:alpha:]]\mc} {1c11cbba} {<&\1>}]}
t {list [regexp -inline -indices -- {bc|ba+} { }] [regsub -all -- {bc|ba+} { } {<&\1>}]}
t {list [regexp -inline -indices -- {c+?.c{0}} {1}] [regsub -all -- {c+?.c{0}} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {a??a+?c{1,}} {b  1c baa}] [regsub -all -- {a??a+?c{1,}} {b  1c baa} {<&\1>}]}
t {list [regexp -inline -indices -- {((?=b)c|b)c} { bb1b}] [regsub -all -- {((?=b)c|b)c} { bb1b} {<&\1>}]}
t {list [regexp -inline -indices -- {(?!(?:c*?|\db?)a*)} {b }] [regsub -all -- {(?!(?:c*?|\db?)a*)} {b } {<&\1>}]}
t {list [regexp -inline -indices -- {[^a]c} {c}] [regsub -all -- {[^a]c} {c} {<&\1>}]}
t {list [regexp -inline -indices -- {c(?!.)|b\mc} {bc}] [regsub -all -- {c(?!.)|b\mc} {bc} {<&\1>}]}
t {list [regexp -inline -indices -- {\d} {ab b  }] [regsub -all -- {\d} {ab b  } {<&\1>}]}
t {list [regexp -inline -indices -- {c*} {c1}] [regsub -all -- {c*} {c1} {<&\1>}]}
t {list [regexp -inline -indices -- {(\w)} {b}] [regsub -all -- {(\w)} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {1a}] [regsub -all -- {a} {1a} {<&\1>}]}
t {list [regexp -inline -indices -- {c|(?!a(?:[[:alpha:]]a)(?:cb))^a} {caacaca}] [regsub -all -- {c|(?!a(?:[[:alpha:]]a)(?:cb))^a} {caacaca} {<&\1>}]}
t {list [regexp -inline -indices -- {c+} {}] [regsub -all -- {c+} {} {<&\1>}]}
t {list [regexp -inline -indices -- {([^a])} {ab}] [regsub -all -- {([^a])} {ab} {<&\1>}]}
t {list [regexp -inline -indices -- {b\M} { 1ac}] [regsub -all -- {b\M} { 1ac} {<&\1>}]}
t {list [regexp -inline -indices -- {\m} {ca 1b b1c}] [regsub -all -- {\m} {ca 1b b1c} {<&\1>}]}
t {list [regexp -inline -indices -- {a{1,}} {aaaab}] [regsub -all -- {a{1,}} {aaaab} {<&\1>}]}
t {list [regexp -inline -indices -- {(\d)\1*b|c*?b|(c*?c??c+?).[ab]} { cbbb1}] [regsub -all -- {(\d)\1*b|c*?b|(c*?c??c+?).[ab]} { cbbb1} {<&\1>}]}
t {list [regexp -inline -indices -- {.c?} {ba ac}] [regsub -all -- {.c?} {ba ac} {<&\1>}]}
t {list [regexp -inline -indices -- {c{1,}|(?!cb{1,}c)b} {  c 1}] [regsub -all -- {c{1,}|(?!cb{1,}c)b} {  c 1} {<&\1>}]}
t {list [regexp -inline -indices -- {bc} {1acb}] [regsub -all -- {bc} {1acb} {<&\1>}]}
t {list [regexp -inline -indices -- {(?!b+?.)|(c(?=a|[bc]{0}))??} {1 bba1ba}] [regsub -all -- {(?!b+?.)|(c(?=a|[bc]{0}))??} {1 bba1ba} {<&\1>}]}
t {list [regexp -inline -indices -- {.?} {1ba1ac}] [regsub -all -- {.?} {1ba1ac} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:c{1,})} {a}] [regsub -all -- {(?:c{1,})} {a} {<&\1>}]}
t {list [regexp -inline -indices -- {\w} {bba 11  }] [regsub -all -- {\w} {bba 11  } {<&\1>}]}
t {list [regexp -inline -indices -- {[ab]c?} {a1 }] [regsub -all -- {[ab]c?} {a1 } {<&\1>}]}
t {list [regexp -inline -indices -- {a} {cca a }] [regsub -all -- {a} {cca a } {<&\1>}]}
t {list [regexp -inline -indices -- {a(ca??)a} {c1}] [regsub -all -- {a(ca??)a} {c1} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {a1bbaa1}] [regsub -all -- {a} {a1bbaa1} {<&\1>}]}
t {list [regexp -inline -indices -- {bc} {}] [regsub -all -- {bc} {} {<&\1>}]}
t {list [regexp -inline -indices -- {[ab]a{1,}\d} {acba}] [regsub -all -- {[ab]a{1,}\d} {acba} {<&\1>}]}
t {list [regexp -inline -indices -- {(a|c)a} {a}] [regsub -all -- {(a|c)a} {a} {<&\1>}]}
t {list [regexp -inline -indices -- {c+?b|bb+?(?!ab+)} {ab1cbac1}] [regsub -all -- {c+?b|bb+?(?!ab+)} {ab1cbac1} {<&\1>}]}
t {list [regexp -inline -indices -- {b*} {1}] [regsub -all -- {b*} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:bc*?)\A} {c}] [regsub -all -- {(?:bc*?)\A} {c} {<&\1>}]}
t {list [regexp -inline -indices -- {b[bc].} {b ccbbb}] [regsub -all -- {b[bc].} {b ccbbb} {<&\1>}]}
t {list [regexp -inline -indices -- {(?=.ac??)c(?!b(?:b??aa+?)a+|\w|a)|b} { 1c}] [regsub -all -- {(?=.ac??)c(?!b(?:b??aa+?)a+|\w|a)|b} { 1c} {<&\1>}]}
t {list [regexp -inline -indices -- {c{1,}} {}] [regsub -all -- {c{1,}} {} {<&\1>}]}
t {list [regexp -inline -indices -- {ca} {11c }] [regsub -all -- {ca} {11c } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {1b1a ab}] [regsub -all -- {c} {1b1a ab} {<&\1>}]}
t {list [regexp -inline -indices -- {a(\d)} {b}] [regsub -all -- {a(\d)} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {a+?} {cba  }] [regsub -all -- {a+?} {cba  } {<&\1>}]}
t {list [regexp -inline -indices -- {\d} {bc }] [regsub -all -- {\d} {bc } {<&\1>}]}
t {list [regexp -inline -indices -- {a{1,}c} {aac}] [regsub -all -- {a{1,}c} {aac} {<&\1>}]}
t {list [regexp -inline -indices -- {\w??} { b}] [regsub -all -- {\w??} { b} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:ba{0}((c.|a*?ab+?|bb*?b)aa{0})+?)+(?!ba+?.)} {cbcb}] [regsub -all -- {(?:ba{0}((c.|a*?ab+?|bb*?b)aa{0})+?)+(?!ba+?.)} {cbcb} {<&\1>}]}
t {list [regexp -inline -indices -- {(b(?:b.){0})} { 111aba  }] [regsub -all -- {(b(?:b.){0})} { 111aba  } {<&\1>}]}
t {list [regexp -inline -indices -- {.{1,}} {a1 }] [regsub -all -- {.{1,}} {a1 } {<&\1>}]}
t {list [regexp -inline -indices -- {bbb{1,}} {bc1ac}] [regsub -all -- {bbb{1,}} {bc1ac} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {1 bcba}] [regsub -all -- {a} {1 bcba} {<&\1>}]}
t {list [regexp -inline -indices -- {c+} { ac c1}] [regsub -all -- {c+} { ac c1} {<&\1>}]}
t {list [regexp -inline -indices -- {bb?|a{1,}} { b}] [regsub -all -- {bb?|a{1,}} { b} {<&\1>}]}
t {list [regexp -inline -indices -- {$} { b bc cba}] [regsub -all -- {$} { b bc cba} {<&\1>}]}
t {list [regexp -inline -indices -- {c(ba+.)} {a}] [regsub -all -- {c(ba+.)} {a} {<&\1>}]}
t {list [regexp -inline -indices -- {a+?} {}] [regsub -all -- {a+?} {} {<&\1>}]}
t {list [regexp -inline -indices -- {c|b(?:.)*?|a.*?} {cb c b}] [regsub -all -- {c|b(?:.)*?|a.*?} {cb c b} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {b  1ccbb}] [regsub -all -- {c} {b  1ccbb} {<&\1>}]}
t {list [regexp -inline -indices -- {.{1,}c} {1bb1bc1}] [regsub -all -- {.{1,}c} {1bb1bc1} {<&\1>}]}
t {list [regexp -inline -indices -- {(ba{1,}|[bc]*(?=a|(?:c)??\d?)(b*))} {ba b111cb}] [regsub -all -- {(ba{1,}|[bc]*(?=a|(?:c)??\d?)(b*))} {ba b111cb} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {ab}] [regsub -all -- {a} {ab} {<&\1>}]}
t {list [regexp -inline -indices -- {a*aa} {c1ac  }] [regsub -all -- {a*aa} {c1ac  } {<&\1>}]}
t {list [regexp -inline -indices -- {bbc} {1bc bb}] [regsub -all -- {bbc} {1bc bb} {<&\1>}]}
t {list [regexp -inline -indices -- {^b(.|(\Zbc))} {1}] [regsub -all -- {^b(.|(\Zbc))} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {c+aa|a+c+?|cb??} {b1}] [regsub -all -- {c+aa|a+c+?|cb??} {b1} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {acb 1bcb }] [regsub -all -- {a} {acb 1bcb } {<&\1>}]}
t {list [regexp -inline -indices -- {.+?a} {1ab c1}] [regsub -all -- {.+?a} {1ab c1} {<&\1>}]}
t {list [regexp -inline -indices -- {cc} {a}] [regsub -all -- {cc} {a} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {11b  b}] [regsub -all -- {a} {11b  b} {<&\1>}]}
t {list [regexp -inline -indices -- {c[bc]|b??|b+} {bacccb b}] [regsub -all -- {c[bc]|b??|b+} {bacccb b} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {cb}] [regsub -all -- {a} {cb} {<&\1>}]}
t {list [regexp -inline -indices -- {\m} {11 1c1}] [regsub -all -- {\m} {11 1c1} {<&\1>}]}
t {list [regexp -inline -indices -- {[bc]*} {b1cbc}] [regsub -all -- {[bc]*} {b1cbc} {<&\1>}]}
t {list [regexp -inline -indices -- {c{0}} {ca}] [regsub -all -- {c{0}} {ca} {<&\1>}]}
t {list [regexp -inline -indices -- {a} { 1c}] [regsub -all -- {a} { 1c} {<&\1>}]}
t {list [regexp -inline -indices -- {\Zb} {}] [regsub -all -- {\Zb} {} {<&\1>}]}
t {list [regexp -inline -indices -- {b*b{1,}c} {1a}] [regsub -all -- {b*b{1,}c} {1a} {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]b+} {1}] [regsub -all -- {[[:alpha:]]b+} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {b} { 1 ba }] [regsub -all -- {b} { 1 ba } {<&\1>}]}
t {list [regexp -inline -indices -- {a} {1a 1 }] [regsub -all -- {a} {1a 1 } {<&\1>}]}
t {list [regexp -inline -indices -- {ac} {bb1  b1}] [regsub -all -- {ac} {bb1  b1} {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]|c+?a{0}} { a1  a c}] [regsub -all -- {[[:alpha:]]|c+?a{0}} { a1  a c} {<&\1>}]}
t {list [regexp -inline -indices -- {.b\Y} {}] [regsub -all -- {.b\Y} {} {<&\1>}]}
t {list [regexp -inline -indices -- {bb[^a]*?} {11}] [regsub -all -- {bb[^a]*?} {11} {<&\1>}]}
t {list [regexp -inline -indices -- {c\w{0}} {1}] [regsub -all -- {c\w{0}} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {b[^a]} {bcacc1}] [regsub -all -- {b[^a]} {bcacc1} {<&\1>}]}
t {list [regexp -inline -indices -- {.(a)\A|(\1\Z)[ab](?=a(?:c??))} {}] [regsub -all -- {.(a)\A|(\1\Z)[ab](?=a(?:c??))} {} {<&\1>}]}
t {list [regexp -inline -indices -- {b(?!(?:a))a} {bc cc  }] [regsub -all -- {b(?!(?:a))a} {bc cc  } {<&\1>}]}
t {list [regexp -inline -indices -- {bb*?|.\w|\d*} {c  1 cb  }] [regsub -all -- {bb*?|.\w|\d*} {c  1 cb  } {<&\1>}]}
t {list [regexp -inline -indices -- {(a){0}b\1} {}] [regsub -all -- {(a){0}b\1} {} {<&\1>}]}
t {list [regexp -inline -indices -- {bb} {1c b1ca}] [regsub -all -- {bb} {1c b1ca} {<&\1>}]}
t {list [regexp -inline -indices -- {b} {ccabbc }] [regsub -all -- {b} {ccabbc } {<&\1>}]}
t {list [regexp -inline -indices -- {.|a} {c111b1a }] [regsub -all -- {.|a} {c111b1a } {<&\1>}]}
t {list [regexp -inline -indices -- {a*cc{0}} { 1}] [regsub -all -- {a*cc{0}} { 1} {<&\1>}]}
t {list [regexp -inline -indices -- {b??b} {}] [regsub -all -- {b??b} {} {<&\1>}]}
t {list [regexp -inline -indices -- {(b+)|.a{0}c} { 111 aa}] [regsub -all -- {(b+)|.a{0}c} { 111 aa} {<&\1>}]}
t {list [regexp -inline -indices -- {[ab]|a*?([[:alpha:]])+?|\d+a?a{0}} {cb11bbbb }] [regsub -all -- {[ab]|a*?([[:alpha:]])+?|\d+a?a{0}} {cb11bbbb } {<&\1>}]}
t {list [regexp -inline -indices -- {a+|.{0}ba} {bac1}] [regsub -all -- {a+|.{0}ba} {bac1} {<&\1>}]}
t {list [regexp -inline -indices -- {[^a]{1,}} {b1  }] [regsub -all -- {[^a]{1,}} {b1  } {<&\1>}]}
t {list [regexp -inline -indices -- {(?:a)} {c1ab a c}] [regsub -all -- {(?:a)} {c1ab a c} {<&\1>}]}
t {list [regexp -inline -indices -- {(?=b?cc{0})|b|\w?c} { cc1abc}] [regsub -all -- {(?=b?cc{0})|b|\w?c} { cc1abc} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:c)+} {  }] [regsub -all -- {(?:c)+} {  } {<&\1>}]}
t {list [regexp -inline -indices -- {\da} {1cb}] [regsub -all -- {\da} {1cb} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:b\Za?)b|\Aca} {ab}] [regsub -all -- {(?:b\Za?)b|\Aca} {ab} {<&\1>}]}
t {list [regexp -inline -indices -- {\w} {}] [regsub -all -- {\w} {} {<&\1>}]}
t {list [regexp -inline -indices -- {a(?=c.b)b} { c1c}] [regsub -all -- {a(?=c.b)b} { c1c} {<&\1>}]}
t {list [regexp -inline -indices -- {b{1,}a} {b}] [regsub -all -- {b{1,}a} {b} {<&\1>}]}
t {list [regexp -inline -indices -- {(abc)\Aa} {cb}] [regsub -all -- {(abc)\Aa} {cb} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {  1aa 1}] [regsub -all -- {a} {  1aa 1} {<&\1>}]}
t {list [regexp -inline -indices -- {((a)|a+[^a]|c)\1b} {a1a }] [regsub -all -- {((a)|a+[^a]|c)\1b} {a1a } {<&\1>}]}
t {list [regexp -inline -indices -- {b*?b*?} {aba }] [regsub -all -- {b*?b*?} {aba } {<&\1>}]}
t {list [regexp -inline -indices -- {c+c.} { 1aaca}] [regsub -all -- {c+c.} { 1aaca} {<&\1>}]}
t {list [regexp -inline -indices -- {c} { b1 b1ac}] [regsub -all -- {c} { b1 b1ac} {<&\1>}]}
t {list [regexp -inline -indices -- {.a{1,}} { }] [regsub -all -- {.a{1,}} { } {<&\1>}]}
t {list [regexp -inline -indices -- {a??a??b} { c1ba }] [regsub -all -- {a??a??b} { c1ba } {<&\1>}]}
t {list [regexp -inline -indices -- {(\Mbc)a{0}.} { }] [regsub -all -- {(\Mbc)a{0}.} { } {<&\1>}]}
t {list [regexp -inline -indices -- {(?!b(?:bb))} {111 a cca}] [regsub -all -- {(?!b(?:bb))} {111 a cca} {<&\1>}]}
t {list [regexp -inline -indices -- {(a)*?} {a  }] [regsub -all -- {(a)*?} {a  } {<&\1>}]}
t {list [regexp -inline -indices -- {\Ac??} { 1 aa b}] [regsub -all -- {\Ac??} { 1 aa b} {<&\1>}]}
t {list [regexp -inline -indices -- {cb(ca+?(?=c?|[[:alpha:]]*?[[:alpha:]]+))|(ca*a)[ab]{1,}|(.(?=(?:c{1,}a|ac*))[ab]|.{1,}|bc*?){1,}c{0}b} {aa}] [regsub -all -- {cb(ca+?(?=c?|[[:alpha:]]*?[[:alpha:]]+))|(ca*a)[ab]{1,}|(.(?=(?:c{1,}a|ac*))[ab]|.{1,}|bc*?){1,}c{0}b} {aa} {<&\1>}]}
t {list [regexp -inline -indices -- {cc} {ba}] [regsub -all -- {cc} {ba} {<&\1>}]}
t {list [regexp -inline -indices -- {ba*?a} {a}] [regsub -all -- {ba*?a} {a} {<&\1>}]}
t {list [regexp -inline -indices -- {c.*} {1 c ac1 b}] [regsub -all -- {c.*} {1 c ac1 b} {<&\1>}]}
t {list [regexp -inline -indices -- {b.??a} {cb  1 a}] [regsub -all -- {b.??a} {cb  1 a} {<&\1>}]}
t {list [regexp -inline -indices -- {(a+)\1} {1bba1b 1}] [regsub -all -- {(a+)\1} {1bba1b 1} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {ba1c  11}] [regsub -all -- {a} {ba1c  11} {<&\1>}]}
t {list [regexp -inline -indices -- {a(?:\A)} {ba}] [regsub -all -- {a(?:\A)} {ba} {<&\1>}]}
t {list [regexp -inline -indices -- {c+c} {b 1cc1ab }] [regsub -all -- {c+c} {b 1cc1ab } {<&\1>}]}
t {list [regexp -inline -indices -- {ca?} {1}] [regsub -all -- {ca?} {1} {<&\1>}]}
t {list [regexp -inline -indices -- {[bc]} {cba c}] [regsub -all -- {[bc]} {cba c} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {a1b }] [regsub -all -- {c} {a1b } {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]?c+\d{1,}} {abc 1cbc}] [regsub -all -- {[[:alpha:]]?c+\d{1,}} {abc 1cbc} {<&\1>}]}
t {list [regexp -inline -indices -- {.*?a*c} {c  }] [regsub -all -- {.*?a*c} {c  } {<&\1>}]}
t {list [regexp -inline -indices -- {a(?!\m\d(?:b))} {}] [regsub -all -- {a(?!\m\d(?:b))} {} {<&\1>}]}
t {list [regexp -inline -indices -- {bcc} { b  b ab}] [regsub -all -- {bcc} { b  b ab} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {ab}] [regsub -all -- {a} {ab} {<&\1>}]}
t {list [regexp -inline -indices -- {.*a} {1b }] [regsub -all -- {.*a} {1b } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {baa}] [regsub -all -- {c} {baa} {<&\1>}]}
t {list [regexp -inline -indices -- {b} {}] [regsub -all -- {b} {} {<&\1>}]}
t {list [regexp -inline -indices -- {bc} {ac1}] [regsub -all -- {bc} {ac1} {<&\1>}]}
t {list [regexp -inline -indices -- {(?:[^a]b)} { }] [regsub -all -- {(?:[^a]b)} { } {<&\1>}]}
t {list [regexp -inline -indices -- {.} {a 11ba}] [regsub -all -- {.} {a 11ba} {<&\1>}]}
t {list [regexp -inline -indices -- {(.b|cb??.|.(a))a|bba|c??\m} {aaaa1  ba}] [regsub -all -- {(.b|cb??.|.(a))a|bba|c??\m} {aaaa1  ba} {<&\1>}]}
t {list [regexp -inline -indices -- {b} { ab c}] [regsub -all -- {b} { ab c} {<&\1>}]}
t {list [regexp -inline -indices -- {.[bc]} {c}] [regsub -all -- {.[bc]} {c} {<&\1>}]}
t {list [regexp -inline -indices -- {a*?c} {a1bcb11}] [regsub -all -- {a*?c} {a1bcb11} {<&\1>}]}
t {list [regexp -inline -indices -- {\Y[ab]$} {cbaab111 }] [regsub -all -- {\Y[ab]$} {cbaab111 } {<&\1>}]}
t {list [regexp -inline -indices -- {b} {}] [regsub -all -- {b} {} {<&\1>}]}
t {list [regexp -inline -indices -- {\w} {a 1ca }] [regsub -all -- {\w} {a 1ca } {<&\1>}]}
t {list [regexp -inline -indices -- {ab([ab]*)+} { 11}] [regsub -all -- {ab([ab]*)+} { 11} {<&\1>}]}
t {list [regexp -inline -indices -- {[^a]{1,}} { babba c}] [regsub -all -- {[^a]{1,}} { babba c} {<&\1>}]}
t {list [regexp -inline -indices -- {a{0}b} {a1}] [regsub -all -- {a{0}b} {a1} {<&\1>}]}
t {list [regexp -inline -indices -- {c} {}] [regsub -all -- {c} {} {<&\1>}]}
t {list [regexp -inline -indices -- {b} {cabaabbb}] [regsub -all -- {b} {cabaabbb} {<&\1>}]}
t {list [regexp -inline -indices -- {\Z} {c1ba }] [regsub -all -- {\Z} {c1ba } {<&\1>}]}
t {list [regexp -inline -indices -- {c*?} { 1c c}] [regsub -all -- {c*?} { 1c c} {<&\1>}]}
t {list [regexp -inline -indices -- {^[ab]*|c{0}|b?.{1,}} {1aa}] [regsub -all -- {^[ab]*|c{0}|b?.{1,}} {1aa} {<&\1>}]}
t {list [regexp -inline -indices -- {.c} {b }] [regsub -all -- {.c} {b } {<&\1>}]}
t {list [regexp -inline -indices -- {ac*?} { caaa  }] [regsub -all -- {ac*?} { caaa  } {<&\1>}]}
t {list [regexp -inline -indices -- {c} {11cc 1 }] [regsub -all -- {c} {11cc 1 } {<&\1>}]}
t {list [regexp -inline -indices -- {ca*?} {}] [regsub -all -- {ca*?} {} {<&\1>}]}
t {list [regexp -inline -indices -- {.} {c a}] [regsub -all -- {.} {c a} {<&\1>}]}
t {list [regexp -inline -indices -- {c((c))[[:alpha:]]} {1b11b1a}] [regsub -all -- {c((c))[[:alpha:]]} {1b11b1a} {<&\1>}]}
t {list [regexp -inline -indices -- {[[:alpha:]]c{0}} {    a}] [regsub -all -- {[[:alpha:]]c{0}} {    a} {<&\1>}]}
t {list [regexp -inline -indices -- {a|ba} {ba a}] [regsub -all -- {a|ba} {ba a} {<&\1>}]}
t {list [regexp -inline -indices -- {a} {  1a1ba}] [regsub -all -- {a} {  1a1ba} {<&\1>}]}
t {list [regexp -inline -indices -- {a{0}} { }] [regsub -all -- {a{0}} { } {<&\1>}]}
t {list [regexp -inline -indices -- {ac\A} {11a c }] [regsub -all -- {ac\A} {11a c } {<&\1>}]}
t {list [regexp -inline -indices -- {\w} { cb a 1}] [regsub -all -- {\w} { cb a 1} {<&\1>}]}
t {list [regexp -inline -indices -- {.} {a}] [regsub -all -- {.} {a} {<&\1>}]}
t {list [regexp -inline -indices -- {\M} {}] [regsub -all -- {\M} {} {<&\1>}]}
t {list [regexp -inline -indices -- {b|b(b+b*)} {a b}] [regsub -all -- {b|b(b+b*)} {a b} {<&\1>}]}
t {list [regexp -inline -indices -- {c\Z\d} {aa11b1b b}] [regsub -all -- {c\Z\d} {aa11b1b b} {<&\1>}]}
t {list [regexp -inline -indices -- {(b{0}cb)c*} { }] [regsub -all -- {(b{0}cb)c*} { } {<&\1>}]}
t {list [regexp -inline -indices -- {\wa?(ac.)??} {b1b}] [regsub -all -- {\wa?(ac.)??} {b1b} {<&\1>}]}
t {list [regexp -inline -indices -- {bba} {}] [regsub -all -- {bba} {} {<&\1>}]}
t {list [regexp -inline -indices -- {bb} {bab1a}] [regsub -all -- {bb} {bab1a} {<&\1>}]}
t {list [regexp -inline -indices -- {cc[bc]*?|cc} {bcb 1}] [regsub -all -- {cc[bc]*?|cc} {bcb 1} {<&\1>}]}
t {list [regexp -inline -indices -- {(cc|b|c+?c[ab])*?a{1,}} {1bc}] [regsub -all -- {(cc|b|c+?c[ab])*?a{1,}} {1bc} {<&\1>}]}
t {list [regexp -inline -indices -- {\m} {ca1111b}] [regsub -all -- {\m} {ca1111b} {<&\1>}]}
t {list [regexp -inline -indices -- {.c\M|c} {}] [regsub -all -- {.c\M|c} {} {<&\1>}]}
t {list [regexp -inline -indices -- {b??} {ac1c }] [regsub -all -- {b??} {ac1c } {<&\1>}]}
t {list [regexp -inline -indices -- {\Ycb} {b1 a1}] [regsub -all -- {\Ycb} {b1 a1} {<&\1>}]}
