title TCP_DEFER_ACCEPT: after its time a bare ACK completes
listen 5 defer=1
A syn
A > A
= req_deferred
A < SA seq 0 ack 1 in 1800ms
=request retransmitted acked 1
A > A
= req_completed retrans 1
+ TCPDeferAcceptDrop 1 TCPTimeouts 1 TCPSynRetrans 1 RetransSegs 1 PassiveOpens 1
drops 1
