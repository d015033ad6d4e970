title RST in window, not exact: held back by tcp_challenge_ack_limit
needs challenge_ack
sysctl net.ipv4.tcp_challenge_ack_limit 1
listen 5
A syn
B syn
A > R seq 5
= req_challenge
B > R seq 5                             # within the same second
= req_challenge_quota
A < A seq 1 ack 1
B < none 50ms
+ TCPChallengeACK 1
drops 2
