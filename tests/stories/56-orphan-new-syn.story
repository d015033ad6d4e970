title listener closed and reopened: the SYN comes again, the new one queues it
listen 5
A syn
close
listen 5 as=L2 port-of=L
A > S mss 1460
= syn_queued via orphaned listener L2
A < SA ack 1
A > A
= req_completed listener L2
+ PassiveOpens 1
