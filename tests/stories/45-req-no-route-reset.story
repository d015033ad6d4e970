title last ACK, no route back, tcp_abort_on_overflow
sysctl net.ipv4.tcp_abort_on_overflow 1
listen 5
A syn
route unreachable A
A > A
= req_no_route_reset
A < none 100ms
+ ListenDrops 1 EmbryonicRsts 1
if !ipv6
+ PassiveOpens 1 AttemptFails 1 OutRsts 1       # IPv4 counts a RST it can't send
end
drops 2
