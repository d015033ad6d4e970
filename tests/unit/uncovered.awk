# SPDX-License-Identifier: GPL-2.0
# uncovered.awk - what gcov -b left uncovered, from its annotated source
#
# Excused is one branch only: that gcc adds to a switch for a value outside of its
# enum. The compiler has seen to it that every value of the enum has its case
# (-Wall -Werror, and no default), so it can't be taken. A default that is taken needs
# no excuse; one that follows an excused switch in its function hides missing cases.

function judge()
{
	if (untaken == 1 && last_untaken && source ~ /switch \(/) {
		print "line " line ": no value leads past all cases of " source
		excused = 1
	} else if (untaken) {
		print "line " line ": " untaken " branches not taken: " source
		bad = 1
	}
	untaken = 0
	last_untaken = 0
}

/^branch / {
	last_untaken = /never executed|taken 0%/
	untaken += last_untaken
	next
}

/^(call|function|unconditional) / {
	next
}

{
	judge()
	split($0, field, ":")
	line = field[2] + 0
	source = $0
	sub(/^[^:]*:[^:]*:[ \t]*/, "", source)
	if ($0 ~ /^[^:]*:[^:]*:}/)
		excused = 0
	if (source ~ /^default:/ && excused) {
		print "line " line ": a default hides which values are handled"
		bad = 1
	}
	if (field[1] ~ /#####|=====/) {
		print "line " line ": not executed: " source
		bad = 1
	}
	lines += field[1] ~ /[0-9]/
}

END {
	judge()
	exit bad || !lines
}
