title tcp_migrate_req: the SYN-ACK timer moves the request
needs migrate
sysctl net.ipv4.tcp_migrate_req 1
listen 5 reuseport
A syn
listen 5 reuseport as=L2 port-of=L
close
A < SA seq 0 ack 1 in 1800ms
=request retransmitted listener L2
if !takeover
=request migrated listener L,L2
+ TCPMigrateReqSuccess 1
end
A > A
= req_completed listener L2 retrans 1
accept on=L2
+ PassiveOpens 1 TCPTimeouts 1 TCPSynRetrans 1 RetransSegs 1
