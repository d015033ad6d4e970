title data in the last ACK
listen 5
A syn
A > PA len 5
= req_completed len 5
A < A seq 1 ack 6
accept
A read 5
+ PassiveOpens 1
