title overflow=park: a last ACK waits for room, with its data
needs takeover !ipv6
listen 1
run echo 'set *:{L.port} overflow=park' >/proc/net/listenq/endpoints
A syn
fill acceptq
A > A
= req_parked acceptq 2
A < none 100ms
A > PA len 5
= req_parked_data len 5
A > PA len 5                            # not acknowledged yet: it comes again
= req_parked_again
A > A seq 6
= req_parked_again
accept 1
=request promoted acked 1 wait_us>=100000
A < A seq 1 ack 6
accept 2
A read 5
+ PassiveOpens 1
drops 2                                 # what brought nothing new
