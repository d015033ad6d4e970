title listen() again: a larger, then a smaller backlog
listen 1
fill acceptq
A > S
= syn_accept_full acceptq 2 acceptq_limit 1
backlog 2
A > S
= syn_queued acceptq_limit 2
A < SA ack 1
A > A
= req_completed
backlog 1
B > S
= syn_accept_full acceptq 3 acceptq_limit 1
B < none 50ms
+ ListenOverflows 2 ListenDrops 2 PassiveOpens 1
drops 2
