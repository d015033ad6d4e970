title overflow=park: a handshake that waits for room expires as others do
needs takeover !ipv6
sysctl net.ipv4.tcp_synack_retries 1
listen 1
run echo 'set *:{L.port} overflow=park' >/proc/net/listenq/endpoints
A syn
fill acceptq
A > A
= req_parked
A < SA seq 0 ack 1 in 1800ms
=request retransmitted acked 1
A > A                                   # as a client answers it
= req_parked_again
A < none 3000ms
=request expired acked 1
accept 2
accept none
+ TCPTimeouts 2 TCPSynRetrans 1 RetransSegs 1
drops 1
