title last ACK, accept queue full: the SYN-ACK comes again 1 s later
listen 1
A syn
fill acceptq
A > A
= req_accept_full acceptq 2
A < none 100ms
A < SA seq 0 ack 1 in 1800ms
=request retransmitted acked 1
+ ListenOverflows 1 ListenDrops 1 TCPTimeouts 1 TCPSynRetrans 1 RetransSegs 1
drops 2
