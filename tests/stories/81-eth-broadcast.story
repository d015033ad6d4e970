title SYN in a broadcast frame: not for TCP, not ours
listen 5
A > S eth broadcast
= none
A < none 100ms
