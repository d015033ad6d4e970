title SYN-ACK dropped by netfilter: queued all the same, sent on the third try
needs nft
sysctl net.ipv4.tcp_invalid_ratelimit 0
# The rule drops two packets and no more.
listen 5
undo nft delete table inet lq 2>/dev/null || true
run nft 'add table inet lq; add chain inet lq out { type filter hook output priority 0; }; add rule inet lq out tcp sport {L.port} limit rate 1/day burst 2 packets drop'
A > S mss 1460
= syn_queued_unsent
A > S mss 1460
= req_syn_again_unsent
A > S mss 1460
= req_syn_again
A < SA ack 1
A > A
= req_completed
+ TCPSynRetrans 1 RetransSegs 1 PassiveOpens 1
drops 2
