# SPDX-License-Identifier: GPL-2.0
# adds_up.awk - endpoints of which not every attempt has one outcome; the number of all, and
# of their attempts, last. Where a line before says unseen=N, as many calls went unseen: each can be
# a beginning or an end that was not counted.
/^unseen=/ {
	unseen = substr($1, 8) + 0
	most = unseen > most ? unseen : most
	next
}
{
	endpoints++
	attempts = sum = 0
	delete word
	for (i = 1; i <= NF; i++) {
		split($i, pair, "=")
		word[pair[1]] = substr($i, length(pair[1]) + 2)
	}
	attempts = word["attempts"]
	n = split(word["outcomes"], outcomes, ",")
	for (i = 1; i <= n; i++) {
		split(outcomes[i], pair, ":")
		sum += pair[2]
		if (pair[2] < -unseen)
			wrong++
	}
	if (!n || attempts - sum > unseen || sum - attempts > unseen)
		wrong++
	if (wrong) {
		printf "# %d attempts, %d outcomes: %s:%s %s outcomes=%s\n", attempts, sum, word["addr"], \
			word["port"], word["state"], word["outcomes"]
		wrong = 0
	}
	total += attempts
}
END { printf "%d endpoints, %d attempts%s\n", endpoints, total, most ? ", " most " calls unseen" : "" }
