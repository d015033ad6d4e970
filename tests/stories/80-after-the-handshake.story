title segments of a connection are not ours any more
listen 5
A handshake
A > A
= none
A > PA len 10
= none
A < A ack 11
accept
A read 10
A write 5
A < PA seq 1 ack 11 len 5
A > RA seq 11 ack 6
= none
+ EstabResets 1
