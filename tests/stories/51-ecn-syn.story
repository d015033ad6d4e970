title ECN in the SYN
sysctl net.ipv4.tcp_ecn 2
listen 5
A > SEW mss 1460
= syn_queued
A < SAE ack 1
B > SEW mss 1460 tos 2                  # an ECT mark on a SYN speaks against ECN
= syn_queued
B < SA ack 1
A > A
= req_completed
B > A
= req_completed
+ PassiveOpens 2
