title retransmitted SYN in SYN_RECV
listen 5
A syn
A > S mss 1460
= req_syn_again
A < SA seq 0 ack 1
+ TCPSynRetrans 1 RetransSegs 1
drops 1
