title of a group the last ACK comes to another member: who took the SYN accepts
listen 5 reuseport chosen-by=syn
listen 5 reuseport as=L2 port-of=L
A > S mss 1460
= syn_queued listener L
A < SA ack 1
A > A
= req_completed listener L
accept
accept none on=L2
+ PassiveOpens 1
