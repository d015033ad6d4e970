title cookie with timestamps, SACK, window scale, ECN; its ACK with FIN
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > SEW mss 1460 sackok ts 100 0 wscale 7
= syn_cookie_always
A < SAE ack 1 ts sackok tsecr 100
A > A ts 101 echo
= cookie_accepted
B > S mss 1460
= syn_cookie_always
B < SA ack 1
B > FA
= cookie_accepted
B < A ack 2
accept 2
B read 0
+ SyncookiesSent 2 TCPReqQFullDoCookies 2 SyncookiesRecv 2 PassiveOpens 2
