title SYN repeated with data, with FIN: still the same SYN
sysctl net.ipv4.tcp_invalid_ratelimit 0
listen 5
A syn
A > S len 10
= req_syn_again len 10
A < SA seq 0 ack 1
A > SF
= req_syn_again
A < SA seq 0 ack 1
A > SPU
= req_syn_again
A < SA seq 0 ack 1
+ TCPSynRetrans 3 RetransSegs 3
drops 3
