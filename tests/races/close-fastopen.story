title the listener closes while another CPU makes a Fast Open connection
needs events cpus2
race syn_fastopen_closed
sysctl net.ipv4.tcp_fastopen 0x202      # no cookie needed
listen 5
close
listen 5 as=M port-of=L fastopen=5
flow A to M
delay child,close 17000
A > S mss 1460 tfo request len 10 cpu 1
sleep 3ms
delay child,close 20000                 # longer than what the other CPU has left to do
close M
=listener close killed_requests 0 killed_children 0
join
= syn_fastopen_closed
A < SA ack 11
A < RA seq 1 ack 11
+ TCPFastOpenCookieReqd 1 TCPFastOpenPassive 1 PassiveOpens 1 ListenDrops 1 OutRsts 1
