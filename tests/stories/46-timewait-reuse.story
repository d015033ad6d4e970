title new SYN in place of a TIME_WAIT
listen 5
A handshake
accept
A shut
A < FA seq 1 ack 1
A > FA ack 2
A < A seq 2 ack 2
A > S seq 100000 mss 1460
if tw_isn
= syn_queued_timewait
A < SA seq 65539 ack 100001       # the ISN comes from the TIME_WAIT
else
= syn_queued
A < SA ack 100001
end
A > A seq 100001
= req_completed
+ PassiveOpens 1
