title last ACK, no route back
listen 5
A syn
route unreachable A
A > A
= req_no_route
A < none 100ms
+ ListenDrops 1
if !ipv6
+ PassiveOpens 1 AttemptFails 1         # IPv4 makes the child first
end
drops 2
