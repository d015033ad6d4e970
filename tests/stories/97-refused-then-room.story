title two CPUs: accept() makes room while a last ACK is refused
needs events cpus2 takeover !ipv6
race req_accept_full
listen 1
A syn
fill acceptq
delay refused 20000
A > A cpu 1
sleep 4ms                               # the ACK is first
accept 1
join
= req_accept_full acceptq 2
told
A > A                                   # now there is room
= req_completed
+ ListenOverflows 1 ListenDrops 1 PassiveOpens 1
drops 2
