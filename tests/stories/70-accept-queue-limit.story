title accept queue at its limit: one accepted, one may come
listen 1
A handshake
B handshake
C > S
= syn_accept_full acceptq 2 acceptq_limit 1
accept
C > S
= syn_queued acceptq 1
C < SA
C > A
= req_completed
D > S
= syn_accept_full
D < none 50ms
accept 2
+ ListenOverflows 2 ListenDrops 2 PassiveOpens 1
drops 2
