title segments without ACK for a request
listen 5
A syn
A > F
= req_no_ack
A > P len 3
= req_no_ack
A > 0
= req_no_ack
A < none 50ms
drops 3
A > A
= req_completed
+ PassiveOpens 1
