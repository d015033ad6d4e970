title valid cookie of a listener that has closed, but the client has a request at the next one
needs takeover !ipv6
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
sysctl net.ipv4.tcp_syncookies 1
close
listen 5 as=L2 port-of=L
A > S mss 1460
= syn_queued listener L2
A < SA ack 1
A > A ack prev 1
= cookie_accepted via check_req listener L2
A < none 50ms
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 PassiveOpens 1
