title SYN+ACK to a listener
listen 5
A > SA ack 5
= synack_to_listener
A < R seq 5
+ OutRsts 1
