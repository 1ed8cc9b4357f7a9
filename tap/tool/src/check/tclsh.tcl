# Evaluates scripts in safe interpreters of tclsh, one for each script and platform, and prints their traces. What is
# to be evaluated was set in front of this text: tree, stubs, scripts, platforms, most_lines, most_steps.

fconfigure stdout -encoding utf-8 -translation lf

proc say {mark text} { ::puts stdout $mark[string map [list \\ \\\\ \n \\n] $text] }

proc in_tree {path} {
	set place [file normalize $path]
	if {[string first "[file normalize $::tree]/" $place] != 0 || ![file isfile $place]} {
		return -code error "no file of the tree: $path"
	}
	return $place
}

proc on_record {child text} {
	if {[incr ::lines] > $::most_lines} { set ::ended cut; interp cancel -unwind $child; return }
	say | $text
}

proc on_end {child} { set ::ended exit; interp cancel -unwind $child }

proc on_tree_text {path} {
	set channel [open [in_tree $path] r]
	fconfigure $channel -encoding utf-8
	set text [read $channel]
	close $channel
	return $text
}

proc on_file {question args} {
	if {$question ni {
		dirname executable exist exists extension isdirectory isfile join nativename normalize owned pathtype readable
		rootname separator size split tail type writable
	}} { error "file $question is not answered here" }
	::file $question {*}$args
}

proc on_source {child path} {
	if {[catch { in_tree $path } place]} {
		error "couldn't read file \"$path\": no such file or directory"
	}
	interp invokehidden $child source -encoding utf-8 $path
}

proc evaluate {script platform} {
	set child [interp create -safe]
	interp alias $child record_line {} on_record $child
	interp alias $child end_script {} on_end $child
	interp alias $child tree_text {} on_tree_text
	interp alias $child real_file {} on_file
	interp alias $child real_glob {} glob
	interp alias $child real_source {} on_source $child
	set ::lines 0
	set ::ended ""
	$child eval $platform
	$child eval $::stubs
	interp limit $child commands -value [expr {[$child eval {info cmdcount}] + $::most_steps}]
	set code [catch { $child eval [list real_source $script] } message]
	if {$::ended ne ""} {
		say . $::ended
	} elseif {$code == 1 && $message eq "command count limit exceeded"} {
		say . steps
	} elseif {$code == 1} {
		say . "error $message"
	} else {
		say . end
	}
	interp delete $child
}

foreach script $scripts {
	foreach {name platform} $platforms {
		say = "$name $script"
		evaluate $script $platform
		flush stdout
	}
}
