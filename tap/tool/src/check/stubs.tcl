# What stands in for the run tool, Expect, and the commands that reach out of a script: each call becomes a line
# of the trace. Evaluated alike by both interpreters, which supply `record_line`, `end_script` and `tree_text`; in
# ours, `file`, `glob` and `source` are Tcl's own, in tclsh they come from outside of a safe interpreter.

foreach name {file glob source} {
	if {[info commands real_$name] eq ""} { rename $name real_$name }
}

proc record {args} { record_line [join $args " | "] }

# procedures of the run tool that are known by their names only
foreach name $tree_questions { proc $name {args} "record $name {*}\$args; return 1" }
foreach name $tree_procedures { proc $name {args} "record $name {*}\$args; return /stub/$name" }

# Expect and Tcl
foreach name {
	cd exp_continue exp_internal exp_pid interact log_file log_user match_max send send_error send_log send_user
	sleep socket strace stty system trap update vwait wait exp_send exp_close
} { proc $name {args} "record $name {*}\$args; return 1" }

proc exit {{status 0}} { record exit $status; end_script }
proc pwd {} { return /stub/build }
proc after {args} { record after {*}$args; return after#0 }

proc exec {args} {
	record exec {*}$args
	if {[lindex $args 0] eq "cat" && [llength $args] == 2} {
		if {![catch { tree_text [lindex $args 1] } text]} { return [string trimright $text \n] }
	}
	return 1
}

proc spawn {args} {
	record spawn {*}$args
	uplevel 1 { set spawn_id 7 }
	return 4711
}

# takes the body of the first pattern that is a text
proc expect {args} {
	record expect {*}$args
	if {[llength $args] == 1} {
		set args [uplevel 1 "list [string map [list \n " "] [lindex $args 0]]"]
	}
	set ::expect_out(buffer) "expected"
	while {[llength $args]} {
		set args [lassign $args pattern]
		switch -- $pattern {
			-i - -timeout { set args [lrange $args 1 end]; continue }
			-re - -gl - -ex - -nocase - -- { continue }
		}
		set args [lassign $args body]
		if {$pattern in {timeout eof default full_buffer null}} continue
		return [uplevel 1 $body]
	}
}

proc clock {args} {
	incr ::clock_now
	if {[lindex $args 0] eq "format"} { return "2026-01-02 03:04:05" }
	return [expr {1700000000 + $::clock_now}]
}
set clock_now 0

proc file {question args} {
	foreach name {copy delete mkdir rename link attributes tempfile stat lstat} {
		if {[string match $question* $name]} { record file $question {*}$args; return "" }
	}
	real_file $question {*}$args
}
proc glob {args} { lsort [real_glob {*}$args] }
proc source {args} {
	record source {*}$args
	uplevel 1 [list real_source [lindex $args end]]
}

# files: what is in the tree can be read, what is written is recorded
proc open {path {access r} {permissions 0}} {
	record open $path $access
	set channel file[incr ::stub_channels]
	if {[string match r* $access] || [lindex $access 0] eq "RDONLY"} {
		if {[string index $path 0] eq "|"} { set ::stub_text($channel) "" } else {
			if {[catch { tree_text $path } text]} {
				return -code error "couldn't open \"$path\": no such file or directory"
			}
			set ::stub_text($channel) $text
		}
	}
	return $channel
}
proc close {args} { record close {*}$args }
proc fconfigure {args} { record fconfigure {*}$args }
proc flush {args} { record flush {*}$args }
proc seek {args} { record seek {*}$args }
proc read {args} {
	set channel [lindex $args end]
	if {![info exists ::stub_text($channel)]} { return "" }
	set text $::stub_text($channel)
	set ::stub_text($channel) ""
	return $text
}
proc gets {channel args} {
	set text ""
	set line ""
	catch { set text $::stub_text($channel) }
	set length -1
	if {$text ne ""} {
		set end [string first \n $text]
		if {$end < 0} { set end [string length $text] }
		set line [string range $text 0 $end-1]
		set ::stub_text($channel) [string range $text $end+1 end]
		set length [string length $line]
	}
	if {[llength $args] == 0} { return $line }
	uplevel 1 [list set [lindex $args 0] $line]
	return $length
}
proc eof {channel} { expr {![info exists ::stub_text($channel)] || $::stub_text($channel) eq ""} }
proc puts {args} { record puts {*}$args }

# the run tool's, as far as scripts depend on what they answer
proc build_artifacts {} { return {init ld.lib.so timer vfs.lib.so libc.lib.so a_component} }
proc run_genode_until {{regex forever} {seconds 0} {id -1}} {
	record run_genode_until $regex $seconds $id
	regexp -- $regex ""
	append ::output "\[init -> test\] one 1\r\n\033\[0m\[init -> test\] two 2\r\n"
}
proc output_spawn_id {} { return 7 }
proc have_spec {spec} { expr {$spec in $::specs} }
proc have_board {board} { expr {$board eq $::board_var} }
proc board {} { return $::board_var }
proc have_include {name} { expr {$name in $::include_list} }
proc have_cmd_switch {name} { expr {$name in $::argv} }
proc get_cmd_switch {name} { have_cmd_switch $name }
foreach name {cmd_arg get_cmd_arg cmd_arg_first} {
	proc $name {name default} {
		set at [lsearch -exact $::argv $name]
		if {$at < 0} { return $default }
		lindex $::argv $at+1
	}
}
proc run_name {} { return $::run_name }
proc run_dir {} { return var/run/$::run_name }
proc genode_dir {} { return $::genode_dir }
proc cross_dev_prefix {} { return $::cross_dev_prefix }
proc depot_dir {} { return $::genode_dir/depot }
proc depot_user {} { return genodelabs }
proc installed_command {name} { record installed_command $name; return /usr/bin/$name }
proc is_qemu_available {} { expr {"power_on/qemu" in $::include_list} }
proc repository_contains {path} {
	foreach repository $::repositories {
		if {[real_file exists $repository/$path]} { return $repository }
	}
}
proc gather_from_repositories {path} {
	set found {}
	foreach repository $::repositories {
		if {[real_file exists $repository/$path]} { lappend found $repository/$path }
	}
	return $found
}
proc select_from_repositories {path} {
	set repository [repository_contains $path]
	if {$repository ne ""} { return $repository/$path }
	puts stderr "Error: $path not present in any repository"
	exit -8
}
proc assert {expression {message ""}} { record assert [uplevel 1 [list expr $expression]] $message }
proc strip_whitespace {text} { string trim $text }
proc append_if {condition name args} {
	upvar $name text
	if {$condition} { append text [join $args ""] }
}
proc lappend_if {condition name args} {
	upvar $name elements
	if {$condition} { lappend elements {*}$args }
}
proc append_qemu_nic_args {{extra ""}} { record append_qemu_nic_args $extra; append ::qemu_args " -nic $extra " }

set cross_dev_prefix /stub/bin/
set qemu_args " "
set qemu_spawn_id 7
set spawn_id 7
set timeout 10
set output ""
array unset env
set argv0 run
array set env {
	HOME /home/user PATH /usr/bin KERNEL nova BOARD pc
	GENODE_WIFI_SSID net GENODE_WIFI_PSK key GENODE_WIFI_SSID2 net2 GENODE_WIFI_PSK2 key2
}
expr {srand(1)}
