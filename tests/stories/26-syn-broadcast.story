title SYN to a broadcast address
only ipv4 mapped
listen 5
A > S dst broadcast
= syn_broadcast
A < none 100ms
+ ListenDrops 1
drops 1
