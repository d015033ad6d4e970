title SYN to a multicast address
listen 5
A > S dst multicast
= syn_broadcast
A < none 100ms
+ ListenDrops 1
drops 1
