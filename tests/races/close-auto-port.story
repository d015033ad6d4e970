title the listener closes, and its automatic port goes, before the connection inherits it
needs events cpus2
race req_listener_closed unless OutRsts
listen 5
A syn
delay child,close 17000
A > A cpu 1
sleep 3ms
delay child,close 20000                 # longer than what the other CPU has left to do
close
=listener close killed_requests 1 killed_children 0
join
= req_listener_closed
A < none 50ms
+ PassiveOpens 1 ListenDrops 1 AttemptFails 1
