title valid cookie, but SACK or window scaling were switched off
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460 sackok ts 100 0 wscale 7
= syn_cookie_always
A < SA ack 1 ts sackok
B > S mss 1460 sackok ts 100 0
= syn_cookie_always
B < SA ack 1 ts sackok
C > S mss 1460 ts 100 0 wscale 7
= syn_cookie_always
C < SA ack 1 ts
sysctl net.ipv4.tcp_timestamps 0        # then the timestamp is not even read
A > A ts 101 echo
= cookie_accepted
sysctl net.ipv4.tcp_timestamps 1
sysctl net.ipv4.tcp_sack 0
B > A ts 101 echo
= cookie_options_off
B < R seq 1
sysctl net.ipv4.tcp_sack 1
sysctl net.ipv4.tcp_window_scaling 0
C > A ts 101 echo
= cookie_options_off
C < R seq 1
+ SyncookiesSent 3 TCPReqQFullDoCookies 3 SyncookiesRecv 3 OutRsts 2 PassiveOpens 1
