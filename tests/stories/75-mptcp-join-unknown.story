title MPTCP join with an unknown token
needs mptcp
listen 5 mptcp
A > S mss 1460 opt 1e0c10010102030405060708
= syn_upper_refused
A < RA ack 1
+ ListenDrops 1 OutRsts 1
