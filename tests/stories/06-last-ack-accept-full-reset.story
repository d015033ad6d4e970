title last ACK, accept queue full, tcp_abort_on_overflow
sysctl net.ipv4.tcp_abort_on_overflow 1
listen 1
A syn
fill acceptq
A > A
= req_accept_full_reset
A < R seq 1
+ ListenOverflows 1 ListenDrops 1 EmbryonicRsts 1 OutRsts 1
drops 2
