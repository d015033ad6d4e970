title two CPUs, the same SYN: the first queues the request
needs events syn_race
race syn_lost_race
listen 5
delay request 20000
A > S mss 1460 cpu 1
A > S mss 1460
join
=any syn_queued syn_lost_race
A < SA ack 1
A < none 50ms
A > A
= req_completed synq 1
+ PassiveOpens 1
