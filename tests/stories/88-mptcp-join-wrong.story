title MPTCP: a subflow with a wrong HMAC, one without any
needs mptcp
listen 5 mptcp
A > S mss 1460 mpc
= syn_queued
A < SA ack 1
A > A mpc
= req_completed
flow B addr-of A
B > S mss 1460 mpj A
= syn_queued
B < SA ack 1
B > A mpj-wrong A
= req_upper_refused_reset
B < R
flow C addr-of A
C > S mss 1460 mpj A
= syn_queued
C < SA ack 1
C > A
= req_upper_refused_reset
C < R
+ PassiveOpens 3 OutRsts 2 AttemptFails 2
