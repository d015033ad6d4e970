title SYN repeated twice: the second is held back by tcp_invalid_ratelimit
listen 5
A syn
A > S mss 1460
= req_syn_again
A < SA seq 0 ack 1
A > S mss 1460
= req_syn_again_limited
A < none 100ms
+ TCPSynRetrans 1 RetransSegs 1 TCPACKSkippedSynRecv 1
drops 2
