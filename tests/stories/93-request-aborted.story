title an administrator ends the request (ss -K)
needs !failslab                         # there ss takes longer than the SYN-ACK timer
run ss -K state syn-recv dport = :1 >/dev/null         # its module is loaded now
listen 5
A syn
run ss -K state syn-recv dport = :{A.port} >/dev/null
=request aborted
sleep 50ms
A > A
= stray_ack
A < R seq 1
+ OutRsts 1
