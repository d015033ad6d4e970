title socket filter on the listener: dropped before us
listen 5 filter=P
A > SP
= none
A syn
A > PA len 5
= none
A < none 50ms
drops 2
A > A len 5
= req_completed len 5
A < A ack 6
+ PassiveOpens 1
