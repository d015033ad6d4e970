title TCP_DEFER_ACCEPT: the bare ACK waits, data completes
listen 5 defer=5
A syn
A > A
= req_deferred
accept none
A > PA len 5
= req_completed len 5
A < A seq 1 ack 6
accept
A read 5
+ TCPDeferAcceptDrop 1 PassiveOpens 1
drops 1
