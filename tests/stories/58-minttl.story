title SYN with too small a TTL: dropped before us
listen 5 minttl=64
A > S ttl 63
= none
A < none 50ms
+ TCPMinTTLDrop 1
drops 1
A syn
