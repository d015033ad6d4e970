title timestamp too old in SYN_RECV: answered, held back, RST
listen 5
A > S mss 1460 ts 1000 0
= syn_queued
A < SA ack 1 ts
A > A ts 500 echo
= req_paws
A < A seq 1 ack 1 ts
A > A ts 500 echo
= req_paws_limited
A < none 50ms
A > R ts 500 echo
= req_paws_rst
A < none 50ms
+ PAWSEstab 3 TCPACKSkippedSynRecv 1
drops 3
A > A ts 1001 echo
= req_completed
+ PassiveOpens 1
