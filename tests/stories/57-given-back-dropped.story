title wrong ack, given back, then dropped by IP_MINTTL
listen 5 minttl=64
A syn
A > A ack 1000 ttl 10
= given_back_dropped
A < none 50ms
+ TCPMinTTLDrop 1
drops 1
A > A ttl 10                            # the right ack is not given back
= req_completed
+ PassiveOpens 1
