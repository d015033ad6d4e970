title a group grows while its member has a client: the SYN again, an ACK out of window, the last one
listen 5 reuseport chosen-by=port ttl=33 mss=700
A > S mss 1460
= syn_queued listener L
A < SA ack 1
listen 5 reuseport as=L2 port-of=L ttl=44 mss=900
A > S mss 1460
= req_syn_again listener L
A < SA ack 1
A > A seq 100000
= req_out_of_window_limited listener L
A < none 50ms
A > A
= req_completed listener L
accept
accept none on=L2
+ PassiveOpens 1 TCPSynRetrans 1 RetransSegs 1 TCPACKSkippedSynRecv 1
drops 2
