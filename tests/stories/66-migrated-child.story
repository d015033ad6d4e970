title tcp_migrate_req: a connection in the accept queue changes the listener
needs migrate
sysctl net.ipv4.tcp_migrate_req 1
listen 5 reuseport
A handshake
listen 5 reuseport as=L2 port-of=L
close
=listener close killed_children 1     # what is in the queue before it moves
A =request migrated listener L,L2
accept on=L2
+ TCPMigrateReqSuccess 1
