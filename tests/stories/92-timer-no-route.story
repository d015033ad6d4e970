title the way back is lost before the SYN-ACK timer runs out: the request ends at once
listen 5
A syn
route unreachable A
A < none 1600ms
=request expired
+ TCPTimeouts 1
