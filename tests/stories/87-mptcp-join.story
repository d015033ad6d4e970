title MPTCP: a subflow joins its connection
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
B > A mpj A
= req_mptcp_joined
B < A seq 1 ack 1
+ PassiveOpens 2 MPJoinAckRx 1
