title overflow=park: the ACK of a cookie waits for room, with its data and options
needs takeover !ipv6
sysctl net.ipv4.tcp_syncookies 2
listen 0
run echo 'set *:{L.port} overflow=park park=10' >/proc/net/listenq/endpoints
A > S mss 1460
= syn_cookie_always
A < SA ack 1
B > S mss 1460 sackok ts 100 0 wscale 7
= syn_cookie_always
B < SA ack 1 ts sackok tsecr 100
A > A
= cookie_accepted
B > A ts 101 echo
= req_parked acceptq 1
B < none 100ms
B > A ts 101 echo                       # the same cookie: a record, once
= req_parked_again acceptq 1
B > PA len 5 ts 102 echo
= req_parked_data len 5 acceptq 1
accept 1
=request promoted acked 1 wait_us>=100000
B < A seq 1 ack 6 ts
accept 1
B read 5
+ SyncookiesSent 2 TCPReqQFullDoCookies 2 SyncookiesRecv 2 PassiveOpens 2
drops 1                                 # what brought nothing new
