title TCP_SYNCNT of the listener sets the number of SYN-ACKs
listen 5 syncnt=1
A syn
A < SA seq 0 ack 1 in 1800ms
=request retransmitted
A < none 3000ms
=request expired
A > A                                   # too late
if wrap
= cookie_invalid
+ SyncookiesFailed 1
else
= stray_ack
end
A < R seq 1
+ TCPTimeouts 2 TCPSynRetrans 1 RetransSegs 1 OutRsts 1
