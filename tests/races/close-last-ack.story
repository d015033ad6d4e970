title the listener closes while another CPU makes the connection
needs events cpus2
race req_listener_closed unless ListenDrops
listen 5
close
listen 5 as=M port-of=L                 # a port that is not free before the close is over
flow A to M
A syn
delay child,close 17000
A > A cpu 1
sleep 3ms
delay child,close 20000                 # longer than what the other CPU has left to do
close M
=listener close killed_requests 1 killed_children 0
join
= req_listener_closed
A < RA seq 1 ack 1
+ PassiveOpens 1 OutRsts 1
