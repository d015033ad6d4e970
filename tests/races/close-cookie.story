title the listener closes while another CPU makes a connection of a valid cookie
needs events cpus2
race cookie_listener_closed unless ListenDrops
sysctl net.ipv4.tcp_syncookies 2
listen 5
close
listen 5 as=M port-of=L
flow A to M
A > S mss 1460
= syn_cookie_always
A < SA ack 1
delay child,close 17000
A > A cpu 1
sleep 3ms
delay child,close 20000                 # longer than what the other CPU has left to do
close M
=listener close killed_requests 0 killed_children 0
join
= cookie_listener_closed
if ipv6
A < RA seq 1 ack 1
else                                    # the kernel sends it to 0.0.0.0
A < none 50ms
end
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 PassiveOpens 1 OutRsts 1
