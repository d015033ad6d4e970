title timestamp echo that was never sent: answered, held back, RST
needs tsecr
listen 5
A > S mss 1460 ts 1000 0
= syn_queued
A < SA ack 1 ts
A > A ts 1001 echo+1000000
= req_tsecr
A < A seq 1 ack 1 ts
A > A ts 1001 echo-1000000
= req_tsecr_limited
A < none 50ms
A > R ts 1001 echo+1000000
= req_tsecr_rst
A < none 50ms
+ TSEcrRejected 3 TCPACKSkippedSynRecv 1
drops 3
