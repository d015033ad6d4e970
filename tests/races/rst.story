title an RST is at the request when another CPU completes the handshake
needs events cpus2
race req_reset_lost_race
listen 5
A syn
delay kill 20000
A > R cpu 1
sleep 1ms
A > A
=either req_completed
join
= req_reset_lost_race
A < none 50ms
+ PassiveOpens 1 AttemptFails 1 EstabResets 1
