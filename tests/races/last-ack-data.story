title last ACK and data on two CPUs: both are the connection's
needs events cpus2 takeover
race req_lost_race len 100
listen 5
A syn
delay child 20000
A > A cpu 1
sleep 3ms                               # the ACK is first
A > A len 100
join
=any req_completed req_lost_race len 0,100
A < A ack 101
told
accept
+ PassiveOpens 1
