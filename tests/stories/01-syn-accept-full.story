title SYN, accept queue full
listen 1
fill acceptq
A > S mss 1460
= syn_accept_full acceptq 2
A < none 100ms
+ ListenOverflows 1 ListenDrops 1
drops 1
