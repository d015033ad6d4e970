title tcp_migrate_req: the ACK completes at another listener of the group
needs migrate
sysctl net.ipv4.tcp_migrate_req 1
listen 5 reuseport
A syn
listen 5 reuseport as=L2 port-of=L
close
A > A
if takeover                             # the queue is the group's: nothing moves
= req_completed listener L2
accept on=L2
+ PassiveOpens 1
else
= req_migrated listener L2
accept on=L2
+ PassiveOpens 1 TCPMigrateReqSuccess 1
end
