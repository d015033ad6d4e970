title last ACK with FIN
listen 5
A syn
A > FA
= req_completed
A < A seq 1 ack 2
accept
A read 0
+ PassiveOpens 1
