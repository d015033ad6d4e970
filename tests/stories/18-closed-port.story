title SYN to a closed port: not ours
listen 5
A > S to closed
= none
A < RA ack 1
+ OutRsts 1
