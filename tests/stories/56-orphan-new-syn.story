title listener closed and reopened: the SYN comes again, the new one queues it
listen 5
A syn
close
listen 5 as=L2 port-of=L
if takeover                             # the request is still there
A > S mss 1460
= req_syn_again listener L2
A < SA seq 0 ack 1
+ TCPSynRetrans 1 RetransSegs 1
drops 1 L2
else
A > S mss 1460
= syn_queued via orphaned listener L2
A < SA ack 1
end
A > A
= req_completed listener L2
+ PassiveOpens 1
