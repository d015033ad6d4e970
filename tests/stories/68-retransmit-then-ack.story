title SYN-ACK sent again by its timer, then the ACK
listen 5
A syn
A < SA seq 0 ack 1 in 1800ms
=request retransmitted retrans 1
A > A
= req_completed retrans 1 age_us>=900000
+ TCPTimeouts 1 TCPSynRetrans 1 RetransSegs 1 PassiveOpens 1
