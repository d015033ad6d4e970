title segments for a Fast Open connection before its last ACK
sysctl net.ipv4.tcp_fastopen 0x202      # no cookie needed
sysctl net.ipv4.tcp_invalid_ratelimit 0
listen 5 fastopen=5
A > S mss 1460 tfo request len 10
= syn_fastopen
A < SA ack 11
A > S mss 1460 tfo request len 10
= req_syn_again
A < SA ack 11
A > A seq 1000000
= req_out_of_window
A < A ack 11
A > F seq 11
= req_no_ack
A > PA seq 11 len 5
= req_fastopen_passed
A < A ack 16
A > PA seq 16 len 5                     # the handshake is over: no more of ours
= none
A < A ack 21
+ TCPFastOpenCookieReqd 1 TCPFastOpenPassive 1 PassiveOpens 1
+ TCPSynRetrans 1 RetransSegs 1
