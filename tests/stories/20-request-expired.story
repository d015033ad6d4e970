title SYN-ACK retries used up
sysctl net.ipv4.tcp_synack_retries 1
listen 5
A syn
A < SA seq 0 ack 1 in 1800ms
=request retransmitted acked 0
A < none 3000ms                         # 2 s, rounded up by the timer wheel
=request expired acked 0
+ TCPTimeouts 2 TCPSynRetrans 1 RetransSegs 1
